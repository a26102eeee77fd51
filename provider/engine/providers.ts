/** The providers of a run: the provider resources themselves, and the processes behind them. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { DiffResult } from "./diff.ts";
import { EngineError } from "./errors.ts";
import type { CheckRequest, CreateRequest, DiffRequest, ExistingRequest, Provider, UpdateRequest } from "./provider.ts";
import { ProviderClient } from "./provider-client.ts";
import type { ProviderHost } from "./provider-process.ts";
import { ProviderProcess } from "./provider-process.ts";
import { Refusal } from "./refusals.ts";
import type { ResourceState } from "./state.ts";
import { isProviderType, packageOf, parseReference, parseUrn, referenceText, UNKNOWN_ID } from "./urn.ts";
import { equal } from "./values.ts";

/** The package whose provider is the dynamic-provider server. */
export const DYNAMIC_PACKAGE = "pulumi-nodejs";

/** How long the Cancel before an immediate end may take to be answered. */
const LAST_CANCEL_MS = 300;

/** Refuses packages other than the dynamic one. */
export function refuseOtherPackages(type: string): void {
  const name = packageOf(type);
  if (name !== DYNAMIC_PACKAGE) throw new Refusal("other-package", `"${name}" (${type})`);
}

/** Starts and configures providers; as a Provider it manages the provider resources. */
export class ProviderRegistry implements Provider {
  readonly #host: ProviderHost;
  readonly #processes: ProviderProcess[] = [];
  readonly #configured = new Map<string, ProviderClient>();
  /** Checked in this run, not yet configured. */
  readonly #checked = new Map<string, ProviderClient>();
  #left = false;

  constructor(host: ProviderHost) {
    this.#host = host;
  }

  /** The configured provider a resource refers to. */
  get(reference: string): ProviderClient | undefined {
    return this.#configured.get(reference);
  }

  /** Makes the provider that stored resources refer to usable, from the provider resource in state. */
  async ensure(reference: string, resources: readonly ResourceState[]): Promise<void> {
    if (reference === "" || this.#configured.has(reference)) return;
    const { urn, id } = parseReference(reference);
    const resource = resources.find((candidate) => candidate.urn === urn && candidate.id === id);
    if (!resource) throw new EngineError(`could not find provider ${reference}`);
    await this.same(resource, false);
  }

  /** Configures an unchanged provider, unless that was done in this run. */
  async same(resource: ResourceState, fromCheck: boolean): Promise<void> {
    const reference = referenceText(resource);
    if (this.#configured.has(reference)) return;
    const checked = fromCheck ? this.#checked.get(resource.urn) : undefined;
    const client = checked ?? (await this.#start(resource.type));
    if (checked) this.#checked.delete(resource.urn);
    client.configure(resource.urn, resource.id, resource.inputs);
    this.#configured.set(reference, client);
  }

  async check({ urn, olds, news }: CheckRequest) {
    const client = await this.#start(parseUrn(urn).type);
    const inputs = await client.checkConfig(urn, olds, news);
    this.#checked.set(urn, client);
    return { inputs, failures: [] };
  }

  async diff({ urn, id, oldInputs, oldOutputs, newInputs }: DiffRequest): Promise<DiffResult> {
    const client = this.#checked.get(urn) ?? this.#configured.get(referenceText({ urn, id }));
    if (!client) throw new EngineError(`provider ${urn} was not checked before it was diffed`);
    const diff = await client.diffConfig(urn, oldInputs, oldOutputs, newInputs);
    if (diff.changes !== "unknown") return diff;
    return { ...diff, changes: equal(oldOutputs, newInputs) ? "none" : "some" };
  }

  async create({ urn, inputs, preview }: CreateRequest) {
    const id = preview ? UNKNOWN_ID : randomUUID();
    await this.#configureChecked(urn, id, inputs);
    return { id, outputs: inputs };
  }

  async update({ urn, id, newInputs }: UpdateRequest) {
    await this.#configureChecked(urn, id, newInputs);
    return { outputs: newInputs };
  }

  async delete({ urn, id }: ExistingRequest): Promise<void> {
    this.#configured.delete(referenceText({ urn, id }));
  }

  async read(): Promise<never> {
    throw new EngineError("provider resources may not be read");
  }

  /** Tells every provider process to give up. */
  async cancel(): Promise<void> {
    if (!this.#left) await Promise.all(this.#processes.map((process) => process.cancel()));
  }

  /** Ends every provider process. */
  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
  }

  /** Ends every provider process without waiting for what it does; a last Cancel gets a moment to arrive. */
  async leave(): Promise<void> {
    const cancelled = this.cancel();
    this.#left = true;
    await Promise.race([cancelled, sleep(LAST_CANCEL_MS)]);
    for (const process of this.#processes) process.kill();
  }

  async #start(type: string): Promise<ProviderClient> {
    if (!isProviderType(type)) throw new EngineError(`${type} is not the type of a provider`);
    refuseOtherPackages(type);
    const process = await ProviderProcess.start(this.#host);
    this.#processes.push(process);
    return new ProviderClient(process);
  }

  async #configureChecked(urn: string, id: string, inputs: ResourceState["inputs"]): Promise<void> {
    const client = this.#checked.get(urn) ?? (await this.#start(parseUrn(urn).type));
    this.#checked.delete(urn);
    client.configure(urn, id, inputs);
    this.#configured.set(referenceText({ urn, id }), client);
  }
}
