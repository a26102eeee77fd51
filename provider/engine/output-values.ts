/**
 * Output values: how properties travel to transforms and back, with what they depend on. Only transforms see them;
 * everything else in the engine keeps dependencies apart from values.
 */
import type { Json, JsonObject } from "./stubs.ts";
import { OUTPUT, SECRET, SIGNATURE, UNKNOWN_TEXT } from "./values.ts";

const isOutput = (json: Json): json is JsonObject => isRecord(json) && json[SIGNATURE] === OUTPUT;
const isRecord = (json: Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json);

/** A value whose secrets and unknowns are output values, so that a transform gets them as Outputs. */
export function toOutputs(json: Json): Json {
  if (json === UNKNOWN_TEXT) return { [SIGNATURE]: OUTPUT };
  if (Array.isArray(json)) return json.map(toOutputs);
  if (!isRecord(json)) return json;
  if (json[SIGNATURE] === SECRET) {
    const inner = toOutputs(json["value"] ?? null);
    return isOutput(inner) ? { ...inner, secret: true } : { [SIGNATURE]: OUTPUT, value: inner, secret: true };
  }
  if (json[SIGNATURE] !== undefined) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, toOutputs(value)]));
}

/** A value that also depends on `urns`. */
export function dependingOn(json: Json, urns: readonly string[]): Json {
  const known = dependenciesIn(json);
  if (urns.every((urn) => known.has(urn))) return json;
  const output = isOutput(json) ? json : { [SIGNATURE]: OUTPUT, value: json };
  const own = Array.isArray(output["dependencies"]) ? output["dependencies"] : [];
  return { ...output, dependencies: [...new Set([...own, ...urns])] };
}

/** Every URN that a value or anything within it depends on. */
export function dependenciesIn(json: Json | undefined, found = new Set<string>()): Set<string> {
  if (Array.isArray(json)) for (const item of json) dependenciesIn(item, found);
  else if (isRecord(json)) {
    if (isOutput(json) && Array.isArray(json["dependencies"]))
      for (const urn of json["dependencies"]) found.add(String(urn));
    for (const value of Object.values(json)) dependenciesIn(value, found);
  }
  return found;
}
