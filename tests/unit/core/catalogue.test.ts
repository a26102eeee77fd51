/** Every state in which a service can leave an object for good, and the code in which it ends. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { catalogue, type Failure, type Step, type Wait } from "../../../provider/core/index.ts";
import { unusableImage } from "../../../provider/machines/images.ts";
import { STATES } from "../../../provider/machines/ironic/index.ts";
import { DEAD_ENDS, FAULTS, inMaintenance, stuck, waitFor } from "../../../provider/machines/ironic/words.ts";
import { judgeFault, STATUSES as SERVERS } from "../../../provider/machines/nova/states.ts";
import { STATUSES as VOLUMES } from "../../../provider/resources/volume/steps.ts";
import { type SeenVolume, type VolumeInputs, volume } from "../../../provider/resources/volume.ts";
import { node } from "../machines/ironic-fixtures.ts";
import { absent, creating, failed, next, OPEN, seen, updating } from "../machines/nova-fixture.ts";

/** What a failure must have whatever it is: a code of the catalogue, the service's words, whose move, what to do. */
function isWhole(t: Test, failure: Failure, code: string, words: RegExp): void {
  const what = `${code}: ${failure.message}`;
  t.equal(failure.code, code, what);
  t.ok(code in catalogue, `${code} is in the catalogue`);
  t.match(failure.message, words, what);
  t.match(failure.message, /\n(Your move|The cloud operator's move|The hardware needs attention.*): \S.*\[[a-z-]+\]$/s);
}

t.test("Ironic: every state that no step leads out of", async (t) => {
  const table: Record<string, string> = {
    enroll: "not-in-service",
    manageable: "not-in-service",
    "inspect failed": "not-in-service",
    "adopt failed": "not-in-service",
    "clean failed": "clean-failed",
    "deploy failed": "deploy-failed",
    deleting: "machine-lost",
    error: "release-failed",
    rescue: "held-state",
    "rescue failed": "rescue-failed",
    "unrescue failed": "rescue-failed",
    "service failed": "servicing-failed",
  };
  t.same(DEAD_ENDS, table);
  const ends = Object.keys(STATES).filter((state) => ["failure", "stable"].includes(STATES[state]!.kind));
  t.same(
    ends.filter((state) => !(state in table)).sort(),
    ["active", "available"],
    "all that stay and are not where we want them are in it",
  );
  for (const [state, code] of Object.entries(table)) {
    isWhole(t, stuck(node({ provision_state: state, last_error: "smoke" })), code, /n1 .*smoke/s);
    if (STATES[state]?.kind === "failure")
      isWhole(t, stuck(node({ provision_state: state })), code, /not shown to this credential/);
  }
  isWhole(t, stuck(node({ provision_state: "reticulating" })), "stuck-state", /does not know that state/);
});

t.test("Ironic: the faults for which it puts a node into maintenance, and an operator's own", async (t) => {
  const table = {
    "power failure": "power-failed",
    "clean failure": "clean-failed",
    "service failure": "servicing-failed",
    "rescue abort failure": "rescue-failed",
  };
  t.same(FAULTS, table);
  for (const [fault, code] of Object.entries(table)) {
    const broken = node({ maintenance: true, fault, last_error: "smoke", maintenance_reason: "it broke" });
    isWhole(t, inMaintenance(broken), code, new RegExp(`${fault}: it broke; Ironic says: smoke`));
  }
  isWhole(t, inMaintenance(node({ maintenance: true, maintenance_reason: "new disk" })), "in-maintenance", /new disk/);
  t.equal(inMaintenance(node({ maintenance: true, fault: "power failure" })).details.mover, "hardware");
});

t.test("Ironic: a hold ends by the operator's hand, and a time-out in it says so", async (t) => {
  for (const [state, meaning] of Object.entries(STATES)) {
    const step = waitFor(meaning, node({})) as Extract<Step, { wait: unknown }>;
    t.equal(step.wait.late?.mover, meaning.kind === "hold" ? "operator" : undefined, state);
  }
});

t.test("Nova: every status, for whoever wants something of it that it does not allow", async (t) => {
  const held = {
    PAUSED: 0,
    SUSPENDED: 0,
    RESCUE: 0,
    SHELVED: 0,
    SHELVED_OFFLOADED: 0,
    VERIFY_RESIZE: 0,
    SOFT_DELETED: 0,
  };
  t.same(
    Object.keys(SERVERS).filter((status) => SERVERS[status]!.kind === "held"),
    Object.keys(held),
  );
  for (const status of Object.keys(held))
    isWhole(t, failed(next(updating({ power: "off" }), seen({ status }))), "held-state", /`openstack server/);
  const fault = { code: 500, message: "smoke" };
  isWhole(t, failed(next(updating(), seen({ status: "ERROR", fault } as never))), "server-fault", /smoke/);
  isWhole(t, failed(next(updating(), seen({ status: "OBSCURE" }))), "stuck-state", /OBSCURE/);
  const twelve = Array.from(
    { length: 12 },
    () => ({ name: "delete server", args: { step: "delete", id: "srv" } }) as never,
  );
  const stays = seen({ status: "ERROR", fault } as never);
  isWhole(
    t,
    failed(next(absent(), stays, twelve)),
    "release-failed",
    /12 times to delete the server and did not: smoke/,
  );
  const unknown = next(updating(), seen({ status: "UNKNOWN" }));
  t.match(
    unknown,
    { wait: { late: { mover: "operator" } } },
    "a cell that is gone is waited for, and it is told whose it is",
  );
  const lame = { id: "n-1", name: "bm-3", state: "deploy failed", lastError: "no bootable disk", traits: [] };
  const putDown = next(creating(), seen({ status: "BUILD" }, { node: lame }, OPEN)) as { wait: Wait };
  t.match(
    putDown,
    { wait: { stuck: { after: 120 } } },
    "a build that Nova has put down is not waited for to the limit",
  );
  isWhole(t, putDown.wait.stuck!.failed, "stuck-state", /deploy of node bm-3 has failed: no bootable disk/);
  t.match(putDown.wait.stuck!.failed.message, /Your move: run `pulumi up --replace URN`/);
  const unseen = next(creating(), seen({ status: "BUILD" }, {}, OPEN)) as { wait: Wait };
  t.match(unseen, { wait: { stuck: { after: 1200 } } }, "longer where no node can be seen");
  isWhole(t, unseen.wait.stuck!.failed, "stuck-state", /ask the operator whether Nova still builds it/);
  for (const [state, task] of [
    ["deploying", null],
    ["deploy failed", "spawning"],
  ] as const)
    t.notOk(
      (
        next(
          creating(),
          seen({ status: "BUILD", "OS-EXT-STS:task_state": task }, { node: { ...lame, state } }, OPEN),
        ) as { wait: Wait }
      ).wait.stuck,
      `node ${state}, task ${task}: Nova is at work`,
    );
});

t.test("Nova: a server that could not be made, by the words of its fault", async (t) => {
  const rows: [words: string, code: string][] = [
    ["No valid host was found. There are not enough hosts available.", "no-capacity"],
    ["Exceeded maximum number of retries. Exhausted all hosts", "deploy-failed"],
    ["Failed to provision instance 1: Timeout reached while waiting for callback", "deploy-failed"],
    ["Quota exceeded for ram", "quota"],
    ["Binding failed for port 1, please check neutron logs", "network-failed"],
    ["Failed to allocate the network(s), not rescheduling.", "network-failed"],
    ["No more IP addresses available on network 1.", "no-addresses"],
    ["Fixed IP address 10.0.0.5 is already in use", "in-use"],
    ["Image 1 is unacceptable: checksum", "image-unusable"],
    ["Build of instance 1 aborted: Volume 2 did not finish being created", "volume-failed"],
    ["Invalid key_name provided: keypair k", "service-refused"],
    ["MessagingTimeout", "server-fault"],
  ];
  for (const [words, code] of rows) {
    t.equal(judgeFault({ code: 500, message: words }).code, code, words);
    const broken = seen({ status: "ERROR", fault: { code: 500, message: words } } as never, {}, OPEN);
    const given = next(creating(), broken);
    t.match(given, { do: { name: "delete failed server", args: { because: { code, what: /./ } } } }, words);
  }
});

t.test("Cinder: every status in which a volume stays, for a change and for a delete", async (t) => {
  const table: Record<string, [change: string, gone: string]> = {
    error: ["volume-failed", "do"],
    error_restoring: ["volume-failed", "do"],
    error_extending: ["volume-failed", "do"],
    error_managing: ["volume-failed", "do"],
    error_deleting: ["volume-failed", "volume-failed"],
    "error_backing-up": ["volume-failed", "volume-failed"],
    error_managing_deleting: ["volume-failed", "volume-failed"],
    maintenance: ["in-maintenance", "in-maintenance"],
    "awaiting-transfer": ["held-state", "held-state"],
    reticulating: ["stuck-state", "stuck-state"],
  };
  const stays = Object.keys(VOLUMES).filter((status) => ["failed", "kept", "offered"].includes(VOLUMES[status]!));
  t.same([...stays, "reticulating"].sort(), Object.keys(table).sort());
  const inputs = { sizeGiB: 20, identity: "p/s/Volume/data", condition: "ready" } as VolumeInputs;
  const mark = { tag: "0".repeat(20), shape: "1".repeat(12) };
  const message = { id: "m", resource_uuid: "v1", created_at: "", request_id: "req-1" };
  const look = (status: string, user_message = "driver failed"): SeenVolume => ({
    id: "v1",
    mark,
    volume: { id: "v1", name: "data", status, size: 10, attachments: [], metadata: {}, bootable: "false" } as never,
    messages: [{ ...message, user_message }],
  });
  const wish = { want: "present", inputs, mark, name: "data" } as const;
  for (const [status, [change, gone]] of Object.entries(table))
    for (const [desired, code] of [
      [wish, change],
      [{ want: "absent" } as const, gone],
    ] as const) {
      const step = volume.next(desired, look(status), []);
      if (code === "do") t.ok("do" in step, `${status} is deleted`);
      else isWhole(t, (step as { failed: Failure }).failed, code, status.startsWith("error") ? /driver failed/ : /./);
    }
  const full = volume.next(
    wish,
    look("error", "schedule allocate volume: Could not find any available weighted backend."),
    [],
  );
  isWhole(t, (full as { failed: Failure }).failed, "no-storage", /Could not find any available/);
});

t.test("Glance: every status but active", async (t) => {
  for (const status of [
    "queued",
    "saving",
    "uploading",
    "importing",
    "killed",
    "deleted",
    "pending_delete",
    "deactivated",
  ])
    isWhole(t, unusableImage("debian", status), "image-unusable", new RegExp(`debian.* as ${status}`));
  t.match(unusableImage("debian", "saving").details.next, /wait until/);
});

t.test("the catalogue and what is raised are the same", async (t) => {
  const rooms = ["core", "openstack", "machines", "resources", "hosts", "cli"];
  const root = join(import.meta.dirname, "../../../provider");
  const files = rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith("catalogue.ts"))
      .map((file) => join(root, room, file)),
  );
  const text = files.map((file) => readFileSync(file, "utf8")).join("\n");
  for (const code of Object.keys(catalogue)) t.ok(text.includes(`"${code}"`), `${code} is raised somewhere`);
  const raised = [...text.matchAll(/\bcode: "([a-z-]+)"/g)].map(([, code]) => code!);
  for (const code of new Set(raised)) t.ok(code in catalogue, `${code} is in the catalogue`);
  for (const [code, { meaning, next: todo }] of Object.entries(catalogue)) {
    t.match(code, /^[a-z]+(-[a-z]+)*$/);
    t.match(meaning, /\.$/, `${code} says what it means`);
    t.match(todo, /\.$/, `${code} says what to do`);
  }
});
