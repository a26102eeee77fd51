import t from "tap";
import { parse } from "yaml";
import { Crypter } from "../../../provider/engine/secrets.ts";
import { safeEnvironment } from "../../../provider/rehearsal/environment.ts";
import { readSettings } from "../../../provider/rehearsal/settings.ts";

const PROJECT = "name: app\nruntime: nodejs\nconfig:\n  size:\n    default: 3\n  openstack:cloud: production\n";

t.test("no setting of a cloud is taken over", async (t) => {
  const folder = t.testdir({
    "Pulumi.yaml": PROJECT,
    "Pulumi.dev.yaml":
      "environment: [prod]\nconfig:\n  openstack:authUrl: https://real\n  openstack:password:\n    secure: v1:x:y\n  app:name: web\n  baremetal:logRequests: 'true'\n",
  });
  const settings = readSettings({ folder, stack: "dev", given: { image: "x", list: [1] }, env: {} });
  t.same(parse(settings.text), { config: { "app:name": "web", "baremetal:logRequests": "true" } });
  t.same(settings.leftOut, ["openstack:authUrl", "openstack:password", "openstack:cloud"]);
  t.same(settings.config, {
    "openstack:authUrl": "",
    "openstack:password": "",
    "openstack:cloud": "",
    "app:image": "x",
    "app:list": "[1]",
  });
  t.throws(() => readSettings({ folder, stack: "dev", given: { "openstack:cloud": "x" }, env: {} }), /openstack:cloud/);
});

t.test("a stack without a file has the project's defaults", async (t) => {
  const folder = t.testdir({ "Pulumi.yaml": "name: app\nruntime: nodejs\n" });
  t.match(readSettings({ folder, stack: "x", given: {}, env: {} }), { project: "app", file: undefined, config: {} });
});

t.test("encrypted values are decrypted, given, or asked for by name", async (t) => {
  const crypter = Crypter.create("right");
  const secure = crypter.encrypt("deep");
  const folder = t.testdir({
    "Pulumi.yaml": "name: app\nruntime: nodejs\n",
    "Pulumi.dev.yaml": JSON.stringify({
      encryptionsalt: crypter.state,
      config: { "app:key": { secure }, "app:all": { list: [{ secure }] } },
    }),
    "Pulumi.kms.yaml": JSON.stringify({ secretsprovider: "awskms://x", config: { "app:key": { secure } } }),
  });
  const read = (stack: string, given: Record<string, unknown>, env: NodeJS.ProcessEnv) =>
    readSettings({ folder, stack, given, env }).config;
  t.same(read("dev", {}, { PULUMI_CONFIG_PASSPHRASE: "right" }), {
    "app:key": { value: "deep", secret: true },
    "app:all": { value: '{"list":["deep"]}', secret: true },
  });
  t.same(read("kms", { key: "stand-in" }, {}), { "app:key": { value: "stand-in", secret: true } }, "still a secret");
  t.throws(
    () => read("dev", { key: "x" }, {}),
    /PULUMI_CONFIG_PASSPHRASE is not set\): all\.\n[\s\S]*\n {4}all: something/,
  );
  t.throws(() => read("dev", {}, { PULUMI_CONFIG_PASSPHRASE: "other" }), /is another one\): key, all\./);
  t.throws(() => read("kms", {}, { PULUMI_CONFIG_PASSPHRASE: "right" }), /their key is elsewhere/);
});

t.test("the program's environment knows the sandbox only", async (t) => {
  const env = safeEnvironment(
    {
      PATH: "/bin",
      OS_CLOUD: "production",
      OS_AUTH_URL: "https://real",
      os_password: "p",
      OS_CLIENT_CONFIG_FILE: "/home/me/clouds.yaml",
      PULUMI_BACKEND_URL: "s3://state",
      PULUMI_CONFIG_PASSPHRASE: "p",
      PULUMI_ACCESS_TOKEN: "t",
    },
    { OS_AUTH_URL: "http://127.0.0.1:1/identity/v3" },
    "/tmp/r",
  );
  t.same(env, {
    PATH: "/bin",
    OS_AUTH_URL: "http://127.0.0.1:1/identity/v3",
    OS_CLIENT_CONFIG_FILE: "/tmp/r/clouds.yaml",
    OS_CLIENT_SECURE_FILE: "/tmp/r/secure.yaml",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  });
});
