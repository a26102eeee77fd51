import t from "tap";
import { check, diff, type Mark, type Step, UNKNOWN, writeMark } from "../../../provider/core/index.ts";
import type { Volume } from "../../../provider/openstack/cinder/index.ts";
import { STATUSES } from "../../../provider/resources/volume/steps.ts";
import { type SeenVolume, type VolumeAction, type VolumeInputs, volume } from "../../../provider/resources/volume.ts";

const mark: Mark = { tag: "0".repeat(20), shape: "1".repeat(12) };
const unsealed: Mark = { ...mark, nonce: "2".repeat(12) };
const identity = "proj/dev/Volume/data";
const program = (more: Partial<VolumeInputs> = {}) =>
  ({ sizeGiB: 10, identity, condition: "ready", ...more }) as VolumeInputs;

const made = (more: Partial<Volume> = {}): Volume => ({
  id: "v1",
  name: "data",
  description: null,
  status: "available",
  size: 10,
  volume_type: "ssd",
  availability_zone: "nova",
  bootable: "false",
  encrypted: false,
  multiattach: false,
  created_at: "2026-01-01T00:00:00",
  metadata: { pulumi_baremetal: writeMark(mark) },
  attachments: [],
  snapshot_id: null,
  source_volid: null,
  ...more,
});
const seen = (more: Partial<Volume> = {}, rest: Partial<SeenVolume> = {}): SeenVolume => ({
  id: "v1",
  volume: made(more),
  mark,
  messages: [],
  ...rest,
});
const nothing: SeenVolume = { messages: [] };

/** A step in one word or two, for tables. */
function short(step: Step<VolumeAction>): string {
  if ("do" in step) return `do ${step.do.args.call}`;
  if ("wait" in step) return "wait";
  if ("failed" in step) return `failed ${step.failed.code}`;
  return "done";
}
const present = (inputs: VolumeInputs, look: SeenVolume, taken: VolumeAction[] = [], more = {}) =>
  volume.next({ want: "present", inputs, mark, name: "data", ...more }, look, taken);
const absent = (look: SeenVolume) => volume.next({ want: "absent" }, look, []);

t.test("every status of Cinder has an answer, whatever is wanted", async (t) => {
  const table: Record<string, [unchanged: string, larger: string, absent: string]> = {
    available: ["done", "do extend", "do delete"],
    "in-use": ["done", "do extend", "failed in-use"],
    creating: ["wait", "wait", "wait"],
    downloading: ["wait", "wait", "wait"],
    managing: ["wait", "wait", "wait"],
    reserved: ["done", "wait", "failed in-use"],
    attaching: ["done", "wait", "failed in-use"],
    detaching: ["done", "wait", "wait"],
    uploading: ["wait", "wait", "wait"],
    extending: ["wait", "wait", "wait"],
    retyping: ["wait", "wait", "wait"],
    reverting: ["wait", "wait", "wait"],
    "backing-up": ["wait", "wait", "wait"],
    "restoring-backup": ["wait", "wait", "wait"],
    deleting: ["wait", "wait", "wait"],
    deleted: ["wait", "wait", "wait"],
    unmanaging: ["wait", "wait", "wait"],
    "awaiting-transfer": ["done", "failed held-state", "failed held-state"],
    maintenance: ["done", "failed in-maintenance", "failed in-maintenance"],
    error: ["done", "failed volume-failed", "do delete"],
    error_restoring: ["done", "failed volume-failed", "do delete"],
    error_extending: ["done", "failed volume-failed", "do delete"],
    error_managing: ["done", "failed volume-failed", "do delete"],
    error_deleting: ["done", "failed volume-failed", "failed volume-failed"],
    "error_backing-up": ["done", "failed volume-failed", "failed volume-failed"],
    error_managing_deleting: ["done", "failed volume-failed", "failed volume-failed"],
    "never-heard-of": ["failed stuck-state", "failed stuck-state", "failed stuck-state"],
  };
  t.same(
    Object.keys(STATUSES).filter((status) => !(status in table)),
    [],
    "the table is whole",
  );
  for (const [status, answers] of Object.entries(table)) {
    const look = seen({ status });
    t.same(
      [short(present(program(), look)), short(present(program({ sizeGiB: 20 }), look)), short(absent(look))],
      answers,
      status,
    );
  }
});

t.test("absent is absent, and a create begins with one call that carries the mark", async (t) => {
  t.same(absent(nothing), { done: "gone" });
  const step = present(program({ metadata: { a: "b" }, type: "ssd" }), nothing, [], { mark: unsealed });
  t.match(step, {
    do: {
      name: "create volume data",
      args: {
        call: "create",
        body: {
          name: "data",
          size: 10,
          volume_type: "ssd",
          metadata: { a: "b", pulumi_baremetal: writeMark(unsealed) },
        },
      },
    },
  });
  t.equal(short(present(program(), nothing, [], { last: {} })), "failed gone", "an update makes no new one");
  t.match(
    present(program({ image: "x" }), {
      ...nothing,
      images: [
        { id: "1", name: "x" },
        { id: "2", name: "x" },
      ],
    }),
    { failed: { code: "ambiguous", details: { path: "image" } } },
  );
  t.match(present(program({ image: "x" }), { ...nothing, images: [] }), { failed: { code: "not-found" } });
  t.match(present(program({ image: "x" }), { ...nothing, images: [{ id: "1", name: "x", status: "queued" }] }), {
    failed: { code: "image-unusable", message: /as queued/ },
  });
});

t.test("a volume that never came to be is removed, with the cause; one that was finished is kept", async (t) => {
  const messages = [
    {
      id: "m",
      user_message: "create volume: driver failed",
      resource_uuid: "v1",
      created_at: "",
      request_id: "req-1",
    },
  ];
  const failed = seen({ status: "error" }, { messages });
  const step = present(program(), failed, [], { mark: unsealed });
  t.match(step, {
    do: { args: { call: "delete", failed: { code: "volume-failed", words: /driver failed \(req-1\)/ } } },
  });
  const taken = [
    { name: "create volume data", args: { call: "create", body: {} } },
    (step as { do: VolumeAction }).do,
  ] as VolumeAction[];
  t.match(present(program(), nothing, taken, { mark: unsealed }), {
    failed: { code: "volume-failed", message: /driver failed/ },
  });
  t.equal(
    short(present(program(), nothing, taken.slice(1), { mark: unsealed })),
    "do create",
    "what an earlier run left goes, and this one makes its own",
  );
  t.equal(volume.trouble?.(failed), "error: create volume: driver failed");
});

t.test("what is changed in place, one call at a time", async (t) => {
  const user = { metadata: { pulumi_baremetal: "x", a: "1", readonly: "False", attached_mode: "rw" } };
  t.equal(
    short(present(program({ metadata: { a: "1" } }), seen(user))),
    "done",
    "Cinder's own keys are not the program's",
  );
  t.match(present(program({ metadata: { a: "2" } }), seen(user)), {
    do: { args: { call: "setMetadata", metadata: { a: "2" } } },
  });
  t.match(present(program({ metadata: {} }), seen(user)), { do: { args: { call: "removeMetadata", key: "a" } } });
  t.equal(short(present(program(), seen(user))), "done", "without `metadata` it is left alone");
  t.match(
    present(program(), seen(user), [], { last: { metadata: { a: "1" } } }),
    { do: { args: { call: "removeMetadata", key: "a" } } },
    "unless the program had set it",
  );
  t.match(present(program({ name: "x", description: "d" }), seen()), {
    do: { args: { changes: { name: "x", description: "d" } } },
  });
  t.match(present(program({ bootable: true }), seen()), { do: { args: { call: "setBootable", bootable: true } } });
  t.match(present(program({ sizeGiB: 20 }), seen({ status: "in-use" })), {
    do: { name: /rescan/, args: { inUse: true } },
  });
  t.match(present(program({ sizeGiB: 5 }), seen()), {
    failed: { code: "would-lose-data", details: { path: "sizeGiB" } },
  });
  t.equal(
    short(present(program({ adopt: "v1" }), seen({ name: "by-hand", description: "text" }))),
    "done",
    "an adopted one keeps its name and text",
  );
});

t.test("a delete says who is in the way", async (t) => {
  const attachments = [{ attachment_id: "a1", server_id: "s1", device: "/dev/vdb", host_name: null }];
  t.match(absent(seen({ status: "in-use", attachments })), {
    failed: { code: "in-use", message: /held by s1 as \/dev\/vdb \(attachment a1\)/ },
  });
  t.match(absent(seen({}, { snapshots: [{ id: "n1", name: "nightly" }] })), {
    failed: { message: /1 snapshot: nightly n1/ },
  });
});

t.test("inputs are checked without a cloud, and unknowns pass", async (t) => {
  const problems = (news: object, olds?: object) =>
    check(volume, olds as never, { identity, ...news }).problems.map(({ path }) => path);
  t.same(problems({}), ["sizeGiB"]);
  t.same(problems({ sizeGiB: 0 }), ["sizeGiB"]);
  t.same(problems({ image: "debian" }), ["sizeGiB"]);
  t.same(problems({ snapshot: "s" }), []);
  t.same(problems({ sizeGiB: 1, snapshot: "s", backup: "b" }), ["backup"]);
  t.same(problems({ sizeGiB: 5 }, { sizeGiB: 10 }), ["sizeGiB"], "never smaller");
  t.same(problems({ sizeGiB: 5, replaceTrigger: "2" }, { sizeGiB: 10 }), [], "but a new one may be");
  t.same(problems({ sizeGiB: 5, replaceTrigger: UNKNOWN }, { sizeGiB: 10 }), []);
  t.same(problems({ sizeGiB: 1, metadata: { pulumi_baremetal: "x" } }), ["metadata.pulumi_baremetal"]);
  t.same(problems({ sizeGiB: UNKNOWN, image: UNKNOWN, metadata: UNKNOWN, type: UNKNOWN, bootable: UNKNOWN }), []);
  t.same(problems({ sizeGiB: UNKNOWN }, { sizeGiB: 10 }), []);
});

t.test("what would lose the data is refused in preview", async (t) => {
  const olds = program({ type: "ssd", image: "debian" });
  for (const change of [
    { type: "hdd" },
    { image: "other" },

    { availabilityZone: "az2" },
    { snapshot: "s" },
  ])
    t.throws(() => diff(volume, olds, { ...olds, ...change }), { code: "would-lose-data" }, JSON.stringify(change));
  t.same(
    diff(volume, olds, { ...olds, type: undefined, image: undefined }).replaces,
    [],
    "not to name it any more is no change",
  );
  const state = { ...program(), volumeType: "ssd", zone: "nova" };
  t.same(
    diff(volume, state, program({ type: "ssd", availabilityZone: "nova" })).replaces,
    [],
    "nor to name what it is already",
  );
  t.same(diff(volume, olds, { ...olds, type: UNKNOWN } as never).replaces, [], "a guess replaces nothing");
  t.same(diff(volume, olds, { ...olds, sizeGiB: 20 }).replaces, []);
  t.same(
    diff(volume, { ...olds, condition: "half-made: its create was interrupted" }, { ...olds, type: "hdd" }).replaces,
    ["type"],
    "nothing is lost with a half-made one",
  );
});

t.test("a refresh shows drift in the program's own words", async (t) => {
  const inputs = program({ type: "ssd", metadata: { a: "1" }, bootable: false, availabilityZone: "nova" });
  t.same(volume.actual(seen({ metadata: { a: "1", pulumi_baremetal: "x" } }), inputs), inputs);
  t.same(volume.actual(seen(), program()), program(), "what the program does not set does not appear");
  t.match(
    volume.actual(
      seen({ name: "renamed", description: "d", size: 20, volume_type: "hdd", bootable: "true", metadata: { b: "2" } }),
      inputs,
    ),
    {
      name: "renamed",
      description: "d",
      sizeGiB: 20,
      type: "hdd",
      bootable: true,
      metadata: { b: "2" },
    },
  );
});
