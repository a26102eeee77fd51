/**
 * Property values: what Pulumi programs, providers and state files exchange. On the wire they are JSON with signature
 * keys; here secrets, unknowns and resource references are classes, so that no code compares signatures by hand.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { Refusal } from "./refusals.ts";
import type { Json, JsonObject } from "./stubs.ts";

/** The key that marks an object as something else than a plain object. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
/** The signature of a secret. */
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";
/** The signature of a value with what it depends on. */
export const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** The text every unknown is sent as, whatever its type. */
export const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWN_TEXTS = new Set([
  UNKNOWN_TEXT,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** A value whose content must not be shown or stored in clear. */
export class Secret {
  readonly element: PropertyValue;
  constructor(element: PropertyValue) {
    this.element = element;
  }
}

/** A value that is not known before an operation has run. */
export class Unknown {}
/** The one unknown. */
export const UNKNOWN = new Unknown();

/** A resource used as a value. */
export class ResourceReference {
  readonly urn: string;
  readonly id: PropertyValue | undefined;
  readonly packageVersion: string;
  constructor(urn: string, id: PropertyValue | undefined, packageVersion: string) {
    this.urn = urn;
    this.id = id;
    this.packageVersion = packageVersion;
  }
}

/** Any property value. */
export type PropertyValue =
  | null
  | boolean
  | number
  | string
  | PropertyValue[]
  | PropertyMap
  | Secret
  | Unknown
  | ResourceReference;
/** The inputs or outputs of a resource. */
export interface PropertyMap {
  [key: string]: PropertyValue;
}

/** Whether a value is a plain object (assets included). */
export function isObject(value: PropertyValue | undefined): value is PropertyMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Secret || value instanceof Unknown || value instanceof ResourceReference)
  );
}

/** Whether a value holds something for which `test` is true, at any depth. */
function someWithin(value: PropertyValue, test: (value: PropertyValue) => boolean): boolean {
  if (test(value)) return true;
  if (value instanceof Secret) return someWithin(value.element, test);
  if (Array.isArray(value)) return value.some((item) => someWithin(item, test));
  return isObject(value) && Object.values(value).some((item) => someWithin(item, test));
}

/** Whether a value is or holds a secret. */
export const containsSecrets = (value: PropertyValue): boolean => someWithin(value, (v) => v instanceof Secret);
/** Whether a value is or holds an unknown. */
export const containsUnknowns = (value: PropertyValue): boolean => someWithin(value, (v) => v instanceof Unknown);

/** The value wrapped as a secret, once. */
export function makeSecret(value: PropertyValue): Secret {
  return value instanceof Secret ? value : new Secret(value);
}

/** The value without its secret wrappers. */
export function withoutSecrets(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return withoutSecrets(value.element);
  if (Array.isArray(value)) return value.map(withoutSecrets);
  return isObject(value) ? mapWithoutSecrets(value) : value;
}

/** A property map without its secret wrappers. */
export function mapWithoutSecrets(map: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, withoutSecrets(value)]));
}

/** Deep equality; a secret equals only a secret. */
export function equal(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
  if (a === b) return true;
  if (a instanceof Secret || b instanceof Secret)
    return a instanceof Secret && b instanceof Secret && equal(a.element, b.element);
  if (a instanceof Unknown || b instanceof Unknown) return a instanceof Unknown && b instanceof Unknown;
  if (a instanceof ResourceReference || b instanceof ResourceReference)
    return (
      a instanceof ResourceReference &&
      b instanceof ResourceReference &&
      a.urn === b.urn &&
      equal(a.id ?? null, b.id ?? null)
    );
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]))
    );
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key]));
  }
  return false;
}

/** Reads a value from the wire. `directory` is where the relative paths of assets start. */
export function decode(json: Json, directory = process.cwd()): PropertyValue {
  if (typeof json === "string") return UNKNOWN_TEXTS.has(json) ? UNKNOWN : json;
  if (json === null || typeof json !== "object") return json;
  if (Array.isArray(json)) return json.map((item) => decode(item, directory));
  switch (json[SIGNATURE]) {
    case undefined:
      return decodeMap(json, directory);
    case SECRET:
      return makeSecret(decode(json["value"] ?? null, directory));
    case RESOURCE: {
      const id = json["id"];
      return new ResourceReference(
        String(json["urn"]),
        id === undefined ? undefined : decode(id),
        String(json["packageVersion"] ?? ""),
      );
    }
    case OUTPUT: {
      const value = "value" in json ? decode(json["value"] ?? null, directory) : UNKNOWN;
      return json["secret"] === true ? makeSecret(value) : value;
    }
    case ASSET:
      return decodeAsset(json, directory);
    case ARCHIVE:
      throw new Refusal("archive");
    default:
      throw new Refusal("value-kind", String(json[SIGNATURE]));
  }
}

/** Reads a property map from the wire. */
export function decodeMap(json: JsonObject, directory?: string): PropertyMap {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, decode(value, directory)]));
}

/** An asset with its hash, by which changes of its content are seen. */
function decodeAsset(json: JsonObject, directory: string): PropertyMap {
  if (typeof json["uri"] === "string" && json["uri"] !== "") throw new Refusal("asset-uri");
  if (json["hash"]) return { ...json } as PropertyMap;
  const path = json["path"];
  const content =
    typeof path === "string" && path !== ""
      ? readFileSync(isAbsolute(path) ? path : resolve(directory, path))
      : String(json["text"] ?? "");
  return { ...(json as PropertyMap), hash: createHash("sha256").update(content).digest("hex") };
}

/** What the receiver of a message understands. */
export interface EncodeOptions {
  /** Wrap secrets; otherwise they go bare. */
  secrets: boolean;
  /** Send unknowns as their text; otherwise they are left out. */
  unknowns: boolean;
  /** Send resource references; otherwise their id or URN. */
  references: boolean;
}

/** Writes a value for the wire; undefined when the receiver gets nothing in its place. */
export function encode(value: PropertyValue, options: EncodeOptions): Json | undefined {
  if (value instanceof Unknown) return options.unknowns ? UNKNOWN_TEXT : undefined;
  if (value instanceof Secret) {
    const element = encode(value.element, options);
    if (!options.secrets || element === undefined) return element;
    return { [SIGNATURE]: SECRET, value: element };
  }
  if (value instanceof ResourceReference) {
    if (!options.references) return value.id === undefined ? value.urn : encode(value.id, options);
    return referenceJson(value, value.id === undefined ? undefined : encode(value.id, options));
  }
  if (Array.isArray(value)) return value.map((item) => encode(item, options)).filter((item) => item !== undefined);
  return isObject(value) ? encodeMap(value, options) : value;
}

/** A resource reference as JSON, with the id already written. */
export function referenceJson(reference: ResourceReference, id: Json | undefined): JsonObject {
  return {
    [SIGNATURE]: RESOURCE,
    urn: reference.urn,
    ...(id === undefined ? {} : { id }),
    packageVersion: reference.packageVersion,
  };
}

/** Writes a property map for the wire. */
export function encodeMap(map: PropertyMap, options: EncodeOptions): JsonObject {
  const json: JsonObject = {};
  for (const [key, value] of Object.entries(map)) {
    const encoded = encode(value, options);
    if (encoded !== undefined) json[key] = encoded;
  }
  return json;
}

/**
 * Marks outputs as secret whose input of the same name holds a secret, down through objects: what the engine does for
 * providers that do not handle secrets themselves.
 */
export function annotateSecrets(outputs: PropertyMap, inputs: PropertyMap): void {
  for (const [key, input] of Object.entries(inputs)) {
    const output = outputs[key];
    if (output === undefined) continue;
    if (isObject(output) && isObject(input)) annotateSecrets(output, input);
    else if (!(output instanceof Secret) && containsSecrets(input)) outputs[key] = makeSecret(output);
  }
}
