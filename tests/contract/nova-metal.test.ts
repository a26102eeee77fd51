import "../cloud/own-sandbox.ts";
import t from "tap";
import { create, HalfMade, read, remove, update } from "../../provider/core/index.ts";
import type { MachineInputs } from "../../provider/machines/spec.ts";
import { admin } from "../cloud/client.ts";
import { cloudOrSkip, contextFor, failureOf, inputsOf } from "./context.ts";
import { machine, stage } from "./nova-support.ts";

const found = await cloudOrSkip("alpha", ["nova", "neutron", "glance", "ironic"]);
if (typeof found === "string") {
  t.comment(found);
  t.plan(0, found);
  process.exit(0);
}
const here = await stage(t, found, ["10.63.0.0/24", "10.64.0.0/24"]);
const { context, prefix, networks, mine, gone, ports, said } = here;
const { system } = await admin();

/** A context that stops once a line was said: a run that is cancelled while it waits. */
function stopAt(line: RegExp) {
  const given = contextFor("alpha");
  const { progress } = given;
  given.progress = (text: string) => {
    progress(text);
    if (line.test(text)) given.cancel();
  };
  return given;
}

t.test(
  "bare metal: made, interrupted, taken over, maintained, reinstalled, deleted",
  { timeout: 600_000 },
  async (t) => {
    const metal = (more: Partial<MachineInputs> = {}) =>
      inputsOf(machine, `${prefix}-metal`, {
        hardware: { class: "baremetal" },
        image: "tiny",
        networks: [{ network: networks[0] }],
        sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGwKh6oCyMBJKxAIuYhSpxpHBXYI9aU3oqJNSfgxW7ll x"],
        ...more,
      }) as never;
    const cancelled = stopAt(/deploying/);
    const broken = await create(machine, cancelled, metal()).catch((error: unknown) => error as HalfMade);
    t.type(broken, HalfMade, "a cancelled create hands over what it made");
    t.match(cancelled.lines.join("\n"), /create server/);
    cancelled.close();

    const { id, outputs } = await create(machine, context, metal());
    t.equal((await mine()).length, 1, "exactly one server");
    t.equal(id, (broken as HalfMade).id, "the one of the cancelled run");
    t.match(outputs, {
      condition: "ready",
      flavorName: "baremetal",
      resourceClass: "baremetal",
      provisionState: "ACTIVE",
      nodeId: /^[0-9a-f-]{36}$/,
      nodeName: /^bm-/,
      facts: { cpus: 16, memoryGiB: 64, diskGiB: 480 },
      address: /^10\.63\.0\./,
    });
    const node = String(outputs["nodeId"]);
    const lines = context.lines.length;
    t.same(await update(machine, context, id, outputs, metal()), outputs, "an update without change");
    t.same(said(lines), [], "takes no step");

    t.teardown(() => system.raw("ironic", "DELETE", `/nodes/${node}/maintenance`));
    await system.call("ironic", "PUT", `/nodes/${node}/maintenance`, { reason: "new disk" });
    const seen = await read(machine, context, id, outputs);
    t.equal(seen?.inputs["condition"], "maintenance: new disk");
    const held = await failureOf(update(machine, context, id, outputs, metal({ power: "off" })));
    t.match(held, { code: "in-maintenance", message: /new disk/ });
    t.match(await update(machine, context, id, outputs, metal({ name: `${prefix}-m` })), { name: `${prefix}-m` });
    t.ok(
      context.warnings.some((line) => line.includes("new disk")),
      "whose move it is is said",
    );
    await system.call("ironic", "DELETE", `/nodes/${node}/maintenance`);

    t.match(await failureOf(update(machine, context, id, outputs, metal({ image: "tiny-2" }))), {
      code: "needs-reinstall",
    });
    const after = await update(
      machine,
      context,
      id,
      outputs,
      metal({ image: "tiny-2", allowReinstall: true, power: "on" }),
    );
    t.match(after, { image: "tiny-2", condition: "ready", nodeId: node, powerState: "on" });

    await remove(machine, context, id, after);
    t.ok(await gone(id));
    t.same(await ports(networks[0]), []);
  },
);
