import t from "tap";
import type { IronicSeen } from "../../../provider/machines/ironic/index.ts";
import { ironicRoute, offersOf } from "../../../provider/machines/ironic/index.ts";
import type { DesiredMachine } from "../../../provider/machines/route.ts";
import type { Node } from "../../../provider/openstack/ironic/index.ts";
import {
  ABSENT,
  allocation,
  digest,
  ID,
  IMAGE,
  INSTALLED,
  inputs,
  mark,
  NODE,
  node,
  port,
  seenWith,
  taking,
  wants,
  word,
} from "./ironic-fixtures.ts";

const { next } = ironicRoute;
const MAINTENANCE = "failed: in-maintenance";
const LOST = "failed: machine-lost";

t.test("a reservation is asked for only where there can be one", async (t) => {
  const offers = offersOf([
    node({ uuid: "a", instance_uuid: null, provision_state: "available" }),
    node({ uuid: "b", instance_uuid: null, provision_state: "available", traits: ["CUSTOM_NVME", "CUSTOM_RACK_R1"] }),
    node({ uuid: "c" }),
    node({
      uuid: "d",
      instance_uuid: null,
      provision_state: "available",
      properties: { cpus: 64, memory_mb: 262144, local_gb: 960 },
    }),
    node({ uuid: "e", instance_uuid: null, provision_state: "available", resource_class: "gold", maintenance: true }),
  ]);
  const seen: IronicSeen = { carries: "none", ports: [], offers, image: { id: IMAGE } };
  const request = (desired: DesiredMachine) => {
    const step = next(desired, seen, []);
    return "do" in step && step.do.name === "reserve a machine" ? step.do.args.request : word(step);
  };
  const name = `pulumi-baremetal-${mark.tag}`;
  const extra = { pulumi_baremetal: "pulumi-baremetal:0123456789abcdef0123:0123456789ab:ba9876543210" };
  t.same(request(wants()), { name, resource_class: "metal", extra }, "a class is taken as it is");
  const amounts = request(wants({ hardware: { cpus: 8, disks: [{ type: "nvme", sizeGiB: 400 }] } }));
  t.same(
    amounts,
    { name, resource_class: "metal", candidate_nodes: ["a", "b"], extra },
    "amounts name the smallest free nodes",
  );
  t.equal(request(wants({ hardware: { cpus: 128 } })), "failed: nothing-fits");
  t.equal(request(wants({ hardware: { class: "lead" } })), "failed: nothing-fits");
  t.equal(request(wants({ hardware: { class: "gold" } })), "failed: no-capacity");
  t.equal(request(wants({ hardware: { flavor: "bm" } })), "failed: unsupported");
  t.equal(request(wants({ keyPair: "me" })), "failed: unsupported");
  t.equal(request(wants({ kind: "virtual" })), "failed: unsupported");
  t.equal(request(wants({ bootVolume: "v" })), "failed: invalid-input", "an image and a boot volume");
  t.equal(request(wants({ volumes: ["v"] })), "failed: not-found");
  t.equal(request(wants({ networks: [{ port: "gone" }] })), "failed: not-found");
  t.equal(
    request({ ...wants(), last: { allocationId: ID } } as DesiredMachine),
    "failed: gone",
    "an update makes no other machine",
  );
  const drop = {
    name: "drop the failed reservation",
    args: { do: "drop", allocation: ID, words: "no suitable nodes" },
  } as const;
  const failed: IronicSeen = {
    carries: "none",
    ports: [],
    allocation: allocation({}, { state: "error", node_uuid: null, last_error: "no suitable nodes" }),
  };
  t.same(next(wants(), failed, []), { do: drop });
  t.same(next(ABSENT, failed, []), { do: drop });
  const after = next(wants(), seen, [drop]);
  t.match("failed" in after && after.failed.message, /no suitable nodes; there are\n {2}metal .*2 free|1 free/s);
  const locked = {
    ...drop,
    args: { ...drop.args, words: "could not reserve any of 1 suitable nodes." },
  };
  t.match(next(wants(), seen, [locked]), { do: { name: "reserve a machine", args: { attempt: 2 } } }, "locked: again");
  t.equal(word(next(wants(), seen, Array(8).fill(locked))), "failed: no-capacity", "but not for ever");
  t.equal(word(next(wants(), { ...failed, allocation: allocation({}, { state: "allocating" }) }, [])), "wait");
});

t.test("from the reservation to the running machine, one step after the other", async (t) => {
  const fresh = {
    provision_state: "available",
    power_state: "power off",
    instance_info: {},
    provision_updated_at: "T1",
  };
  const start = seenWith(fresh, {}, { ports: [] });
  const bare = { ...start, details: { ...start.details!, vifs: [] } };
  t.equal(word(next(wants(), bare, [])), "create port 0");
  const loose = { ...bare, ports: [{ ...port, device: "" }] };
  t.equal(word(next(wants(), loose, [])), "attach port 0");
  const volumes = wants({ volumes: ["v1"] });
  const wired = { ...loose, details: { ...bare.details, vifs: ["port"] } };
  t.equal(word(next(volumes, wired, [])), "make a volume connector");
  const iqn = { uuid: "c", node_uuid: NODE, type: "iqn", connector_id: "iqn", extra: {} };
  t.equal(word(next(volumes, { ...wired, details: { ...wired.details, connectors: [iqn] } }, [])), "add a volume");
  const stale = {
    uuid: "t",
    node_uuid: NODE,
    volume_type: "iscsi",
    volume_id: "v9",
    boot_index: 0,
    extra: { pulumi_baremetal_server: "other" },
  };
  t.equal(
    word(next(wants(), { ...wired, details: { ...wired.details, targets: [stale] } }, [])),
    "remove a volume",
    "left by another server",
  );
  t.equal(word(next(wants(), wired, [])), "describe the machine");
  const described = seenWith({ ...fresh, instance_info: { image_source: IMAGE, display_name: "db" } }, {});
  t.equal(word(next(wants({ metadata: { a: "b" } }), described, [])), "note metadata");
  t.equal(word(next(wants(), described, [])), "note what is to be installed");
  const begun = { pulumi_baremetal_begun: { image: IMAGE, digest, at: "" } };
  const ready = { ...described, allocation: allocation(begun) };
  const step = next(wants({ configDrive: true }), ready, []);
  t.match(step, {
    do: {
      name: "install",
      args: { target: "active", attempt: 1, configdrive: { meta_data: { uuid: ID, hostname: "db" } } },
    },
  });
  t.notMatch(next(wants({ configDrive: false }), ready, []), { do: { args: { configdrive: {} } } });
  const failed = seenWith({ provision_state: "deploy failed", last_error: "disk on fire" }, begun);
  t.match(
    next(wants(), failed, taking("install")),
    { do: { name: "install", args: { attempt: 2 } } },
    "once more on the same node",
  );
  const twice = next(wants(), failed, taking("install", "install"));
  t.match("failed" in twice && twice.failed.message, /n1.*2 times: disk on fire/);
  const active = seenWith({}, begun);
  t.equal(word(next(wants(), active, [])), "note what is installed");
  t.equal(word(next(wants({ power: "off" }), seenWith(), [])), "power off");
  t.equal(word(next(wants(), seenWith(), [])), "done");
});

t.test("what is kept on a running machine", async (t) => {
  t.equal(word(next(wants({ name: "other" }), seenWith(), [])), "describe the machine");
  t.equal(word(next(wants({ name: "other" }), seenWith({ maintenance: true }), [])), MAINTENANCE);
  t.equal(word(next(wants({ metadata: { a: "b" } }), seenWith(), [])), "note metadata");
  t.equal(word(next(wants({ networks: [] }), seenWith(), [])), "detach a port");
  const detached = seenWith();
  t.equal(
    word(next(wants({ networks: [] }), { ...detached, details: { ...detached.details!, vifs: [] } }, [])),
    "delete port 0",
  );
  const named = { ...seenWith(), ports: [{ ...port, id: "theirs", ours: false }] };
  const dropped = { ...wants({ networks: [] }), last: { networks: [{ port: "theirs" }] } } as unknown as DesiredMachine;
  const attached = { ...named, ports: [], details: { ...named.details!, vifs: ["theirs"] } };
  t.match(
    next(dropped, attached, []),
    { do: { name: "detach a port", args: { vif: "theirs" } } },
    "the program's own port leaves",
  );
  t.equal(
    word(next(dropped, { ...attached, details: { ...attached.details, vifs: [] } }, [])),
    "done",
    "and is left alone then",
  );
  t.equal(word(next(wants({ deletionProtection: true }), seenWith(), [])), "protect");
  t.equal(word(next(wants({ deletionProtection: false }), seenWith({ protected: true }), [])), "unprotect");
  t.equal(
    word(next(wants(), seenWith({ protected: true, protected_reason: "operator" }), [])),
    "done",
    "an operator's protection stays",
  );
  t.equal(
    word(next(wants(), seenWith({ protected: true, protected_reason: "pulumi-baremetal: deletionProtection" }), [])),
    "unprotect",
  );
  t.equal(word(next(ABSENT, seenWith({ protected: true }), [])), "failed: protected");
  t.equal(word(next(wants({ power: "off" }), seenWith({ target_power_state: "power on" }), [])), "wait");
  t.equal(word(next(wants({ power: "off" }), seenWith({ maintenance: true }), [])), MAINTENANCE);
  const broken = seenWith({ last_error: "BMC does not answer" });
  t.match(next(wants({ power: "off" }), broken, taking("power off")), { do: { args: { attempt: 2 } } });
  t.equal(word(next(wants({ power: "off" }), broken, taking("power off", "power off"))), "failed: power-failed");
  t.equal(word(next(wants({ volumes: ["v"] }), seenWith(), [])), "failed: needs-power-cycle");
  t.equal(word(next(wants(), seenWith({}, INSTALLED, { carries: "other" }), [])), LOST, "no more ours");
  const { node: _, ...hidden } = seenWith();
  t.equal(word(next(wants(), hidden, [])), LOST);
  t.equal(word(next(ABSENT, hidden, [])), LOST);
});

t.test("a reinstall needs leave, survives interruptions and is not done twice", async (t) => {
  const image = { image: { id: "new-image" } };
  const wish = wants({ image: "debian-13" });
  const leave = wants({ image: "debian-13", allowReinstall: true });
  const begun = { ...INSTALLED, pulumi_baremetal_begun: { image: "new-image", digest, at: "T2" } };
  const told = { instance_info: { image_source: "new-image", display_name: "db" } };
  t.equal(word(next(wish, seenWith({}, INSTALLED, image), [])), "failed: needs-reinstall");
  t.equal(word(next(wants({ userData: "x" }), seenWith(), [])), "failed: needs-reinstall");
  t.equal(word(next(leave, seenWith({ protected: true }, INSTALLED, image), [])), "unprotect");
  t.equal(word(next(leave, seenWith({}, INSTALLED, image), [])), "note what is to be installed");
  t.equal(word(next(leave, seenWith({}, begun, image), [])), "describe the machine");
  t.equal(word(next(leave, seenWith(told, begun, image), [])), "reinstall", "died before it was asked for");
  const done = seenWith({ ...told, provision_updated_at: "T3" }, begun, image);
  t.equal(word(next(leave, done, [])), "note what is installed", "died while it ran: it is done");
  t.equal(word(next(wish, done, [])), "note what is installed");
  t.equal(
    word(next(wants(), seenWith(told, begun), [])),
    "note what is installed",
    "the wish was taken back before it began",
  );
  t.equal(word(next(wants(), seenWith(told), [])), "failed: needs-reinstall", "rebuilt behind our back");
  t.equal(word(next(wants(), seenWith({}, {}), [])), "note what is installed", "an adopted machine is believed");
});

t.test("an adopted machine is left as it is, and brought in line later", async (t) => {
  const adopt = {
    ...wants({ power: "off" }),
    inputs: { ...inputs, power: "off", adopt: ID },
  } as unknown as DesiredMachine;
  const seen = seenWith({ instance_info: { image_source: IMAGE, display_name: "web" } }, {}, { ports: [] });
  const strays = { ...seen, strays: [{ id: "port", network: "net" }] };
  t.equal(word(next(adopt, strays, [])), "done", "nothing is changed on it");
  const later = { ...adopt, last: { allocationId: ID } } as DesiredMachine;
  t.equal(word(next(later, strays, [])), "note what is installed");
  const noted = { ...strays, allocation: seenWith().allocation! };
  t.match(
    next(later, noted, []),
    { do: { name: "change port 0", args: { id: "port" } } },
    "its port becomes ours, its name stays",
  );
});

t.test("volumes leave the node while it still is ours", async (t) => {
  const target = {
    uuid: "t",
    node_uuid: NODE,
    volume_type: "iscsi",
    volume_id: "v",
    boot_index: 1,
    extra: { pulumi_baremetal_server: ID },
  };
  const volume = (servers: string[], status = "in-use") => ({
    id: "v",
    status,
    multiattach: false,
    bootable: "false",
    attachments: servers.map((server_id) => ({ server_id })),
  });
  const withTarget = (more: Partial<Node>, servers: string[]) => {
    const seen = seenWith(more);
    return { ...seen, details: { ...seen.details!, targets: [target], volumes: { v: volume(servers) } } };
  };
  const broken = withTarget({ provision_state: "deploy failed", last_error: "array is gone" }, []);
  const reserved = {
    ...broken,
    allocation: allocation({}),
    details: { ...broken.details, volumes: { v: volume([], "attaching") } },
  };
  const another = next(wants({ volumes: ["v"] }), reserved, []);
  t.equal(word(another), "free a volume that was not attached", "what a failed install left is in the next one's way");
  t.equal(word(next(ABSENT, withTarget({}, [ID]), [])), "power off");
  t.equal(word(next(ABSENT, withTarget({ power_state: "power off" }, []), taking("power off"))), "remove a volume");
  t.equal(
    word(next(ABSENT, withTarget({ power_state: "power off" }, [ID]), taking("power off"))),
    "take the machine down",
    "Ironic detaches what stuck",
  );
  t.equal(
    word(next(ABSENT, withTarget({}, [ID]), taking("power off"))),
    "take the machine down",
    "a BMC that does not obey",
  );
});
