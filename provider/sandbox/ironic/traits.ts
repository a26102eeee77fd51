import type { Schema } from "../kernel/schema.ts";

/**
 * A trait. Beside CUSTOM_… Ironic takes those of its list (os-traits); any name of one of that list's families passes here.
 */
export const TRAIT: Schema = {
  type: "string",
  minLength: 1,
  maxLength: 255,
  anyOf: [{ pattern: "^CUSTOM_[A-Z0-9_]+$" }, { pattern: "^(HW|COMPUTE|STORAGE|MISC|OWNER|VNIC|HOST)_[A-Z0-9_]+$" }],
};
