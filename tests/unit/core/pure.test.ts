import t from "tap";
import { Type } from "typebox";
import {
  canonical,
  changedInputs,
  claim,
  clean,
  Failure,
  type Found,
  formatDuration,
  type Mark,
  type ObjectSchema,
  parseDuration,
  readMark,
  resolveTimeouts,
  shapeOf,
  tagOf,
  UNKNOWN,
  validate,
  withMark,
  withoutMark,
} from "../../../provider/core/index.ts";

const schema = Type.Object(
  {
    size: Type.Integer({ minimum: 1 }),
    kind: Type.Optional(Type.Union([Type.Literal("a"), Type.Literal("b")])),
    disks: Type.Optional(
      Type.Array(Type.Object({ sizeGiB: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }), {
        minItems: 1,
      }),
    ),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    on: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
) as unknown as ObjectSchema;

t.test("bad input is named by its property path", async (t) => {
  const cases: [unknown, string, RegExp][] = [
    [{}, "size", /is required/],
    [{ size: 1, sise: 2 }, "sise", /not a property.*did you mean "size"/],
    [{ size: "1" }, "size", /must be a whole number, not "1"/],
    [{ size: -1 }, "size", /at least 1, not -1/],
    [{ size: 1.5 }, "size", /whole number/],
    [{ size: 1, kind: "c" }, "kind", /must be "a" or "b", not "c"/],
    [{ size: 1, disks: [{ sizeGiB: 1 }, { sizeGiB: 0 }] }, "disks[1].sizeGiB", /at least 1/],
    [{ size: 1, disks: [{ sizeGiB: 1, x: 1 }] }, "disks[0].x", /not a property/],
    [{ size: 1, disks: [] }, "disks", /at least 1 item/],
    [{ size: 1, disks: {} }, "disks", /must be a list, not an object/],
    [{ size: 1, labels: { a: 1 } }, "labels.a", /must be a text/],
    [{ size: 1, on: "yes" }, "on", /true or false/],
  ];
  for (const [value, path, reason] of cases) {
    const problems = validate(schema, value);
    t.equal(problems.length, 1, JSON.stringify(value));
    t.equal(problems[0]?.path, path);
    t.match(problems[0]?.reason, reason);
  }
  t.same(validate(schema, { size: 1, kind: "a", disks: [{ sizeGiB: 2 }], labels: { a: "b" }, on: true }), []);
});

t.test("an unknown passes in the place of any type, and hides no other mistake", async (t) => {
  for (const key of ["size", "kind", "disks", "labels", "on"])
    t.same(validate(schema, { size: 1, [key]: UNKNOWN }), [], key);
  t.same(validate(schema, { size: 1, disks: [UNKNOWN, { sizeGiB: UNKNOWN }] }), []);
  t.match(validate(schema, { size: -1, disks: UNKNOWN }), [{ path: "size" }]);
});

const mark = (shape: string, nonce?: string): Mark => ({ tag: "t", shape, ...(nonce && { nonce }) });
const found = (id: string, shape: string, nonce?: string, created = id): Found => ({
  id,
  mark: mark(shape, nonce),
  created,
});

t.test("what is there decides between creating, taking over and refusing", async (t) => {
  const first = { deleteBeforeReplace: true, label: "Thing a" };
  const later = { deleteBeforeReplace: false, label: "Thing a" };
  t.same(claim([], "s", first), { create: true, remove: [] });
  t.same(claim([found("1", "s", "n")], "s", first), { take: "1", remove: [] });
  t.same(
    claim([found("2", "s", "n"), found("1", "s", "n")], "s", first),
    { take: "1", remove: ["2"] },
    "the oldest wins",
  );
  t.same(claim([found("1", "old", "n")], "s", first), { create: true, remove: ["1"] }, "an edited program starts anew");
  t.match(claim([found("1", "s")], "s", first), { refuse: { code: "already-there" } });
  t.match(claim([found("1", "s"), found("2", "s")], "s", first), { refuse: { code: "several-found" } });
  t.match(
    claim([found("1", "old")], "s", first),
    { refuse: { code: "already-there" } },
    "a machine's old half should be gone by now",
  );
  t.same(claim([found("1", "old")], "s", later), { create: true, remove: [] }, "a network's old half goes later");
  t.same(claim([found("1", "old"), found("2", "s", "n")], "s", later), { take: "2", remove: [] });
});

t.test("a mark survives a user's own text", async (t) => {
  const one: Mark = { tag: "0123456789abcdef0123", shape: "0123456789ab", nonce: "ba9876543210" };
  const text = withMark("our database", one);
  t.same(readMark(text), one);
  t.equal(withoutMark(text), "our database");
  const { nonce: _, ...sealed } = one;
  t.same(readMark(withMark(undefined, sealed)), sealed);
  t.equal(withoutMark(withMark(undefined, sealed)), "");
  t.equal(readMark("nothing here"), undefined);
});

t.test("identity: one cloud project's tag is not another's, and order of keys does not matter", async (t) => {
  t.not(tagOf("a/b/Server/c", "p1"), tagOf("a/b/Server/c", "p2"));
  t.equal(shapeOf({ a: 1, b: [{ c: 2, d: 3 }] }), shapeOf({ b: [{ d: 3, c: 2 }], a: 1 }));
  t.not(shapeOf({ a: 1 }), shapeOf({ a: 2 }));
  t.equal(canonical({ a: undefined, b: 1 }), canonical({ b: 1 }));
});

t.test("differences are found by value", async (t) => {
  t.same(changedInputs(schema, { size: 1, disks: [{ sizeGiB: 1 }] }, { size: 1, disks: [{ sizeGiB: 2 }] }), ["disks"]);
  t.same(changedInputs(schema, { size: 1 }, { size: 1 }), []);
});

t.test("what leaves for state is plain JSON without undefined", async (t) => {
  t.same(clean({ a: undefined, b: [{ c: undefined, d: 1 }], e: null }), { b: [{ d: 1 }], e: null });
  t.throws(() => clean({ a: { when: new Date() } }), /a\.when is Date/);
  t.throws(() => clean({ a: Number.NaN }), /a is NaN/);
});

t.test("durations are Pulumi's", async (t) => {
  t.equal(parseDuration("1h30m"), 5400);
  t.equal(parseDuration("45s"), 45);
  t.equal(parseDuration("soon"), undefined);
  t.same(resolveTimeouts({ create: 1, update: 2, delete: 3 }, { update: "5m" }), { create: 1, update: 300, delete: 3 });
  t.throws(() => resolveTimeouts({ create: 1, update: 2, delete: 3 }, { create: "5" }), { code: "invalid-input" });
  t.equal(formatDuration(7800), "2 h 10 min");
  t.equal(formatDuration(3600), "1 h");
});

t.test("a failure says what, where, whose move and what next", async (t) => {
  const error = new Failure({
    code: "no-capacity",
    what: "no valid host",
    mover: "operator",
    next: "wait.",
    requestId: "req-1",
    elapsed: 61,
  });
  t.equal(
    error.with({ resource: "Server db", where: "bm-3" }).message,
    "Server db, bm-3: no valid host (after 1 min 1 s, request req-1)\nThe cloud operator's move: wait. [no-capacity]",
  );
});
