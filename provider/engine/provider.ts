/** What the engine asks of a provider. */
import type { DiffResult } from "./diff.ts";
import type { CustomTimeouts } from "./state.ts";
import type { PropertyMap } from "./values.ts";

/** A property that Check found wrong. */
export interface CheckFailure {
  /** Its name, empty when it is the resource as a whole. */
  property: string;
  reason: string;
}

/** Asks for the inputs of a resource to be checked and completed. */
export interface CheckRequest {
  urn: string;
  olds: PropertyMap;
  news: PropertyMap;
  randomSeed: Uint8Array;
  allowUnknowns: boolean;
}

/** Asks what differs between a resource and what the program wants. */
export interface DiffRequest {
  urn: string;
  id: string;
  oldInputs: PropertyMap;
  oldOutputs: PropertyMap;
  newInputs: PropertyMap;
  allowUnknowns: boolean;
  ignoreChanges: string[];
}

/** Asks for a resource to be made. */
export interface CreateRequest {
  urn: string;
  inputs: PropertyMap;
  timeouts: CustomTimeouts;
  preview: boolean;
}

/** Asks for a resource to be changed. */
export interface UpdateRequest {
  urn: string;
  id: string;
  oldInputs: PropertyMap;
  oldOutputs: PropertyMap;
  newInputs: PropertyMap;
  timeouts: CustomTimeouts;
  ignoreChanges: string[];
  preview: boolean;
}

/** Names a resource that exists, with its last known state. */
export interface ExistingRequest {
  urn: string;
  id: string;
  inputs: PropertyMap;
  outputs: PropertyMap;
  timeouts: CustomTimeouts;
}

/** Names an object to read; without its last known state when only its id is known. */
export type ReadRequest = Omit<ExistingRequest, "inputs" | "outputs"> &
  Partial<Pick<ExistingRequest, "inputs" | "outputs">>;

/** A resource as the provider sees it now; `id` is empty when it is gone. */
export interface ReadResult {
  id: string;
  outputs: PropertyMap;
  /** Undefined when the provider gave none. */
  inputs: PropertyMap | undefined;
}

/** The operations of a provider. Failures are thrown: PartialFailure when something exists, else any Error. */
export interface Provider {
  check(request: CheckRequest): Promise<{ inputs: PropertyMap; failures: CheckFailure[] }>;
  diff(request: DiffRequest): Promise<DiffResult>;
  create(request: CreateRequest): Promise<{ id: string; outputs: PropertyMap }>;
  update(request: UpdateRequest): Promise<{ outputs: PropertyMap }>;
  delete(request: ExistingRequest): Promise<void>;
  read(request: ReadRequest): Promise<ReadResult>;
}

/** An operation that failed half way: the resource exists and must be kept in state. */
export class PartialFailure extends Error {
  override name = "PartialFailure";
  readonly id: string;
  readonly outputs: PropertyMap;
  readonly inputs: PropertyMap | undefined;
  readonly reasons: string[];

  constructor(kept: { id: string; outputs: PropertyMap; inputs: PropertyMap | undefined; reasons: string[] }) {
    super(kept.reasons.length === 0 ? "resource init failed" : listErrors(kept.reasons));
    this.id = kept.id;
    this.outputs = kept.outputs;
    this.inputs = kept.inputs;
    this.reasons = kept.reasons;
  }
}

function listErrors(reasons: string[]): string {
  const count = reasons.length === 1 ? "1 error" : `${reasons.length} errors`;
  return `${count} occurred:\n${reasons.map((reason) => `\t* ${reason}\n`).join("")}\n`;
}
