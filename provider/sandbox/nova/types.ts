import type { Schema } from "./schema.ts";

/** Kinds of values that many bodies of nova's API share. */
export const uuid: Schema = { type: "string", format: "uuid" };
export const nothing: Schema = {};
export const text: Schema = { type: "string" };
export const name: Schema = { type: "string", format: "name", minLength: 1, maxLength: 255 };
export const nameOrNull: Schema = { oneOf: [{ type: "string", minLength: 1, maxLength: 255 }, { type: "null" }] };
export const description: Schema = { type: ["string", "null"], printable: true, minLength: 0, maxLength: 255 };
export const tag: Schema = { type: "string", pattern: "^[^,/]*$", minLength: 1, maxLength: 60 };
export const flavorRef: Schema = { type: ["string", "integer"], minLength: 1 };
export const boolean: Schema = {
  type: ["boolean", "string"],
  enum: [
    ...[true, "True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes"],
    ...[false, "False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no"],
  ],
};
export const address: Schema = { type: "string", oneOf: [{ format: "ipv4" }, { format: "ipv6" }] };
export const ipv4: Schema = { type: "string", format: "ipv4" };
export const ipv6: Schema = { type: "string", format: "ipv6" };
export const fqdn: Schema = { type: "string", pattern: "^[a-zA-Z0-9-._]*$", minLength: 1, maxLength: 255 };
export const hostname: Schema = {
  type: "string",
  pattern: "^[a-zA-Z0-9]+[a-zA-Z0-9-]*[a-zA-Z0-9]+$",
  minLength: 2,
  maxLength: 63,
};
export const diskConfig: Schema = { type: "string", enum: ["AUTO", "MANUAL"] };
export const metadata: Schema = {
  type: "object",
  patternProperties: { "^[a-zA-Z0-9-_:. ]{1,255}$": { type: "string", maxLength: 255 } },
  additionalProperties: false,
};
export const userData: Schema = { type: ["string", "null"], format: "base64", maxLength: 65535 };

/** An integer of at least `least`, also as text. */
export const atLeast = (least: number): Schema => ({
  type: ["integer", "string"],
  pattern: "^[0-9]*$",
  minimum: least,
  minLength: 1,
});

/** A size from `least` up to what the database holds, also as text. */
export const size = (least: number): Schema => ({
  type: ["integer", "string"],
  pattern: "^[0-9]+$",
  minimum: least,
  maximum: 0x7fffffff,
});

/** An object with just these properties. */
export const only = (properties: Record<string, Schema>, required: string[] = []): Schema => ({
  type: "object",
  properties,
  ...(required.length > 0 ? { required } : {}),
  additionalProperties: false,
});

/** An object with one property of this name. */
export const wrapped = (key: string, schema: Schema): Schema => only({ [key]: schema }, [key]);

/** A list. */
export const listOf = (items: Schema, more: Record<string, unknown> = {}): Schema => ({
  type: "array",
  items,
  ...more,
});
