import t from "tap";
import { failure } from "../../../provider/core/index.ts";
import { installRecord } from "../../../provider/machines/install.ts";
import { type NovaAction, novaRoute } from "../../../provider/machines/nova/index.ts";
import { judgeFault, STATUSES } from "../../../provider/machines/nova/states.ts";
import type { MachineInputs } from "../../../provider/machines/spec.ts";
import {
  absent,
  action,
  creating,
  failed,
  INPUTS,
  LOCKED,
  named,
  next,
  nothing,
  OPEN,
  port,
  seen,
  TAG,
  updating,
  word,
} from "./nova-fixture.ts";

/**
 * Every status Nova has, and one that it has not, for a finished server: [nothing to change, absent wanted, reinstall wanted].
 */
const TABLE: Record<string, [present: string, absent: string, reinstall: string]> = {
  ACTIVE: ["done", "delete server", "reinstall"],
  SHUTOFF: ["done", "delete server", "reinstall"],
  BUILD: ["wait", "delete server", "wait"],
  REBUILD: ["wait", "delete server", "wait"],
  REBOOT: ["wait", "delete server", "wait"],
  HARD_REBOOT: ["wait", "delete server", "wait"],
  PASSWORD: ["wait", "delete server", "wait"],
  MIGRATING: ["wait", "delete server", "wait"],
  RESIZE: ["wait", "delete server", "wait"],
  REVERT_RESIZE: ["wait", "delete server", "wait"],
  PAUSED: ["done", "delete server", "failed service-refused"],
  SUSPENDED: ["done", "delete server", "failed service-refused"],
  RESCUE: ["done", "delete server", "failed service-refused"],
  SHELVED: ["done", "delete server", "failed service-refused"],
  SHELVED_OFFLOADED: ["done", "delete server", "failed service-refused"],
  VERIFY_RESIZE: ["done", "delete server", "failed service-refused"],
  SOFT_DELETED: ["failed server-fault", "delete for good", "failed server-fault"],
  ERROR: ["failed server-fault", "delete server", "reinstall"],
  UNKNOWN: ["wait", "wait", "wait"],
  OBSCURE: ["failed stuck-state", "delete server", "failed stuck-state"],
};
const reinstalling = updating({ image: "other", allowReinstall: true });

t.test("every status has its answer", (t) => {
  t.same(
    Object.keys(STATUSES).filter((status) => !(status in TABLE)),
    ["DELETED"],
    "the table holds every status; DELETED is not seen, it counts as no server",
  );
  for (const [status, [present, gone, reinstall]] of Object.entries(TABLE)) {
    const given = seen({ status }, { image: "img-2" });
    t.equal(word(next(updating(), seen({ status }))), present, `${status}, nothing to change`);
    t.equal(word(next(absent(), given)), gone, `${status}, absent`);
    t.equal(word(next(reinstalling, given)), reinstall, `${status}, reinstall`);
  }
  t.end();
});

t.test("while Nova is at work on it everything waits, except what has failed", (t) => {
  for (const status of Object.keys(TABLE))
    for (const desired of [updating(), creating(), reinstalling]) {
      const step = word(next(desired, seen({ status, "OS-EXT-STS:task_state": "powering-off" })));
      t.equal(
        step === "wait" || (status === "ERROR" && step.startsWith("failed")) || step === "reinstall",
        true,
        `${status}: ${step}`,
      );
    }
  for (const status of Object.keys(TABLE)) {
    const leaving = seen({ status, "OS-EXT-STS:task_state": "deleting" });
    t.equal(word(next(absent(), leaving)), "wait", `${status} on its way out, absent`);
    t.equal(word(next(updating(), leaving)), "wait", `${status} on its way out, present`);
  }
  t.end();
});

t.test("create: all is resolved, then ports, then the server", (t) => {
  t.equal(word(next(creating(), nothing())), "create port 0");
  const free = port({ device: "", owner: "" });
  const step = action(
    next(creating({ metadata: { a: "b" }, sshKeys: ["ssh-ed25519 X"], keyPair: "k" }), nothing({ ports: [free] })),
  );
  t.match(step, {
    name: "create server",
    args: {
      server: {
        name: "db",
        flavorRef: "id-metal.small",
        imageRef: "img-1",
        networks: [{ port: "port-0" }],
        key_name: "k",
        config_drive: true,
        description: `[pulumi-baremetal:${OPEN.tag}:${OPEN.shape}:${OPEN.nonce}]`,
        tags: [`pulumi-baremetal-${TAG}`],
        metadata: { a: "b", pulumi_baremetal_install: new RegExp(`^${TAG}:`) },
      },
    },
  });
  const body = step.name === "create server" ? step.args.server : undefined;
  t.match(Buffer.from(body?.user_data ?? "", "base64").toString(), /ssh_authorized_keys/);
  t.notOk("block_device_mapping_v2" in (body ?? {}));

  const volume = (more: object) => ({
    id: "vol",
    path: "volumes[0]",
    status: "available",
    bootable: true,
    multiattach: false,
    ...more,
  });
  const withData = action(next(creating({ volumes: ["vol"] }), nothing({ ports: [free], volumes: [volume({})] })));
  t.match(withData, {
    args: {
      server: {
        block_device_mapping_v2: [
          { boot_index: 0, source_type: "image", destination_type: "local", uuid: "img-1" },
          { boot_index: -1, source_type: "volume", uuid: "vol", delete_on_termination: false },
        ],
      },
    },
  });
  const { image: _, ...noImage } = INPUTS;
  const boot = { ...creating(), inputs: { ...noImage, bootVolume: "vol", networks: [] } } as never;
  const { image: __, ...unresolved } = nothing();
  t.match(action(next(boot, { ...unresolved, volumes: [volume({ path: "bootVolume" })] })), {
    args: { server: { networks: "none", block_device_mapping_v2: [{ boot_index: 0, uuid: "vol" }] } },
  });

  const cases: [Partial<MachineInputs>, Parameters<typeof nothing>[0], string][] = [
    [{ hardware: { flavor: "none" } }, {}, "failed not-found"],
    [{ hardware: { flavor: "vm.tiny" } }, {}, "failed nothing-fits"],
    [{ hardware: { cpus: 900 } }, {}, "failed nothing-fits"],
    [{ hardware: { class: "absent" } }, {}, "failed nothing-fits"],
    [{}, { image: failure("ambiguous", "two") }, "failed ambiguous"],
    [{}, { volumes: [volume({ status: undefined })] }, "failed not-found"],
    [{}, { volumes: [volume({ status: "error" })] }, "failed volume-failed"],
    [{}, { volumes: [volume({ status: "in-use" })] }, "failed invalid-input"],
    [{}, { volumes: [volume({ status: "in-use", multiattach: true })] }, "create port 0"],
    [{}, { volumes: [volume({ status: "downloading" })] }, "wait"],
    [{}, { volumes: [volume({ path: "bootVolume", bootable: false })] }, "failed invalid-input"],
    [{ networks: [{ port: "gone" }] }, {}, "failed not-found"],
    [
      { networks: [{ port: "p" }] },
      { ports: [port({ id: "p", ours: false, device: "other" })] },
      "failed invalid-input",
    ],
    [{}, { ports: [port({ device: "old" })] }, "wait"],
    [{ networks: [] }, { ports: [free] }, "delete port 0"],
  ];
  for (const [more, given, expected] of cases)
    t.equal(word(next(creating(more), nothing(given))), expected, `${JSON.stringify(more)} ${JSON.stringify(given)}`);
  t.end();
});

t.test(
  "create: a server in ERROR is cleared away; another try only where the node was the cause, and only once",
  (t) => {
    const node = {
      code: 500,
      message: "Exceeded maximum number of retries. Last exception: Failed to provision instance",
    };
    const none = { code: 500, message: "No valid host was found. There are not enough hosts available." };
    const broken = (fault: object) => action(next(creating(), seen({ status: "ERROR", fault } as never, {}, OPEN)));
    const free = port({ device: "", owner: "" });
    const first = broken(node);
    t.equal(first.name, "delete failed server");
    t.equal(
      word(next(creating(), nothing({ ports: [free], was: "srv" }), [first])),
      "create server",
      "the ports are used again",
    );
    t.equal(
      word(next(creating(), nothing({ ports: [free] }), [first, first])),
      "delete port 0",
      "a second time all goes",
    );
    t.match(failed(next(creating(), nothing(), [first, first])), { code: "deploy-failed", message: /in 2 tries/ });
    const capacity = broken(none);
    t.equal(word(next(creating(), nothing({ ports: [free] }), [capacity])), "delete port 0");
    t.match(failed(next(creating(), nothing(), [capacity])), {
      code: "no-capacity",
      message: /flavor metal\.small.*No valid host/s,
    });
    t.match(
      failed(next(updating(), seen({ status: "ERROR", fault: none }, {}, OPEN))),
      { code: "no-capacity", message: /--replace/ },
      "an update cannot change the id, so it only says the way out",
    );
    t.end();
  },
);

t.test("faults are judged by their words", (t) => {
  const cases: [number, string, string, boolean][] = [
    [500, "No valid host was found. There are not enough hosts available.", "no-capacity", false],
    [500, "Exceeded maximum number of retries. Exhausted all hosts available", "deploy-failed", true],
    [500, "Exceeded maximum number of retries. Last exception: Binding failed for port 1", "service-refused", false],
    [500, "Build of instance x aborted: Failed to provision instance x: deploy failed", "deploy-failed", true],
    [403, "Quota exceeded for cores", "quota", false],
    [400, "Image x is unacceptable", "service-refused", false],
    [500, "Build of instance x aborted: Volume y did not finish being created", "service-refused", false],
    [500, "MessagingTimeout", "server-fault", false],
  ];
  for (const [code, message, expected, again] of cases)
    t.same(judgeFault({ code, message }), { code: expected, again }, message);
  t.same(judgeFault(undefined), { code: "server-fault", again: false });
  t.end();
});

t.test("update: one step at a time, each only where something differs", (t) => {
  const userData = "#cloud-config";
  const cases: [string, Partial<MachineInputs>, Parameters<typeof seen>, string, object?][] = [
    ["same", {}, [], "done"],
    ["name", { name: "new" }, [], "rename server"],
    ["metadata added", { metadata: { a: "1" } }, [], "set metadata"],
    ["metadata removed", { metadata: {} }, [{ metadata: { a: "1" } }], "remove metadata a"],
    ["metadata dropped by the program", {}, [{ metadata: { a: "1" } }], "remove metadata a", { metadata: { a: "1" } }],
    ["metadata of others, none of the program's", {}, [{ metadata: { a: "1" } }], "done"],
    [
      "metadata kept for itself",
      { metadata: {} },
      [{ metadata: { pulumi_baremetal_install: installRecord(TAG, {}) } }],
      "done",
    ],
    ["power on", { power: "on" }, [{ status: "SHUTOFF" }], "power on"],
    ["power on, off behind Nova's back", { power: "on" }, [{ "OS-EXT-STS:power_state": 4 }], "reboot"],
    ["power off", { power: "off" }, [], "power off"],
    ["power off is so", { power: "off" }, [{ status: "SHUTOFF" }], "done"],
    ["power not set", {}, [{ status: "SHUTOFF" }], "done"],
    [
      "power of a paused one",
      { power: "off" },
      [{ status: "PAUSED", "OS-EXT-STS:power_state": 3 }],
      "failed service-refused",
    ],
    ["protect", { deletionProtection: true }, [], "lock"],
    ["protected", { deletionProtection: true }, [LOCKED], "done"],
    ["unprotect", { deletionProtection: false }, [LOCKED], "unlock"],
    ["no longer said", {}, [LOCKED], "unlock"],
    ["locked by another", {}, [{ locked: true, locked_reason: "hands off" }], "done"],
    [
      "locked by another, change",
      { metadata: { a: "1" } },
      [{ locked: true, locked_reason: "hands off" }],
      "failed protected",
    ],
    ["ours opens for a change", { deletionProtection: true, metadata: { a: "1" } }, [LOCKED], "unlock"],
    ["the name passes a lock", { deletionProtection: true, name: "new" }, [LOCKED], "rename server"],
    ["image refused", { image: "other" }, [{}, { image: "img-2" }], "failed needs-reinstall"],
    ["image allowed", { image: "other", allowReinstall: true }, [{}, { image: "img-2" }], "reinstall"],
    ["image gone", { image: "other" }, [{}, { image: failure("not-found", "none") }], "failed not-found"],
    ["user data refused", { userData }, [], "failed needs-reinstall"],
    ["user data allowed", { userData, allowReinstall: true }, [], "reinstall"],
    ["user data of a half-made one", { userData }, [{}, {}, OPEN], "reinstall"],
    ["user data, from a volume", { userData, allowReinstall: true }, [{ image: "" }], "failed unsupported"],
    ["renamed since", {}, [{ metadata: { pulumi_baremetal_install: installRecord("f".repeat(20), {}) } }], "done"],
    [
      "adopted, unknown install",
      { userData },
      [{ metadata: {} }],
      "failed needs-reinstall",
      { installDigest: installRecord(TAG, {}) },
    ],
    ["adopted, same as then", {}, [{ metadata: {} }], "done", { installDigest: installRecord(TAG, {}) }],
    [
      "reinstall finished",
      {},
      [{ metadata: { pulumi_baremetal_install: `${installRecord(TAG, {})}:pending` } }],
      "note the install",
    ],
    [
      "reinstall failed, once more",
      { allowReinstall: true },
      [{ status: "ERROR", metadata: { pulumi_baremetal_install: `${installRecord(TAG, {})}:pending` } }],
      "reinstall",
    ],
    ["port gone", {}, [{}, { ports: [], missing: [0] }], "create port 0"],
    ["port off the machine", {}, [{}, { ports: [port({ device: "" })], missing: [0] }], "attach port 0"],
    ["port elsewhere", {}, [{}, { ports: [port({ device: "other" })], missing: [0] }], "failed invalid-input"],
    ["network left", { networks: [] }, [], "detach port 0"],
    ["network left, port is off", { networks: [] }, [{}, { ports: [port({ device: "" })] }], "delete port 0"],
    ["another network", { networks: [{ network: "net-b" }] }, [{}, { missing: [0] }], "detach port 0"],
    ["address", { networks: [{ network: "net-a", addresses: ["10.0.0.9"] }] }, [], "change port 0"],
    [
      "port of an adopted one",
      {},
      [{}, { ports: [], missing: [0], strays: [{ id: "s", network: "net-a" }] }],
      "change port 0",
    ],
    [
      "own port dropped",
      { networks: [] },
      [{}, { ports: [], strays: [{ id: "p", network: "net-a" }] }],
      "detach port",
      { networks: [{ port: "p" }] },
    ],
    ["port with a locked machine", { deletionProtection: true, networks: [] }, [LOCKED], "unlock"],
  ];
  for (const [name, more, [server, rest, mark], expected, last] of cases)
    t.equal(word(next(updating(more, last), seen(server, rest, mark))), expected, name);
  t.end();
});

t.test("a reinstall keeps name and metadata, and notes that it is not finished", (t) => {
  const given = seen({ metadata: { theirs: "1" } }, { image: "img-2" });
  const step = action(next(updating({ image: "other", allowReinstall: true, userData: "#!/bin/sh" }), given));
  t.match(step, {
    args: {
      action: {
        rebuild: {
          imageRef: "img-2",
          name: "db",
          user_data: Buffer.from("#!/bin/sh").toString("base64"),
          metadata: { theirs: "1", pulumi_baremetal_install: /:pending$/ },
        },
      },
    },
  });
  const done = seen({ status: "ERROR", fault: { code: 500, message: "Deploy step failed" } });
  t.match(failed(next(updating(), done, [step])), { code: "deploy-failed", message: /Deploy step failed/ });
  t.equal(word(next(updating({ image: "other", allowReinstall: true }), given, [step, step])), "failed no-effect");
  t.end();
});

t.test("maintenance: nothing that touches the machine, and never the end of it", (t) => {
  const node = { id: "n", name: "bm-1", state: "active", maintenance: "new disk", traits: [], instance: "srv" };
  const cases: [Partial<MachineInputs>, Parameters<typeof seen>[0], string][] = [
    [{}, {}, "done"],
    [{ name: "new" }, {}, "rename server"],
    [{ metadata: { a: "1" } }, {}, "set metadata"],
    [{ power: "off" }, {}, "failed in-maintenance"],
    [{ power: "on" }, { status: "SHUTOFF" }, "failed in-maintenance"],
    [{ userData: "x", allowReinstall: true }, {}, "failed in-maintenance"],
    [{ networks: [] }, {}, "failed in-maintenance"],
    [{}, { status: "ERROR" }, "failed in-maintenance"],
  ];
  for (const [more, server, expected] of cases)
    t.equal(word(next(updating(more), seen(server, { node }))), expected, JSON.stringify([more, server]));
  t.end();
});

t.test("power that does not come is a failure of the hardware", (t) => {
  const twice = [named("power on"), named("power on")];
  const node = { id: "n", name: "bm-1", state: "active", fault: "power failure", traits: [] };
  const given = seen({ status: "SHUTOFF", fault: { code: 500, message: "BMC silent" } }, { node });
  t.match(failed(next(updating({ power: "on" }), given, twice)), {
    code: "power-failed",
    message: /BMC silent.*power failure/s,
  });
  t.end();
});

t.test("absent: protection, the server, its ports, its wiping", (t) => {
  const node = (more: object) => ({ id: "n", name: "bm-1", state: "cleaning", traits: [], ...more });
  const gone = (more: object = {}) => nothing({ was: "srv", offers: [], ...more });
  const two: NovaAction[] = [named("delete server"), named("delete server")];
  const cases: [string, object | undefined, ReturnType<typeof nothing>, string, NovaAction[]?][] = [
    ["protected", { deletionProtection: true }, seen(LOCKED), "failed protected"],
    ["protected, unlocked by hand", { deletionProtection: true }, seen(), "failed protected"],
    ["locked by another", {}, seen({ locked: true, locked_reason: "mine" }), "failed protected"],
    ["a lock that was left", {}, seen(LOCKED), "unlock"],
    ["half-made", undefined, seen({}, {}, OPEN), "delete server"],
    ["will not go", {}, seen({ status: "ERROR" }), "failed stuck-state", two],
    ["its port is left", {}, gone({ ports: [port({ device: "" })] }), "delete port 0"],
    ["its port is still bound to it", {}, gone({ ports: [port()] }), "delete port 0"],
    ["its port is on another machine", {}, gone({ ports: [port({ device: "other" })] }), "done"],
    ["a port of the program's own", {}, gone({ ports: [port({ ours: false, device: "" })] }), "done"],
    ["node out of sight", {}, gone(), "done"],
    ["node is wiped", {}, gone({ node: node({}) }), "wait"],
    ["node waits in its wiping", {}, gone({ node: node({ state: "clean wait", maintenance: "slow" }) }), "wait"],
    ["node is free", {}, gone({ node: node({ state: "available" }) }), "done"],
    ["node serves another", {}, gone({ node: node({ state: "active", instance: "other" }) }), "done"],
    ["node is wiped after another", {}, gone({ node: node({ instance: "other" }) }), "done"],
    ["wipe failed", {}, gone({ node: node({ state: "clean failed", lastError: "disk" }) }), "failed clean-failed"],
    ["node still carries it", {}, gone({ node: node({ state: "error", instance: "srv" }) }), "failed stuck-state"],
  ];
  for (const [name, last, given, expected, taken] of cases)
    t.equal(word(next(absent(last), given, taken ?? [])), expected, name);
  t.match(failed(next(absent(), gone({ node: node({ state: "clean failed", lastError: "disk" }) }))), {
    message: /bm-1.*disk/,
  });
  t.equal(word(next(updating(), gone())), "failed not-found", "an update of one that is gone");
  t.end();
});

t.test("adopting changes nothing", (t) => {
  const adopt = creating({ name: "new", metadata: { a: "1" }, adopt: "srv" } as never);
  t.equal(word(next(adopt, seen({ metadata: {} }, {}, OPEN))), "done");
  t.equal(word(next(adopt, seen({ status: "BUILD" }, {}, OPEN))), "wait");
  t.equal(word(next(adopt, seen({ status: "ERROR" }, {}, OPEN))).startsWith("failed"), true, "never deletes it");
  t.end();
});

t.test("actual: the cloud's truth in the program's words", (t) => {
  const inputs: MachineInputs = {
    ...INPUTS,
    name: "db",
    metadata: { a: "1" },
    power: "on",
    deletionProtection: true,
    volumes: ["v1", "v2"],
  };
  const same = seen({
    metadata: { a: "1" },
    ...LOCKED,
    "os-extended-volumes:volumes_attached": [{ id: "v1" }, { id: "v2" }],
  });
  t.same(novaRoute.actual(same, inputs), inputs, "nothing has changed");
  const drifted = seen(
    { name: "other", metadata: { b: "2" }, status: "SHUTOFF", "os-extended-volumes:volumes_attached": [{ id: "v2" }] },
    { ports: [] },
  );
  t.match(novaRoute.actual(drifted, inputs), {
    name: "other",
    metadata: { b: "2" },
    power: "off",
    deletionProtection: false,
    volumes: ["v2"],
    networks: [],
    image: "debian",
  });
  const reinstalled = seen({ image: { id: "img-9" } });
  t.equal(novaRoute.actual(reinstalled, INPUTS).image, "img-9", "installed anew behind our back");
  t.equal(novaRoute.actual({ ...reinstalled, image: "img-9" }, INPUTS).image, "debian", "the name means it now");
  const { ports: _, ...busy } = seen({ status: "BUILD" });
  t.same(novaRoute.actual(busy, { ...inputs }).networks, inputs.networks, "what was not looked at stays");
  t.same(novaRoute.actual(nothing(), inputs), inputs);
  t.notOk("power" in novaRoute.actual(drifted, INPUTS), "what the program does not set is no drift");
  t.end();
});

t.test("trouble: in one line, or none", (t) => {
  const node = { id: "n", state: "active", traits: [] };
  t.equal(novaRoute.trouble(seen()), undefined);
  t.equal(novaRoute.trouble(seen({ status: "SHUTOFF" })), undefined, "off is no trouble");
  t.equal(novaRoute.trouble(seen({ status: "ERROR", fault: { code: 1, message: "dead" } })), "fault: dead");
  t.equal(novaRoute.trouble(seen({}, { node: { ...node, maintenance: "disk" } })), "maintenance: disk");
  t.equal(novaRoute.trouble(seen({}, { node: { ...node, fault: "power failure" } })), "node fault: power failure");
  t.match(novaRoute.trouble(seen({ status: "RESCUE" })), /rescue/);
  t.match(novaRoute.trouble(seen({ status: "OBSCURE" })), /OBSCURE/);
  t.match(novaRoute.trouble(seen({}, { missing: [0, 2] })), /networks\[0\], networks\[2\] are/);
  t.end();
});

t.test("result: what state keeps", (t) => {
  const node = { id: "n", name: "bm-1", state: "active", resourceClass: "metal", traits: ["CUSTOM_GPU"] };
  t.same(novaRoute.result(seen({}, { node }), INPUTS), {
    via: "nova",
    serverId: "srv",
    nodeId: "n",
    nodeName: "bm-1",
    address: "10.0.0.5",
    ports: [{ id: "port-0", network: "net-a", mac: "52:54:00:00:00:01", addresses: ["10.0.0.5"] }],
    imageId: "img-1",
    flavorName: "metal.small",
    resourceClass: "metal",
    powerState: "on",
    provisionState: "ACTIVE",
    facts: { cpus: 16, memoryGiB: 64, diskGiB: 480, traits: ["CUSTOM_GPU"] },
    installDigest: installRecord(TAG, {}),
    wiped: "notVisible",
  });
  t.end();
});
