/** Must show 4: the same program under the same stack name by two tenants, a configuration that points elsewhere, a reader. */
import t, { type Test } from "tap";
import {
  cloudIsUp,
  describeLeftovers,
  leftovers,
  RELEASE,
  resetTenant,
  type Tenant,
  tenantEnv,
} from "../cloud/admin.ts";
import { type Deployer, deployers, Project } from "./deployer.ts";

const PROGRAM = `
const baremetal = require("pulumi-baremetal");
const params = require("./params.json");
const network = new baremetal.IsolatedNetwork("net", { cidr: "10.62.0.0/24" });
const data = new baremetal.Volume("data", { sizeGiB: 1 });
const machine = new baremetal.Server("machine", { image: "tiny", networks: [{ network: network.id }], ...params });
`;

const skip = !(await cloudIsUp()) && "the test cloud is not up (npm run cloud:up)";
const TENANTS: readonly Tenant[] = ["alpha", "beta"];
const BY = {
  nova: { kind: "virtual", hardware: { flavor: "vm.tiny" } },
  ironic: { route: "ironic", hardware: { class: "metal" } },
};

function projectFor(t: Test, deployer: Deployer, tenant: Tenant, params: object, user: string = tenant): Project {
  const project = new Project(t, deployer, { name: "same", program: PROGRAM, env: tenantEnv(tenant, user) });
  project.edit(params);
  return project;
}

for (const deployer of deployers()) {
  for (const [route, params] of Object.entries(BY))
    t.test(
      `two tenants, one program, one stack name, by ${route}, run by ${deployer.name}`,
      { timeout: 600_000, skip },
      async (t) => {
        await Promise.all(TENANTS.map((tenant) => resetTenant(tenant)));
        const [alpha, beta] = TENANTS.map((tenant) => projectFor(t, deployer, tenant, params)) as [Project, Project];
        for (const outcome of await Promise.all([alpha.up(), beta.up()])) t.equal(outcome.exitCode, 0, outcome.text);
        const ids = async (project: Project) =>
          (await project.state()).map((one) => one.id).filter((id) => id !== undefined);
        const theirs = await ids(beta);
        t.same(
          (await ids(alpha)).filter((id) => theirs.includes(id) && !/^dev$/.test(id)),
          [],
          "no object is in both states",
        );

        // The same state with the other's credentials: nothing is touched, nothing is forgotten.
        const before = alpha.stateText();
        Object.assign(alpha.env, tenantEnv("beta"));
        for (const command of ["refresh", "destroy"] as const) {
          const refused = await alpha[command]();
          t.equal(refused.exitCode, 1, `${command} with another project's credentials is refused`);
          t.match(refused.text, /configuration points at .*project/);
        }
        t.same(await ids(alpha), resourceIds(before), "and forgets nothing");
        Object.assign(alpha.env, tenantEnv("alpha"));

        t.equal((await alpha.destroy()).exitCode, 0);
        t.equal(describeLeftovers(await leftovers("alpha")), "", "alpha's are gone");
        t.equal((await beta.up("--expect-no-changes")).exitCode, 0);
        t.equal((await beta.refresh("--expect-no-changes")).exitCode, 0, "and beta's are untouched");
        t.equal((await beta.destroy()).exitCode, 0);
        t.equal(describeLeftovers(await leftovers("beta")), "");
      },
    );

  t.test(
    `a reader's credential is refused with the role it lacks, run by ${deployer.name}`,
    { timeout: 300_000, skip },
    async (t) => {
      await resetTenant("alpha");
      const reader = projectFor(t, deployer, "alpha", BY.ironic, "alpha-reader");
      const refused = await reader.up();
      t.equal(refused.exitCode, 1);
      t.match(refused.text, /not-allowed/);
      t.match(refused.text, /reader/, "it says which role there is");
      t.match(refused.text, /member|manager/, "and which is needed");

      // Where a reader may make networks and volumes (POLICIES in microversions.ts), it must be able to take them away again.
      if (RELEASE === "zed")
        t.equal((await reader.destroy()).exitCode, 0, "what the reader could make goes with its destroy");
      t.equal(describeLeftovers(await leftovers("alpha")), "", "nothing of the refused run is left");

      const owner = projectFor(t, deployer, "alpha", BY.ironic);
      t.equal((await owner.up()).exitCode, 0);
      Object.assign(owner.env, tenantEnv("alpha", "alpha-reader"));
      const before = (await owner.state()).length;
      const held = await owner.destroy();
      t.equal(held.exitCode, 1, "a reader destroys nothing");
      t.ok((await owner.state()).length >= before - 1, "and nothing is forgotten");
      t.ok(await owner.resource("machine"));
      Object.assign(owner.env, tenantEnv("alpha"));
      t.equal((await owner.destroy()).exitCode, 0);
      t.equal(describeLeftovers(await leftovers("alpha")), "");
    },
  );
}

/** Ids in the text of a state file. */
function resourceIds(text: string): string[] {
  const file = JSON.parse(text) as { checkpoint: { latest: { resources: { id?: string }[] } } };
  return file.checkpoint.latest.resources.map((one) => one.id).filter((id) => id !== undefined);
}
