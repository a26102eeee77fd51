import t from "tap";
import type { IronicSeen } from "../../../provider/machines/ironic/index.ts";
import { ironicRoute, STATES } from "../../../provider/machines/ironic/index.ts";
import type { Node } from "../../../provider/openstack/ironic/index.ts";
import { ABSENT, ID, NODE, port, seenWith, taking, wants, word } from "./ironic-fixtures.ts";

const { next } = ironicRoute;
const MAINTENANCE = "failed: in-maintenance";
const STUCK = "failed: stuck-state";
const OUT = "failed: not-in-service";
const LOST = "failed: machine-lost";
const RELEASE = "failed: release-failed";
const HELD = "failed: held-state";
const RESCUE = "failed: rescue-failed";
const SERVICE = "failed: servicing-failed";
const reinstall = wants({ allowReinstall: true, userData: "new" });

/** State: want present, the same in maintenance; want absent, the same in maintenance; want a reinstall, the same in maintenance. */
const TABLE: Record<string, [string, string, string, string, string, string]> = {
  enroll: [OUT, OUT, "detach a port", "detach a port", OUT, OUT],
  verifying: ["wait", MAINTENANCE, "wait", MAINTENANCE, "wait", MAINTENANCE],
  manageable: [OUT, OUT, "detach a port", "detach a port", OUT, OUT],
  inspecting: ["wait", MAINTENANCE, "wait", MAINTENANCE, "wait", MAINTENANCE],
  "inspect wait": ["wait", MAINTENANCE, "wait", MAINTENANCE, "wait", MAINTENANCE],
  "inspect failed": [OUT, OUT, "detach a port", "detach a port", OUT, OUT],
  cleaning: ["wait", MAINTENANCE, "wait", MAINTENANCE, "wait", MAINTENANCE],
  "clean wait": ["wait", MAINTENANCE, "wait", MAINTENANCE, "wait", MAINTENANCE],
  "clean hold": ["wait", MAINTENANCE, "wait", MAINTENANCE, "wait", MAINTENANCE],
  "clean failed": [
    "failed: clean-failed",
    "failed: clean-failed",
    "detach a port",
    "detach a port",
    "failed: clean-failed",
    "failed: clean-failed",
  ],
  available: [
    "note what is to be installed",
    MAINTENANCE,
    "detach a port",
    "detach a port",
    "note what is to be installed",
    MAINTENANCE,
  ],
  deploying: ["wait", MAINTENANCE, "wait", MAINTENANCE, "wait", MAINTENANCE],
  "wait call-back": ["wait", MAINTENANCE, "take the machine down", MAINTENANCE, "wait", MAINTENANCE],
  "deploy hold": ["wait", MAINTENANCE, "wait", MAINTENANCE, "wait", MAINTENANCE],
  "deploy failed": [
    "failed: deploy-failed",
    "failed: deploy-failed",
    "take the machine down",
    MAINTENANCE,
    "note what is to be installed",
    "failed: deploy-failed",
  ],
  active: ["done", "done", "take the machine down", MAINTENANCE, "note what is to be installed", MAINTENANCE],
  deleting: [LOST, LOST, "wait", MAINTENANCE, LOST, LOST],
  error: [RELEASE, RELEASE, "take the machine down", MAINTENANCE, RELEASE, RELEASE],
  adopting: ["wait", MAINTENANCE, "wait", MAINTENANCE, "wait", MAINTENANCE],
  "adopt failed": [OUT, OUT, "detach a port", "detach a port", OUT, OUT],
  rescuing: ["wait", MAINTENANCE, "wait", MAINTENANCE, "wait", MAINTENANCE],
  "rescue wait": ["wait", MAINTENANCE, "take the machine down", MAINTENANCE, "wait", MAINTENANCE],
  rescue: [HELD, HELD, "take the machine down", MAINTENANCE, HELD, HELD],
  "rescue failed": [RESCUE, RESCUE, "take the machine down", MAINTENANCE, RESCUE, RESCUE],
  unrescuing: ["wait", MAINTENANCE, "wait", MAINTENANCE, "wait", MAINTENANCE],
  "unrescue failed": [RESCUE, RESCUE, "take the machine down", MAINTENANCE, RESCUE, RESCUE],
  servicing: ["wait", MAINTENANCE, "wait", MAINTENANCE, "wait", MAINTENANCE],
  "service wait": ["wait", MAINTENANCE, "take the machine down", MAINTENANCE, "wait", MAINTENANCE],
  "service hold": ["wait", MAINTENANCE, "wait", MAINTENANCE, "wait", MAINTENANCE],
  "service failed": [SERVICE, SERVICE, "take the machine down", MAINTENANCE, SERVICE, SERVICE],
  "never heard of": [STUCK, STUCK, STUCK, MAINTENANCE, STUCK, STUCK],
};

t.test("every provision state, in and out of maintenance, has an answer for every wish", async (t) => {
  t.same(Object.keys(TABLE).sort(), [...Object.keys(STATES), "never heard of"].sort(), "the table knows all states");
  for (const [state, expected] of Object.entries(TABLE)) {
    const answers = [wants(), ABSENT, reinstall].flatMap((desired) =>
      [false, true].map((maintenance) => word(next(desired, seenWith({ provision_state: state, maintenance }), []))),
    );
    t.same(answers, expected, state);
    if (STATES[state]?.kind === "failure") t.notOk(answers.includes("wait"), `${state} never waits`);
  }
});

t.test("after the release the wipe is watched to its end", async (t) => {
  const free = (more: Partial<Node>, rest: Partial<IronicSeen> = {}): IronicSeen => {
    const { allocation: _, id: __, mark: ___, ...seen } = seenWith({ instance_uuid: null, ...more });
    return { ...seen, carries: "none", ports: [], ...rest };
  };
  const expect: Record<string, string> = {
    deleting: "wait",
    cleaning: "wait",
    "clean wait": "wait",
    "clean hold": "wait",
    "clean failed": "failed: clean-failed",
    error: "take the machine down",
    available: "done",
    manageable: "done",
    inspecting: "done",
    "never heard of": "done",
  };
  for (const [state, answer] of Object.entries(expect))
    t.equal(word(next(ABSENT, free({ provision_state: state }), [])), answer, state);
  for (const state of ["cleaning", "clean wait", "error"])
    t.equal(
      word(next(ABSENT, free({ provision_state: state, maintenance: true }), [])),
      MAINTENANCE,
      `${state} in maintenance`,
    );
  const error = free({ provision_state: "error" });
  t.equal(
    word(next(ABSENT, error, taking("take the machine down", "take the machine down"))),
    RELEASE,
    "twice is enough",
  );
  t.equal(
    word(next(ABSENT, free({ provision_state: "active" }, { carries: "other" }), [])),
    "done",
    "somebody else's node",
  );
  t.equal(
    word(next(ABSENT, free({ provision_state: "cleaning" }, { ports: [port] }), [])),
    "delete port 0",
    "ports go at once",
  );
  const { node: _, ...hidden } = free({});
  t.equal(word(next(ABSENT, hidden, [])), "done", "a node that does not show any more");
  const target = {
    uuid: "t",
    node_uuid: NODE,
    volume_type: "iscsi",
    volume_id: "v",
    boot_index: 1,
    extra: { pulumi_baremetal_server: ID },
  };
  const off = free({ provision_state: "available", power_state: "power off" });
  t.equal(word(next(ABSENT, { ...off, details: { ...off.details!, targets: [target] } }, [])), "remove a volume");
});
