import "../cloud/own-sandbox.ts";
import t from "tap";
import { create, HalfMade, read, remove, update } from "../../provider/core/index.ts";
import { clearNodeFaults, setNodeFault } from "../cloud/faults.ts";
import { getNode } from "../cloud/nodes.ts";
import { makeAvailable } from "../cloud/reset.ts";
import { contextFor, failureOf } from "./context.ts";
import { dyingOn, server, setUp, steps, watched } from "./ironic-kit.ts";

const kit = await setUp("beta");
if (!kit) process.exit(0);
const { context, nothingIsLeft, ports, program, reservations } = kit;

t.test("a lessee's machine, reinstalled where the program allows it", async (t) => {
  const inputs = program("leased", { userData: "#!/bin/sh\n" });
  const { id, outputs } = await create(server, context, inputs);
  t.match(outputs, { nodeName: "beta-2", provisionState: "active", powerState: "on" });
  t.notOk("fault" in outputs, "a masked last_error is no fault");
  t.same((await read(server, context, id, outputs))?.inputs, inputs);

  const anew = { ...inputs, image: "tiny-2" };
  const image = { code: "needs-reinstall", details: { path: "image" } };
  t.match(await failureOf(update(server, context, id, outputs, anew)), image);
  t.equal((await getNode("beta-2"))["provision_state"], "active", "refused means untouched");
  const data = { code: "needs-reinstall", details: { path: "userData" } };
  t.match(await failureOf(update(server, context, id, outputs, { ...inputs, userData: "#!/bin/sh\ntrue\n" })), data);

  const killed = contextFor("beta");
  const allowed = { ...anew, allowReinstall: true };
  const half: unknown = await update(dyingOn("reinstall", killed), killed, id, outputs, allowed).catch(
    (error) => error,
  );
  killed.close();
  if (!(half instanceof HalfMade)) throw half;
  const lines = context.lines.length;
  const after = await update(server, context, id, half.outputs, allowed);
  t.notOk(steps(context, lines).includes("reinstall"), "an interrupted reinstall goes on, it is not begun again");
  t.not(after["imageId"], outputs["imageId"]);
  t.match(after, { image: "tiny-2", provisionState: "active" });
  t.same(await update(server, context, id, after, allowed), after, "then it is done");
  await remove(server, context, id, after);
  await nothingIsLeft(t);
});

for (const name of ["reserve a machine", "install"])
  t.test(`a create that died after "${name}" is taken over`, async (t) => {
    const inputs = program(`dies-${name.split(" ")[0]}`);
    const killed = contextFor("beta");
    await t.rejects(create(dyingOn(name, killed), killed, inputs));
    killed.close();
    const [left] = await reservations();
    const { id, outputs } = await create(server, context, inputs);
    t.equal(id, left?.["uuid"], "it goes on with the reservation that is there");
    t.equal((await reservations()).length, 1, "there is exactly one");
    t.equal((await ports()).length, 1, "and one port");
    t.match(outputs, { provisionState: "active", condition: "ready" });
    await remove(server, context, id, outputs);
    await nothingIsLeft(t);
  });

t.test("a create that died, of a program that was changed since, is removed and made anew", async (t) => {
  const inputs = program("edited");
  const killed = contextFor("beta");
  await t.rejects(create(dyingOn("describe the machine", killed), killed, inputs));
  killed.close();
  const [left] = await reservations();
  const none = { ...inputs, hardware: { class: "gold" } };
  t.match(await failureOf(create(server, context, none)), { code: "nothing-fits" });
  t.ok(left, "it had reserved a machine");
  await nothingIsLeft(t);
});

t.test("a failed install is tried once more; a failed wipe is never", async (t) => {
  await setNodeFault("beta-2", "deploy", "disk on fire");
  const heals = watched({
    before: async (action) => {
      if (action.name === "install" && action.args.attempt === 2) await clearNodeFaults("beta-2");
    },
  });
  const lines = context.lines.length;
  const { id, outputs } = await create(heals, context, program("heals"));
  t.equal(steps(context, lines).filter((line) => line === "install").length, 2);
  t.match(outputs, { provisionState: "active", condition: "ready" });

  await setNodeFault("beta-2", "erase_devices_metadata", "stuck platter");
  const failed = { code: "clean-failed", message: /beta-2.*the operator can see it/ };
  t.match(await failureOf(remove(server, context, id, outputs)), failed);
  t.match(await failureOf(remove(server, context, id, outputs)), failed, "still, until somebody mends it");
  t.same(await reservations(), []);
  t.same(await ports(), [], "the ports are gone all the same");
  await clearNodeFaults("beta-2");
  await makeAvailable("beta-2");
  await remove(server, context, id, outputs);
  await nothingIsLeft(t);
});

t.test("an install that fails twice, and a release of it that fails once", async (t) => {
  await setNodeFault("beta-2", "deploy", "disk on fire");
  const error: unknown = await create(server, context, program("broken")).catch((error) => error);
  if (!(error instanceof HalfMade)) throw error;
  t.match(error.cause, { code: "deploy-failed", message: /2 times.*the operator can see it/s });
  await clearNodeFaults("beta-2");
  await setNodeFault("beta-2", "tear_down", "no route to BMC");
  const heals = watched({
    before: async (action) => {
      if (action.name === "take the machine down" && action.args.attempt === 2) await clearNodeFaults("beta-2");
    },
  });
  await remove(heals, context, error.id, error.outputs);
  await nothingIsLeft(t);
});
