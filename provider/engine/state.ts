/** The state of one resource, as the engine works with it and as checkpoints store it. */
import { EngineError } from "./errors.ts";
import type { HookNames } from "./hooks.ts";
import { Refusal } from "./refusals.ts";
import type { Crypter } from "./secrets.ts";
import type { Json, JsonObject } from "./stubs.ts";
import { isProviderType, parseReference } from "./urn.ts";
import type { PropertyMap, PropertyValue } from "./values.ts";
import {
  decode,
  isObject,
  ResourceReference,
  referenceJson,
  SECRET,
  Secret,
  SIGNATURE,
  UNKNOWN_TEXT,
  Unknown,
} from "./values.ts";

/** Seconds an operation may take; the provider enforces them. */
export interface CustomTimeouts {
  create?: number;
  update?: number;
  delete?: number;
  read?: number;
}

/** One resource in state. Objects are compared by identity: each is one version of a resource in one run. */
export interface ResourceState {
  urn: string;
  type: string;
  /** Whether a provider manages it; false for components and the stack. */
  custom: boolean;
  id: string;
  inputs: PropertyMap;
  outputs: PropertyMap;
  parent: string;
  /** Reference to its provider, empty for components and providers. */
  provider: string;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  /** The old half of a replacement, still to be deleted. */
  delete: boolean;
  /** Deleted for a replacement that was not made yet. */
  pendingReplacement: boolean;
  /** Read by the program, not managed. */
  external: boolean;
  protect: boolean;
  /** Marked by the user for replacement. */
  taint: boolean;
  retainOnDelete: boolean;
  initErrors: string[];
  additionalSecretOutputs: string[];
  aliases: string[];
  customTimeouts: CustomTimeouts;
  importID: string;
  deletedWith: string;
  replaceWith: string[];
  ignoreChanges: string[];
  replaceOnChanges: string[];
  /** Property paths that displays leave out. */
  hideDiff: string[];
  resourceHooks: HookNames;
  created: string | undefined;
  modified: string | undefined;
  /** Fields of the state file this engine does not act on; they are written back as they were. */
  rest: JsonObject;
}

/** A state with every field at its default. */
export function newState(fields: Partial<ResourceState> & Pick<ResourceState, "urn" | "type">): ResourceState {
  return {
    custom: false,
    id: "",
    inputs: {},
    outputs: {},
    parent: "",
    provider: "",
    dependencies: [],
    propertyDependencies: {},
    delete: false,
    pendingReplacement: false,
    external: false,
    protect: false,
    taint: false,
    retainOnDelete: false,
    initErrors: [],
    additionalSecretOutputs: [],
    aliases: [],
    customTimeouts: {},
    importID: "",
    deletedWith: "",
    replaceWith: [],
    ignoreChanges: [],
    replaceOnChanges: [],
    hideDiff: [],
    resourceHooks: {},
    created: undefined,
    modified: undefined,
    rest: {},
    ...fields,
  };
}

/** Every resource this one needs, apart from its parent and provider. */
export function dependenciesOf(state: ResourceState): string[] {
  const urns = [...state.dependencies, ...Object.values(state.propertyDependencies).flat(), ...state.replaceWith];
  return state.deletedWith === "" ? urns : [...urns, state.deletedWith];
}

/** Every resource this one needs: dependencies, parent, provider. */
export function needsOf(state: ResourceState): string[] {
  const needs = dependenciesOf(state);
  if (state.parent !== "") needs.push(state.parent);
  if (state.provider !== "") needs.push(parseReference(state.provider).urn);
  return needs;
}

/** Whether a provider's hooks manage this resource: neither a component nor a provider. */
export const isManaged = (state: ResourceState): boolean => state.custom && !isProviderType(state.type);

/** Known ciphertexts, so that writing state encrypts only what is new. */
const ciphertexts = new WeakMap<Secret, { salt: string; ciphertext: string }>();

/** How secrets are written: encrypted, in clear on request, or blinded for display. */
export type SecretWriter = (secret: Secret) => Json;

/** Writes secrets encrypted, as checkpoints hold them. */
export function encrypted(crypter: Crypter): SecretWriter {
  return (secret) => {
    let known = ciphertexts.get(secret);
    if (known?.salt !== crypter.state) {
      known = { salt: crypter.state, ciphertext: crypter.encrypt(JSON.stringify(writeValue(secret.element, inClear))) };
      ciphertexts.set(secret, known);
    }
    return { [SIGNATURE]: SECRET, ciphertext: known.ciphertext };
  };
}

/** Writes secrets as `stack export --show-secrets` does. */
export const revealed: SecretWriter = (secret) => ({
  [SIGNATURE]: SECRET,
  plaintext: JSON.stringify(writeValue(secret.element, inClear)),
});

/** Writes secrets as the user may see them. */
export const blinded: SecretWriter = () => "[secret]";
/** Writes what is inside a secret. */
export const inClear: SecretWriter = (secret) => writeValue(secret.element, inClear);

/** A value as state files hold it. */
export function writeValue(value: PropertyValue, secrets: SecretWriter): Json {
  if (value instanceof Unknown) return UNKNOWN_TEXT;
  if (value instanceof Secret) return secrets(value);
  if (value instanceof ResourceReference)
    return referenceJson(value, value.id === undefined ? undefined : writeValue(value.id, secrets));
  if (Array.isArray(value)) return value.map((item) => writeValue(item, secrets));
  return isObject(value) ? writeMap(value, secrets) : value;
}

/** A property map as state files hold it, keys sorted. */
export function writeMap(map: PropertyMap, secrets: SecretWriter): JsonObject {
  const keys = Object.keys(map).sort();
  return Object.fromEntries(keys.map((key) => [key, writeValue(map[key] ?? null, secrets)]));
}

function readValue(json: Json, crypter: Crypter | undefined): PropertyValue {
  if (json === null || typeof json !== "object") return decode(json);
  if (Array.isArray(json)) return json.map((item) => readValue(item, crypter));
  if (json[SIGNATURE] === undefined) return readMap(json, crypter);
  if (json[SIGNATURE] !== SECRET) return decode(json);
  if (typeof json["plaintext"] === "string") return new Secret(decode(JSON.parse(json["plaintext"]) as Json));
  const ciphertext = String(json["ciphertext"]);
  if (!crypter) throw new EngineError("this state holds secrets but names no secrets provider");
  const secret = new Secret(decode(JSON.parse(crypter.decrypt(ciphertext)) as Json));
  ciphertexts.set(secret, { salt: crypter.state, ciphertext });
  return secret;
}

function readMap(json: JsonObject, crypter: Crypter | undefined): PropertyMap {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, readValue(value, crypter)]));
}

/** Fields in the order state files have them. */
const FIELDS = [
  "urn",
  "custom",
  "delete",
  "id",
  "type",
  "inputs",
  "outputs",
  "parent",
  "protect",
  "taint",
  "external",
  "dependencies",
  "initErrors",
  "provider",
  "propertyDependencies",
  "pendingReplacement",
  "additionalSecretOutputs",
  "aliases",
  "customTimeouts",
  "importID",
  "retainOnDelete",
  "deletedWith",
  "replaceWith",
  "created",
  "modified",
  "ignoreChanges",
  "hideDiff",
  "replaceOnChanges",
  "resourceHooks",
] as const satisfies readonly (keyof ResourceState)[];

const isEmpty = (value: Json | undefined): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  value === false ||
  (typeof value === "object" && Object.keys(value).length === 0);

/** A resource as state files hold it: empty fields left out. */
export function writeState(state: ResourceState, secrets: SecretWriter): JsonObject {
  const json: JsonObject = {};
  for (const field of FIELDS) {
    const value =
      field === "inputs" || field === "outputs" ? writeMap(state[field], secrets) : (state[field] as Json | undefined);
    if (field === "custom" || !isEmpty(value)) json[field] = value as Json;
  }
  return { ...json, ...state.rest };
}

/** Reads a resource of a state file; refuses what would be misread. */
export function readState(json: JsonObject, crypter: Crypter | undefined): ResourceState {
  if (json["viewOf"]) throw new Refusal("state-view", String(json["urn"]));
  const known = new Set<string>(FIELDS);
  const { inputs, outputs, ...fields } = json;
  const rest: JsonObject = {};
  const own: JsonObject = {};
  for (const [key, value] of Object.entries(fields)) (known.has(key) ? own : rest)[key] = value;
  return newState({
    ...(own as unknown as Partial<ResourceState> & Pick<ResourceState, "urn" | "type">),
    inputs: readMap((inputs ?? {}) as JsonObject, crypter),
    outputs: readMap((outputs ?? {}) as JsonObject, crypter),
    rest,
  });
}
