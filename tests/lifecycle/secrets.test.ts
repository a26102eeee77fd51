/** Must show 5: user data, credentials and tokens of a run are in no state, log, error or process list. */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import t from "tap";
import { cloudIsUp, login, resetTenant, tenantEnv } from "../cloud/admin.ts";
import { deployers, Project } from "./deployer.ts";

const PROGRAM = `
const baremetal = require("pulumi-baremetal");
const pulumi = require("@pulumi/pulumi");
const params = require("./params.json");
const network = new baremetal.IsolatedNetwork("net", { cidr: "10.63.0.0/24" });
new baremetal.Server("machine", {
    image: "tiny", networks: [{ network: network.id }], userData: new pulumi.Config().require("userData"), ...params,
});
`;

/** Everything that any process on this machine shows in the process list, while `work` runs. */
async function processListDuring<T>(work: Promise<T>): Promise<{ result: T; shown: string }> {
  const lines = new Set<string>();
  const look = () => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      try {
        lines.add(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
      } catch {
        // it has ended meanwhile
      }
  };
  const timer = setInterval(look, 50);
  const result = await work.finally(() => clearInterval(timer));
  return { result, shown: [...lines].join("\n") };
}

const skip = !(await cloudIsUp()) && "the test cloud is not up (npm run cloud:up)";
for (const deployer of deployers())
  t.test(`secrets of a run, run by ${deployer.name}`, { timeout: 300_000, skip }, async (t) => {
    await resetTenant("alpha");
    const tenant = await login("alpha");
    const name = `secrets-${randomBytes(4).toString("hex")}`;
    const path = `/users/${tenant.userId}/application_credentials`;
    const credential = (await tenant.call("keystone", "POST", path, { application_credential: { name } }))[
      "application_credential"
    ] as { id: string; secret: string };
    t.teardown(() => tenant.raw("keystone", "DELETE", `${path}/${credential.id}`));

    const userData = `#!/bin/sh\necho ${randomBytes(12).toString("hex")}\n`;
    const { OS_AUTH_URL, OS_REGION_NAME } = tenantEnv("alpha") as { OS_AUTH_URL: string; OS_REGION_NAME: string };
    const project = new Project(t, deployer, {
      name: "secrets",
      program: PROGRAM,
      env: {
        OS_AUTH_URL,
        OS_REGION_NAME,
        OS_AUTH_TYPE: "v3applicationcredential",
        OS_APPLICATION_CREDENTIAL_ID: credential.id,
        OS_APPLICATION_CREDENTIAL_SECRET: credential.secret,
      },
    });
    project.edit({ kind: "virtual", hardware: { flavor: "vm.tiny" } });
    await project.run(["config", "set", "baremetal:logRequests", "true"]);
    await project.run(["config", "set", "--secret", "userData", userData]);

    const good = await processListDuring(project.up());
    t.equal(good.result.exitCode, 0, good.result.text);
    t.match(good.result.text, /POST .*servers/, "requests are logged, so that there is something to search");
    const state = project.stateText();
    const refreshed = await project.refresh();
    const stateRefreshed = project.stateText();

    project.edit({ kind: "virtual", hardware: { flavor: "no-such-flavor" }, name: "x".repeat(200) });
    const bad = await project.up();
    t.equal(bad.exitCode, 1, "an error, to search in");
    // In front: Keystone compares the first 72 characters only.
    project.env["OS_APPLICATION_CREDENTIAL_SECRET"] = `wrong-${credential.secret}`;
    const refused = await project.refresh();
    t.equal(refused.exitCode, 1, "a refused login, to search in");
    t.match(refused.text, /credentials-refused/);
    project.env["OS_APPLICATION_CREDENTIAL_SECRET"] = credential.secret;
    const gone = await project.destroy();
    t.equal(gone.exitCode, 0, gone.text);

    const places = {
      "the state": state,
      "the refreshed state": stateRefreshed,
      "what up printed": good.result.text,
      "what refresh printed": refreshed.text,
      "the error of a failed up": bad.text,
      "the error of a refused login": refused.text,
      "what destroy printed": gone.text,
      "the process list": good.shown,
    };
    const data = userData.slice("#!/bin/sh\necho ".length, -1);
    const secrets = {
      "the user data": new RegExp(`${data}|${Buffer.from(userData).toString("base64").slice(0, 40)}`),
      "the credential's secret": new RegExp(credential.secret.replace(/[^\w]/g, "\\$&")),
      "a token": /gAAAA[\w-]{20,}/,
    };
    t.equal(data.length, 24);
    for (const [where, text] of Object.entries(places))
      for (const [what, pattern] of Object.entries(secrets)) t.notMatch(text, pattern, `${where} holds ${what}`);
  });
