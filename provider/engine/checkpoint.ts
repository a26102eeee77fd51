/** Checkpoints: the state of a whole stack in Pulumi's own file format, versions 3 and 4. */
import { createHash } from "node:crypto";
import { EngineError } from "./errors.ts";
import { Refusal } from "./refusals.ts";
import { Crypter } from "./secrets.ts";
import type { ResourceState, SecretWriter } from "./state.ts";
import { encrypted, readState, revealed, writeState } from "./state.ts";
import type { JsonObject } from "./stubs.ts";

/** The engine version that checkpoints name: the one whose behaviour this engine copies. */
export const ENGINE_VERSION = "v3.259.0";

/** What an interrupted run had begun. */
export type PendingKind = "creating" | "updating" | "deleting" | "reading" | "importing";

/** An operation whose end was never recorded. */
export interface PendingOperation {
  resource: ResourceState;
  type: PendingKind;
}

/** The state of a stack. */
export interface Snapshot {
  resources: ResourceState[];
  pendingOperations: PendingOperation[];
  /** Fields of the file this engine does not act on; they are written back. */
  metadata: JsonObject;
}

/** A stack's state as `pulumi stack export` prints it. */
export interface ExportedState {
  version: number;
  features?: string[];
  deployment: JsonObject;
}

/** A snapshot with nothing in it. */
export const emptySnapshot = (): Snapshot => ({ resources: [], pendingOperations: [], metadata: {} });

/** State features that need format version 4, with what shows them. */
const FEATURES: Record<string, (resource: JsonObject) => unknown> = {
  refreshBeforeUpdate: (resource) => resource["refreshBeforeUpdate"],
  views: (resource) => resource["viewOf"],
  hooks: (resource) => resource["resourceHooks"],
  taint: (resource) => resource["taint"],
  replaceWith: (resource) => resource["replaceWith"],
};

/** Writes a snapshot; with secrets in clear only where the user asked for it. */
export function writeSnapshot(snapshot: Snapshot, crypter: Crypter, showSecrets = false): ExportedState {
  const secrets: SecretWriter = showSecrets ? revealed : encrypted(crypter);
  const resources = snapshot.resources.map((resource) => writeState(resource, secrets));
  const operations = snapshot.pendingOperations.map(({ resource, type }) => ({
    resource: writeState(resource, secrets),
    type,
  }));
  const features = Object.keys(FEATURES).filter((name) => resources.some((resource) => FEATURES[name]?.(resource)));
  return {
    version: features.length > 0 ? 4 : 3,
    ...(features.length > 0 ? { features: features.sort() } : {}),
    deployment: {
      manifest: {
        time: new Date().toISOString(),
        magic: createHash("sha256").update(ENGINE_VERSION).digest("hex"),
        version: ENGINE_VERSION,
      },
      secrets_providers: { type: "passphrase", state: { salt: crypter.state } },
      ...(resources.length > 0 ? { resources } : {}),
      ...(operations.length > 0 ? { pending_operations: operations } : {}),
      metadata: snapshot.metadata,
    },
  };
}

/** The salt that a stored state names, undefined when it has none; refuses secrets providers other than passphrases. */
export function saltOf(deployment: JsonObject): string | undefined {
  const provider = deployment["secrets_providers"] as { type: string; state?: { salt?: string } } | undefined;
  if (!provider) return undefined;
  if (provider.type !== "passphrase") throw new Refusal("secrets-provider", provider.type);
  return provider.state?.salt;
}

/** Reads an exported or stored state; refuses versions and features it would misread. */
export function readSnapshot(exported: ExportedState, passphrase: () => string): Snapshot {
  const { version, features = [], deployment } = exported;
  if (version !== 3 && version !== 4) throw new EngineError(`state of format version ${version} is not understood`);
  const unknown = features.filter((feature) => !(feature in FEATURES));
  if (unknown.length > 0) throw new Refusal("state-feature", unknown.join(", "));
  if (deployment["snippets"] || deployment["extensions"]) throw new Refusal("state-extension");
  const salt = saltOf(deployment);
  const crypter = salt === undefined ? undefined : Crypter.open(passphrase(), salt);
  const operations = (deployment["pending_operations"] ?? []) as unknown as {
    resource: JsonObject;
    type: PendingKind;
  }[];
  return {
    resources: ((deployment["resources"] ?? []) as JsonObject[]).map((resource) => readState(resource, crypter)),
    pendingOperations: operations.map(({ resource, type }) => ({ resource: readState(resource, crypter), type })),
    metadata: (deployment["metadata"] ?? {}) as JsonObject,
  };
}

/** Checks that what every resource needs stands before it; throws with the resource's name. */
export function verify(resources: ResourceState[], needs: (resource: ResourceState) => string[]): void {
  const seen = new Set<string>();
  for (const resource of resources) {
    const missing = needs(resource).find((urn) => !seen.has(urn));
    if (missing !== undefined && !resource.delete)
      throw new EngineError(`the state is not sound: ${resource.urn} needs ${missing}, which does not stand before it`);
    seen.add(resource.urn);
  }
}
