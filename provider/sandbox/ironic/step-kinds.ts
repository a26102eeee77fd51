import type { Schema } from "../kernel/schema.ts";
import { STEP_INTERFACES } from "./conductor/steps.ts";
import { TRAIT } from "./traits.ts";

/** A collection of steps under names. */
export interface Kind {
  /** `runbook`. */
  word: string;
  /** As messages say it: `Runbook`. */
  title: string;
  path: "runbooks" | "deploy_templates";
  since: number;
  priority: "order" | "priority";
  allowed: readonly string[];
}

/** Steps that whoever may use them has run on nodes. */
export const RUNBOOK: Kind = {
  word: "runbook",
  title: "Runbook",
  path: "runbooks",
  since: 92,
  priority: "order",
  allowed: ["disable_ramdisk", "extra", "name", "owner", "public", "steps", "description"],
};

/** Steps that a deploy runs for a trait. */
export const TEMPLATE: Kind = {
  word: "deploy_template",
  title: "Deploy template",
  path: "deploy_templates",
  since: 55,
  priority: "priority",
  allowed: ["extra", "name", "steps", "description"],
};

/** A number, or its digits. */
export const NUMBER: Schema = {
  anyOf: [
    { type: "integer", minimum: 0 },
    { type: "string", minLength: 1, pattern: "^[0-9]+$" },
  ],
};

/** What a body that creates one must be. */
export function schemaOf(kind: Kind, version: number): Schema {
  const step: Schema = {
    type: "object",
    properties: {
      args: { type: "object" },
      interface: { type: "string", enum: STEP_INTERFACES },
      step: { type: "string", minLength: 1 },
      [kind.priority]: NUMBER,
    },
    required: kind === RUNBOOK ? ["interface", "step", "order"] : ["interface", "step", "args", "priority"],
    additionalProperties: false,
  };
  const common: Record<string, Schema> = {
    uuid: { type: ["string", "null"] },
    name: TRAIT,
    steps: { type: "array", items: step, minItems: 1 },
    extra: { type: ["object", "null"] },
  };
  if (kind === TEMPLATE) common["description"] = { type: ["string", "null"], maxLength: 255 };
  else {
    common["disable_ramdisk"] = { type: ["boolean", "null"] };
    common["public"] = { type: ["boolean", "null"] };
    common["owner"] = { type: ["string", "null"], maxLength: 255 };
    if (version >= 112) {
      common["name"] = { type: "string", minLength: 1, maxLength: 255, pattern: "^[A-Za-z0-9\\-._~]+$" };
      common["description"] = { type: ["string", "null"], maxLength: 255 };
    }
  }
  return { type: "object", properties: common, required: ["steps", "name"], additionalProperties: false };
}
