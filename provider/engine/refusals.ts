/**
 * Everything the engine refuses, in one table. What is refused is refused in words and before anything is touched;
 * the message names it and what to do instead.
 */
import { EngineError } from "./errors.ts";

/** A refused feature. */
export interface RefusedFeature {
  /** What was asked for, as the user knows it; `{}` is the case at hand. */
  what: string;
  /** What to do about it. */
  instead: string;
}

const CLI = "use the pulumi CLI for this stack: its state file is the same";
const WITHOUT = "leave it out, or use the pulumi CLI for this stack: its state file is the same";

const features = <Id extends string>(table: Record<Id, RefusedFeature>) => table;

/** Every refused feature by its id. */
export const REFUSALS = features({
  // what a program registers and asks
  "other-package": { what: "the provider package {}, only dynamic providers", instead: CLI },
  "remote-component": { what: "remote components ({})", instead: CLI },
  "component-method": { what: "methods of remote components ({})", instead: CLI },
  "parameterized-package": { what: "parameterized packages ({})", instead: CLI },
  "provider-function": { what: "provider functions ({})", instead: CLI },
  "stack-reference": {
    what: "StackReference ({})",
    instead: "read the other stack with `stack output` and hand the value over as configuration, or use the pulumi CLI",
  },
  get: { what: "reading existing resources ({}: .get())", instead: CLI },
  "import-found": {
    what: "taking over what the import option found ({}); no dynamic provider of today answers it",
    instead: CLI,
  },
  "replacement-trigger": { what: "the replacementTrigger option ({})", instead: WITHOUT },
  "error-hook": { what: "error hooks ({})", instead: WITHOUT },
  "old-alias": { what: "the alias format of @pulumi/pulumi before 3.66", instead: "update @pulumi/pulumi" },
  debugger: {
    what: "debuggers",
    instead: "start the program's Node.js with --inspect through runtime.options.nodeargs",
  },
  "require-version": { what: "requirePulumiVersion ({})", instead: WITHOUT },
  archive: { what: "archives as property values", instead: CLI },
  "asset-uri": { what: "assets by URI", instead: "use an asset of a file or of text" },
  "value-kind": { what: "property values of kind {}", instead: CLI },
  // the project and the stack's configuration
  runtime: { what: 'programs of runtime "{}"', instead: CLI },
  packages: { what: "packages in Pulumi.yaml", instead: CLI },
  "project-secret": { what: "secret values in Pulumi.yaml ({})", instead: "set them in the stack's configuration" },
  environment: { what: "Pulumi ESC environments", instead: CLI },
  "secrets-provider": { what: 'the secrets provider "{}"', instead: CLI },
  "key-service": { what: "secrets of a cloud key service", instead: CLI },
  // the backend and its state
  backend: { what: "the backend {}", instead: "set PULUMI_BACKEND_URL to a file:// URL, or use the pulumi CLI" },
  "compressed-state": { what: "compressed state files", instead: CLI },
  "state-feature": { what: "state with the features {}", instead: CLI },
  "state-extension": { what: "state with snippets or extensions", instead: CLI },
  "state-view": { what: "state with resource views ({})", instead: CLI },
  // flags of commands
  "policy-pack": { what: "policy packs", instead: CLI },
  plan: { what: "update plans", instead: CLI },
  "refresh-program": { what: "running the program in refresh", instead: "refresh without --run-program" },
  exclude: { what: "--exclude", instead: "name what is meant with --target" },
  "import-file": { what: "import files", instead: CLI },
  "remote-run": { what: "Pulumi Deployments", instead: CLI },
  json: { what: "--json for operations that change something", instead: "use it with preview or --preview-only" },
});

/** The name of a refused feature. */
export type RefusalId = keyof typeof REFUSALS;

/** A feature of the real engine that this one does not have. */
export class Refusal extends EngineError {
  override name = "Refusal";
  readonly id: RefusalId;

  /** @param subject the case at hand: a name, a type, a value */
  constructor(id: RefusalId, subject = "") {
    const { what, instead } = REFUSALS[id];
    super(`the embedded engine does not support ${what.replace("{}", () => subject)}; ${instead}`);
    this.id = id;
  }
}
