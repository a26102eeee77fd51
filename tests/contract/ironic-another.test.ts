/** A create whose install fails on one machine takes another: proven by the service, not only by the tables. */
import "../cloud/own-sandbox.ts";
import t from "tap";
import { create, HalfMade, remove } from "../../provider/core/index.ts";
import type { IronicAction } from "../../provider/machines/ironic/index.ts";
import { setNodeFault } from "../cloud/faults.ts";
import { getNode } from "../cloud/nodes.ts";
import { clearNodeFaults, makeAvailable } from "../cloud/reset.ts";
import { setUp, steps, watched } from "./ironic-kit.ts";

const kit = await setUp("alpha");
if (!kit) process.exit(0);
const { context, ports, program, reservations } = kit;
const NODES = ["alpha-0", "alpha-1", "alpha-2"];

async function mend(): Promise<void> {
  for (const node of NODES) {
    await clearNodeFaults(node);
    await makeAvailable(node);
  }
}
t.before(mend);
t.teardown(mend);

/** Makes the install fail on the first `count` machines that it is tried on, and notes all that were tried. */
function failingOn(count: number) {
  const tried: string[] = [];
  const definition = watched({
    before: async (action: IronicAction) => {
      if (action.name !== "install" || tried.includes(action.args.node)) return;
      tried.push(action.args.node);
      if (tried.length <= count) await setNodeFault(action.args.node, "deploy", `disk ${tried.length} on fire`);
    },
  });
  return { definition, tried };
}

t.test("the first machine's disk burns, the second one is taken", async (t) => {
  const { definition, tried } = failingOn(1);
  const lines = context.lines.length;
  const { id, outputs } = await create(definition, context, program("moves", { hardware: { class: "metal" } }));
  t.equal(tried.length, 2, "two machines were tried");
  t.match(outputs, { nodeId: tried[1], provisionState: "active", condition: "ready" });
  t.equal((await reservations()).length, 1, "there is one reservation");
  t.equal((await ports()).length, 1, "and one port");
  const said = steps(context, lines);
  t.equal(said.filter((line) => line === "install").length, 3, "twice on the first, once on the second");
  t.ok(said.some((line) => /^give up node alpha-\d, whose install failed, and take another$/.test(line)));
  t.equal((await getNode(tried[0]!))["instance_uuid"], null, "the first one is given back");
  await remove(definition, context, id, outputs);
  t.same(await reservations(), []);
  t.same(await ports(), []);
});

t.test("both burn: the failure tells of both, and nothing is doubled", async (t) => {
  await mend();
  const { definition, tried } = failingOn(2);
  const inputs = program("burns", { hardware: { class: "metal" } });
  const error: unknown = await create(definition, context, inputs).catch((error) => error);
  if (!(error instanceof HalfMade)) throw error;
  t.match(error.cause, {
    code: "deploy-failed",
    message: /disk 2 on fire; before it node .*2 times .*disk 1 on fire/s,
  });
  t.equal((await reservations()).length, 1, "there is one reservation");
  t.equal((await getNode(tried[0]!))["instance_uuid"], null);
  await mend();
  await remove(definition, context, error.id, error.outputs);
  t.same(await reservations(), []);
  t.same(await ports(), []);
});

t.test("it burns and cannot be taken down either: told, and cleared up with the next try", async (t) => {
  await mend();
  let node = "";
  const definition = watched({
    before: async (action: IronicAction) => {
      if (action.name === "install" && !node) {
        node = action.args.node;
        await setNodeFault(node, "deploy", "disk on fire");
        await setNodeFault(node, "tear_down", "no route to BMC");
      }
      // The clearing up of the failed create asks once more, of a machine that is well again.
      if (action.name === "take the machine down" && action.args.attempt === 1) await clearNodeFaults(node);
    },
  });
  const inputs = program("stays", { hardware: { class: "metal" } });
  const error = (await create(definition, context, inputs).catch((error) => error)) as Error;
  t.match(error.message, /disk on fire.* could not be taken down either: .*no route to BMC/s);
  t.same(await reservations(), [], "no machine is held");
  t.same(await ports(), []);
});
