import t from "tap";
import { failure } from "../../../provider/core/index.ts";
import { installRecord } from "../../../provider/machines/install.ts";
import { type NovaAction, novaRoute } from "../../../provider/machines/nova/index.ts";
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

const NODE_ON = { id: "n", state: "active", traits: [], power: "on" as const };
const NODE_OFF = { ...NODE_ON, power: "off" as const };

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
    ["power on, not recorded yet", { power: "on" }, [{ "OS-EXT-STS:power_state": 4 }], "wait"],
    ["power off, not recorded yet", { power: "off" }, [{ "OS-EXT-STS:power_state": 4 }], "power off"],
    ["power on, off behind Nova's back", { power: "on" }, [{}, { node: NODE_OFF }], "reboot"],
    ["power on, the node knows better", { power: "on" }, [{ "OS-EXT-STS:power_state": 4 }, { node: NODE_ON }], "done"],
    ["power off", { power: "off" }, [], "power off"],
    ["power off is so", { power: "off" }, [{ status: "SHUTOFF", "OS-EXT-STS:power_state": 4 }], "done"],
    ["power off is not so, Nova gave up", { power: "off" }, [{ status: "SHUTOFF" }], "note that it runs"],
    ["power not set", {}, [{ status: "SHUTOFF" }], "done"],
    [
      "power of a paused one",
      { power: "off" },
      [{ status: "PAUSED", "OS-EXT-STS:power_state": 3 }],
      "failed held-state",
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
    ["port elsewhere", {}, [{}, { ports: [port({ device: "other" })], missing: [0] }], "failed in-use"],
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
  t.match(failed(next(updating({ power: "off" }), seen({ status: "SHUTOFF" }), [named("power off")])), {
    code: "power-failed",
    message: /power off was asked for and the machine is on/,
  });
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
    ["will not go", {}, seen(), "failed release-failed", two],
    ["given up while its node was locked", {}, seen({ status: "ERROR" }), "delete server", two],
    [
      "Ironic is long at work on its node",
      {},
      seen({ status: "ERROR", fault: { code: 500, message: "ConflictException" } }),
      "delete server",
      Array(6).fill(two).flat(),
    ],
    ["given up each time", {}, seen({ status: "ERROR" }), "failed release-failed", Array(6).fill(two).flat()],
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
    ["node still carries it", {}, gone({ node: node({ state: "error", instance: "srv" }) }), "failed release-failed"],
  ];
  for (const [name, last, given, expected, taken] of cases)
    t.equal(word(next(absent(last), given, taken ?? [])), expected, name);
  t.match(failed(next(absent(), gone({ node: node({ state: "clean failed", lastError: "disk" }) }))), {
    message: /bm-1.*disk/,
  });
  t.match(
    next(absent(), gone({ ports: [port()] })),
    { do: { args: { letGo: true } } },
    "Neutron deletes no bound port",
  );
  t.equal(word(next(updating(), gone())), "failed gone", "an update of one that is gone");
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
    {
      name: "other",
      metadata: { b: "2" },
      status: "SHUTOFF",
      "OS-EXT-STS:power_state": 4,
      "os-extended-volumes:volumes_attached": [{ id: "v2" }],
    },
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
