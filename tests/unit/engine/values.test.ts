import t from "tap";
import { Refusal } from "../../../provider/engine/refusals.ts";
import type { PropertyMap } from "../../../provider/engine/values.ts";
import {
  annotateSecrets,
  containsSecrets,
  containsUnknowns,
  decode,
  decodeMap,
  encode,
  encodeMap,
  equal,
  makeSecret,
  mapWithoutSecrets,
  ResourceReference,
  Secret,
  UNKNOWN,
  UNKNOWN_TEXT,
} from "../../../provider/engine/values.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

const all = { secrets: true, unknowns: true, references: true };
const bare = { secrets: false, unknowns: false, references: false };

t.test("plain JSON passes unchanged both ways", async (t) => {
  const json = { text: "a", number: 1.5, flag: true, nothing: null, list: [1, [2]], object: { deep: {} } };
  t.same(encodeMap(decodeMap(json), all), json);
});

t.test("a secret keeps its wrapper only for a receiver that understands it", async (t) => {
  const value = decode({ [SIGNATURE]: SECRET, value: { a: 1 } });
  t.ok(value instanceof Secret);
  t.same(encode(value, all), { [SIGNATURE]: SECRET, value: { a: 1 } });
  t.same(encode(value, bare), { a: 1 });
});

t.test("every sentinel is the unknown, and it is sent as one text", async (t) => {
  for (const text of [UNKNOWN_TEXT, "3eeb2bf0-c639-47a8-9e75-3b44932eb421", "dd056dcd-154b-4c76-9bd3-c8f88648b5ff"])
    t.equal(decode(text), UNKNOWN);
  t.equal(encode(UNKNOWN, all), UNKNOWN_TEXT);
  t.same(encodeMap({ known: 1, unknown: UNKNOWN, list: [1, UNKNOWN] }, bare), { known: 1, list: [1] });
});

t.test("a secret unknown goes bare to a provider without secrets", async (t) => {
  t.equal(encode(makeSecret(UNKNOWN), { ...bare, unknowns: true }), UNKNOWN_TEXT);
  t.equal(encode(makeSecret(UNKNOWN), bare), undefined);
});

t.test("an output value becomes its value, unknown or secret", async (t) => {
  t.equal(decode({ [SIGNATURE]: OUTPUT, value: 7, dependencies: ["urn"] }), 7);
  t.equal(decode({ [SIGNATURE]: OUTPUT }), UNKNOWN);
  const hidden = decode({ [SIGNATURE]: OUTPUT, value: "x", secret: true });
  t.ok(hidden instanceof Secret && hidden.element === "x");
});

t.test("a resource reference is its id, or its URN without one, for a receiver that has none", async (t) => {
  const reference = decode({ [SIGNATURE]: REFERENCE, urn: "urn:pulumi:s::p::t::n", id: "i-1" });
  t.ok(reference instanceof ResourceReference);
  t.equal(encode(reference, bare), "i-1");
  t.equal(encode(decode({ [SIGNATURE]: REFERENCE, urn: "urn:pulumi:s::p::t::n" }), bare), "urn:pulumi:s::p::t::n");
});

t.test("a text asset carries the hash of its text", async (t) => {
  const asset = decode({ [SIGNATURE]: ASSET, text: "hello" }) as PropertyMap;
  t.equal(asset["hash"], "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
});

t.test("what is not supported is refused in words", async (t) => {
  t.throws(() => decode({ [SIGNATURE]: ARCHIVE, assets: {} }), Refusal);
  t.throws(() => decode({ [SIGNATURE]: ASSET, uri: "https://example.test" }), { message: /assets by URI/ });
  t.throws(() => decode({ [SIGNATURE]: "something new" }), Refusal);
});

t.test("outputs are secret where the input of the same name is", async (t) => {
  const inputs: PropertyMap = {
    a: makeSecret("x"),
    o: { open: 1, hidden: makeSecret(2) },
    l: [1, makeSecret(2)],
    p: 1,
  };
  const outputs: PropertyMap = { a: "x", o: { open: 1, hidden: 2 }, l: [1, 2], p: 1, derived: "x!" };
  annotateSecrets(outputs, inputs);
  t.ok(outputs["a"] instanceof Secret);
  t.same(encode(outputs["o"] ?? null, all), { open: 1, hidden: { [SIGNATURE]: SECRET, value: 2 } });
  t.ok(outputs["l"] instanceof Secret, "a list with a secret in it is secret as a whole");
  t.equal(outputs["p"], 1);
  t.equal(outputs["derived"], "x!", "a value under a new name is not");
});

t.test("secrets and unknowns are found at any depth", async (t) => {
  t.ok(containsSecrets([{ a: [makeSecret(1)] }]));
  t.ok(containsUnknowns(makeSecret([{ a: UNKNOWN }])));
  t.notOk(containsUnknowns({ a: "text" }));
  t.same(mapWithoutSecrets({ a: makeSecret([makeSecret(1)]) }), { a: [1] });
});

t.test("equality is deep and tells secrets from plain values", async (t) => {
  t.ok(equal({ a: [1, { b: null }] }, { a: [1, { b: null }] }));
  t.ok(equal(makeSecret({ a: 1 }), makeSecret({ a: 1 })));
  t.notOk(equal(makeSecret(1), 1));
  t.notOk(equal({ a: 1 }, { a: 1, b: 2 }));
  t.notOk(equal([1], { 0: 1 }));
});
