/** What a program registers: the resource it wants. */
import type { HookNames } from "./hooks.ts";
import type { CustomTimeouts, ResourceState } from "./state.ts";
import type { PropertyMap } from "./values.ts";

/** Another name a resource may have in state. Empty parts are the resource's own. */
export interface Alias {
  urn?: string;
  name?: string;
  type?: string;
  stack?: string;
  project?: string;
  parent?: string;
  noParent?: boolean;
}

/** A resource as the program wants it. */
export interface Goal {
  type: string;
  name: string;
  custom: boolean;
  inputs: PropertyMap;
  parent: string;
  provider: string;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  protect: boolean | undefined;
  retainOnDelete: boolean | undefined;
  deleteBeforeReplace: boolean | undefined;
  ignoreChanges: string[];
  replaceOnChanges: string[];
  hideDiffs: string[];
  additionalSecretOutputs: string[];
  aliases: Alias[];
  customTimeouts: CustomTimeouts;
  deletedWith: string;
  replaceWith: string[];
  /** The id of an existing object to take over; empty for none. */
  importId: string;
  hooks: HookNames;
}

/** What became of a registration. */
export interface RegisterResult {
  state: ResourceState;
  result: "success" | "failed" | "skipped";
  /** The resource was not made, so that its outputs are unknown. */
  unknown: boolean;
}

/** A registration that waits for its answer. */
export interface Registration {
  goal: Goal;
  /** Answers it; further answers are ignored. */
  resolve(result: RegisterResult): void;
}
