/** `pulumi-baremetal doctor` against a cloud: what it says to whom, its exit codes, and that it only reads. */
import "../cloud/own-sandbox.ts";
import { execFile } from "node:child_process";
import t from "tap";
import { look } from "../../provider/cli/doctor/look.ts";
import { findingsOf, verdictsOf } from "../../provider/cli/doctor/report.ts";
import { resolveCloudConfig, Session } from "../../provider/openstack/index.ts";
import { tenantEnv } from "../cloud/client.ts";
import { resetQuota, setQuota } from "../cloud/faults.ts";
import { cloudOrSkip } from "./context.ts";

const found = await cloudOrSkip("alpha", ["ironic", "neutron", "glance", "nova", "cinder"]);
const skip = typeof found === "string" ? found : false;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a user does. */
function doctor(env: Record<string, string>, ...args: string[]): Promise<Outcome> {
  const { PATH = "" } = process.env;
  const command = ["provider/cli/main.ts", "doctor", ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { env: { PATH, HOME: "/nonexistent", ...env } }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

t.test("a member of a project that owns nodes", { skip }, async (t) => {
  const { code, stdout, stderr } = await doctor(tenantEnv("alpha"));
  t.equal(code, 0, stdout);
  for (const line of [
    /^ {2}ok {2}user alpha by password at http:/m,
    /^ {2}ok {2}project alpha \([0-9a-f]{32}\)$/m,
    /^ {2}ok {2}roles .*member/m,
    /^ {2}ok {2}region RegionOne$/m,
    /^ {2}ok {2}Ironic \(baremetal\) at .*, 1\.1 to 1\.\d+$/m,
    /^ {2}ok {2}\d+ features: reading nodes/m,
    /^ {2}ok {2}Nova: servers \d+ of /m,
    /^ {2}ok {2}Neutron: networks \d+ of .*ports \d+ of /m,
    /^ {2}ok {2}Cinder: volumes \d+ of /m,
    /flavor baremetal \(16 CPUs, 64 GiB memory/,
    /metal \(32 CPUs, 128 GiB memory.*CUSTOM_NVME/,
    /3 nodes provisioned on networks of this project/,
    /\d+ images: .*tiny/,
    /external: public/,
    /2 types: .*; default iscsi/,
    /3 of 3 nodes attach volumes by Ironic, 3 have a connector/,
    /A machine can be made\n {2}ok {2}by nova/,
  ])
    t.match(stdout, line);
  t.notMatch(stdout + stderr, /secret/, "the password is not in it");
});

t.test("a lessee, a reader, somebody else", { skip }, async (t) => {
  const beta = await doctor(tenantEnv("beta"), "--json");
  t.equal(beta.code, 0);
  const told = JSON.parse(beta.stdout) as { ways: object; findings: { state: string; text: string; code?: string }[] };
  t.match(told.ways, { nova: true });
  t.ok(
    told.findings.some(({ state, text }) => state === "unknown" && /leased nodes are provisioned/.test(text)),
    "what a lessee cannot see is said",
  );
  const reader = await doctor(tenantEnv("alpha", "alpha-reader"));
  t.equal(reader.code, 1, "who may only read makes nothing");
  t.match(reader.stdout, /roles reader: .*\[not-allowed\]\n.*role member/);
  t.match(reader.stdout, /NO {2}by nova: not-allowed\n {2}NO {2}by ironic: not-allowed/);
  const admin = await doctor(tenantEnv("admin"));
  t.equal(admin.code, 0);
  t.match(admin.stdout, /neither owns nor leases a node \[nothing-fits\][\s\S]*NO {2}by ironic: nothing-fits/);
});

t.test("credentials and addresses that are wrong", { skip }, async (t) => {
  const wrong = await doctor({ ...tenantEnv("alpha"), OS_PASSWORD: "not-the-password" });
  t.equal(wrong.code, 1);
  t.match(wrong.stdout, /\[credentials-refused\]\n {8}your move: /);
  t.notMatch(wrong.stdout + wrong.stderr, /not-the-password/);
  const region = await doctor({ ...tenantEnv("alpha"), OS_REGION_NAME: "Nowhere" });
  t.equal(region.code, 1);
  t.match(region.stdout, /no region Nowhere; it has RegionOne \[service-missing\]/);
  const nobody = await doctor({ ...tenantEnv("alpha"), OS_AUTH_URL: "http://127.0.0.1:9" });
  t.equal(nobody.code, 1);
  t.match(nobody.stdout, /\[service-unreachable\]/);
  const none = await doctor({});
  t.equal(none.code, 1);
  t.match(none.stdout, /environment \(OS_\*\): has nothing[\s\S]*clouds\.yaml: not found[\s\S]*\[no-credentials\]/);
  t.equal((await doctor({}, "everything")).code, 2, "usage");
  t.equal((await doctor({}, "--colour")).code, 2);
});

t.test(
  "a service that does not answer shuts only what needs it, and is told soon",
  { skip, timeout: 60_000 },
  async (t) => {
    const { code, stdout } = await doctor({
      ...tenantEnv("alpha"),
      OS_COMPUTE_ENDPOINT_OVERRIDE: "http://127.0.0.1:9/v2.1",
    });
    t.match(stdout, /NO {2}no answer from Nova \(compute\)[\s\S]*\[service-unreachable\]/);
    t.match(stdout, /NO {2}by nova: service-unreachable/);
    t.equal(code, /ok {2}by ironic/.test(stdout) ? 0 : 1, "the other way counts, while a node is free");
  },
);

t.test("quotas that are used up", { skip }, async (t) => {
  await setQuota("neutron", "beta", { port: 0 });
  await setQuota("cinder", "beta", { volumes: 0 });
  try {
    const { code, stdout } = await doctor(tenantEnv("beta"));
    t.equal(code, 1, "no machine without a port");
    t.match(stdout, /NO {2}Neutron: no ports left, 0 of 0 are used \[quota\]\n {8}your move: free something/);
    t.match(stdout, /NO {2}Cinder: no volumes left, 0 of 0 are used \[quota\]/);
    t.match(stdout, /NO {2}by nova: quota\n {2}NO {2}by ironic: quota/);
  } finally {
    await resetQuota("neutron", "beta");
    await resetQuota("cinder", "beta");
  }
});

t.test("it only reads", { skip }, async (t) => {
  const lines: string[] = [];
  const session = new Session(resolveCloudConfig({ env: tenantEnv("alpha") }), { log: (line) => lines.push(line) });
  t.teardown(() => session.close());
  const facts = await look(session);
  t.ok(verdictsOf(findingsOf(facts)).some(({ open }) => open));
  t.ok(lines.length > 10);
  t.same(
    lines.filter((line) => !/^GET |^POST \S+\/v3\/auth\/tokens /.test(line)),
    [],
    "nothing but GET and the login",
  );
  t.notMatch(JSON.stringify(facts), /driver_info|"bmc"/, "nothing of a node's BMC is kept");
});
