/** The whole life of a program with a machine, on either cloud: one test file per kind of machine calls it. */
import t from "tap";
import { cloudIsUp, describeLeftovers, leftovers, login, resetTenant, tenantEnv } from "../cloud/admin.ts";
import { setMaintenance } from "../cloud/faults.ts";
import { deployers, Project } from "./deployer.ts";
import type { MachineKind, Outputs } from "./machines.ts";

const PROGRAM = `
const baremetal = require("pulumi-baremetal");
const params = require("./params.json");
const network = new baremetal.IsolatedNetwork("net", { cidr: "10.61.0.0/24" });
const data = new baremetal.Volume("data", { sizeGiB: 1 });
const machine = new baremetal.Server("machine", {
    image: "tiny", networks: [{ network: network.id }], volumes: [data.id], metadata: { owner: "quinn" }, power: "on", ...params,
});
exports.address = machine.address;
exports.id = machine.id;
`;

/** Runs the whole life of a machine of this kind by every deployer of this machine. */
export async function testServerLife(kind: MachineKind): Promise<void> {
  const up = await cloudIsUp();
  for (const deployer of deployers())
    t.test(
      `${kind.title}, run by ${deployer.name}`,
      { timeout: 1_800_000, skip: !up && "the test cloud is not up (npm run cloud:up)" },
      async (t) => {
        await resetTenant(kind.tenant);
        const tenant = await login(kind.tenant);
        const project = new Project(t, deployer, { name: "lifecycle", program: PROGRAM, env: tenantEnv(kind.tenant) });
        const edit = (more: Record<string, unknown> = {}) => project.edit({ ...kind.inputs, ...more });
        const machine = async () => (await project.resource("machine"))!;
        const outputs = async () => (await machine()).outputs as Outputs & Record<string, unknown>;
        const succeed = async (what: string, work: Promise<{ exitCode: number; text: string }>) => {
          const outcome = await work;
          t.equal(outcome.exitCode, 0, what, { output: outcome.text });
          if (outcome.exitCode !== 0) throw new Error(`${what}: ${outcome.text}`);
          return outcome;
        };

        edit();
        await succeed("the first up makes the machine", project.up());
        const first = await machine();
        t.match(await outputs(), {
          powerState: "on",
          condition: "ready",
          wiped: "notVisible",
          address: /^10\.61\.0\./,
        });

        const again = await succeed("a second up", project.up("--expect-no-changes"));
        t.notMatch(again.text, /updated|created|deleted/, "and it changes nothing");

        edit({ metadata: { owner: "quinn", tier: "db" }, name: "renamed" });
        t.match(
          (await project.preview()).steps,
          [{ op: "update", name: "machine", paths: ["metadata.tier", "name"] }],
          "a preview shows exactly the changed paths",
        );
        await succeed("the edit is made in place", project.up());
        t.equal((await machine()).id, first.id);
        await succeed("and then nothing is left to change", project.up("--expect-no-changes"));

        edit({ image: "tiny-2" });
        const refused = await project.preview();
        t.equal(refused.exitCode, 1, "a reinstall is refused in preview already");
        t.match(refused.text, /allowReinstall: true/);
        t.equal((await project.up()).exitCode, 1, "and in up");
        edit({ image: "tiny-2", allowReinstall: true });
        const imageBefore = (await outputs())["imageId"];
        await succeed("an allowed reinstall", project.up());
        t.equal((await machine()).id, first.id, "keeps the machine");
        t.not((await outputs())["imageId"], imageBefore, "with the new image");
        await succeed("and then nothing is left to change", project.up("--expect-no-changes"));

        await kind.powerOff(tenant, await outputs());
        await succeed("refresh", project.refresh());
        t.match(
          (await project.preview()).steps,
          [{ op: "update", name: "machine", paths: ["power"] }],
          "a power-off behind our back is drift",
        );
        await succeed("up", project.up());
        t.match(await outputs(), { powerState: "on" }, "puts the power on again");

        const node = (await outputs()).nodeName;
        if (node) {
          await setMaintenance(node, true, "new disk");
          await succeed("refresh", project.refresh());
          t.match(
            (await project.preview()).steps,
            [{ op: "update", name: "machine", paths: ["condition"] }],
            "maintenance is drift",
          );
          t.match((await machine()).inputs!["condition"], /maintenance: new disk/);
          const held = await project.up();
          t.match(held.text, /maintenance: new disk/, "up says whose move it is and touches nothing");
          await setMaintenance(node, false);
          await succeed("refresh after it", project.refresh());
          await succeed("and all is well", project.up());
        }

        if (kind.detach) {
          const volume = (await project.resource("data"))!.id!;
          await kind.detach(tenant, await outputs(), volume);
          await succeed("refresh", project.refresh());
          const steps = (await project.preview()).steps.filter((step) => step.name === "machine");
          t.match(steps[0]?.paths, [/^volumes/], "a volume detached behind our back is drift");
        }

        const replacing = (await machine()).urn;
        await succeed("a forced replacement", project.up("--replace", replacing));
        const second = await machine();
        t.not(second.id, first.id, "makes another machine");
        t.equal(await kind.count(tenant), 1, "and never adopts what it deletes");

        await kind.release(tenant, await outputs());
        await succeed("refresh", project.refresh());
        t.equal(await project.resource("machine"), undefined, "a machine released behind our back leaves the state");
        await succeed("up makes it anew", project.up());

        await succeed("destroy", project.destroy());
        t.same(
          describeLeftovers(await leftovers(kind.tenant)),
          describeLeftovers([]),
          "nothing of ours is left in any service",
        );
      },
    );
}
