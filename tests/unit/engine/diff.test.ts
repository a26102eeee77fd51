import t from "tap";
import type { DiffResult } from "../../../provider/engine/diff.ts";
import {
  applyReplaceOnChanges,
  asksReplacement,
  diffInputs,
  invert,
  resetIgnored,
} from "../../../provider/engine/diff.ts";
import { parsePath, pathContains, pathText } from "../../../provider/engine/property-path.ts";
import { UNKNOWN } from "../../../provider/engine/values.ts";

t.test("differences are named by path", async (t) => {
  const { changedKeys, detailedDiff } = diffInputs(
    { size: 10, disks: [{ size: 1 }, { size: 2 }], gone: 1, same: [1], tags: { "a.b": 1 } },
    { size: 20, disks: [{ size: 1 }, { size: 3 }, { size: 4 }], new: 1, same: [1], tags: { "a.b": 2 } },
  );
  t.same(changedKeys.sort(), ["disks", "gone", "new", "size", "tags"]);
  t.same(detailedDiff, {
    size: { kind: "update", inputDiff: true },
    "disks[1].size": { kind: "update", inputDiff: true },
    "disks[2]": { kind: "add", inputDiff: true },
    gone: { kind: "delete", inputDiff: true },
    new: { kind: "add", inputDiff: true },
    'tags["a.b"]': { kind: "update", inputDiff: true },
  });
});

t.test("null counts as absent, and an unknown differs from every known value", async (t) => {
  t.same(diffInputs({ a: null }, {}).changedKeys, []);
  t.same(diffInputs({ a: 1 }, { a: UNKNOWN }).detailedDiff, { a: { kind: "update", inputDiff: true } });
  t.same(diffInputs({ a: UNKNOWN }, { a: UNKNOWN }).changedKeys, []);
});

const some = (partial: Partial<DiffResult>): DiffResult => ({
  changes: "some",
  replaceKeys: [],
  changedKeys: ["value"],
  detailedDiff: { "value.deep": { kind: "update", inputDiff: true } },
  deleteBeforeReplace: false,
  ...partial,
});

t.test("replaceOnChanges turns changes at its paths into replacements", async (t) => {
  const cases: [string[], boolean][] = [
    [["value"], true],
    [["value.deep"], true],
    [["*"], true],
    [["other"], false],
    [[], false],
  ];
  for (const [options, replaced] of cases)
    t.equal(asksReplacement(applyReplaceOnChanges(some({}), options, false)), replaced, JSON.stringify(options));
});

t.test("a refresh shows a diff from the other side", async (t) => {
  const diff = invert(
    some({ detailedDiff: { a: { kind: "add", inputDiff: true }, b: { kind: "delete-replace", inputDiff: true } } }),
  );
  t.same(diff.detailedDiff, { a: { kind: "delete", inputDiff: true }, b: { kind: "add-replace", inputDiff: true } });
});

t.test("ignoreChanges puts old values back", async (t) => {
  const old = { value: "old", other: { x: 1, y: 1 }, list: [1, 2] };
  const now = { value: "new", other: { x: 2, y: 2 }, list: [1, 3] };
  t.same(resetIgnored(now, old, ["value", "other.x", "list[1]"]), {
    inputs: { value: "old", other: { x: 1, y: 2 }, list: [1, 2] },
    impossible: [],
  });
  t.same(now, { value: "new", other: { x: 2, y: 2 }, list: [1, 3] }, "the given inputs stay as they are");
});

t.test("property paths read back as they were written", async (t) => {
  for (const text of ["a", "a.b[0].c", 'tags["a.b"]', 'x["q\\"q"]']) t.equal(pathText(parsePath(text)), text);
  t.throws(() => parsePath("a[b"), /not a property path/);
  t.ok(pathContains(parsePath("a[*].c"), parsePath("a[3].c.d")));
  t.notOk(pathContains(parsePath("a.b"), parsePath("a")));
});
