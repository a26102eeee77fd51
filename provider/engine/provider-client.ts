/** Speaks ResourceProvider to one provider process. */
import type { DetailedDiff, DiffKind, DiffResult } from "./diff.ts";
import { EngineError } from "./errors.ts";
import type {
  CheckFailure,
  CheckRequest,
  CreateRequest,
  DiffRequest,
  ExistingRequest,
  Provider,
  ReadRequest,
  ReadResult,
  UpdateRequest,
} from "./provider.ts";
import { PartialFailure } from "./provider.ts";
import type { ProviderProcess } from "./provider-process.ts";
import type { Json } from "./stubs.ts";
import { fromStruct, grpc, initFailureOf, provider as pb, toStruct } from "./stubs.ts";
import { packageOf, parseUrn } from "./urn.ts";
import type { PropertyMap, PropertyValue } from "./values.ts";
import { annotateSecrets, containsUnknowns, decodeMap, encode, encodeMap, withoutSecrets } from "./values.ts";

const KINDS: DiffKind[] = ["add", "add-replace", "delete", "delete-replace", "update", "update-replace"];
const CHANGES: DiffResult["changes"][] = ["unknown", "none", "some"];

/** A provider process behind the engine's Provider interface. */
export class ProviderClient implements Provider {
  readonly #process: ProviderProcess;
  /** Resolves when Configure was answered; undefined before it was asked. False: its configuration is not known yet. */
  #configured: Promise<boolean> | undefined;
  #acceptSecrets = false;
  #acceptReferences = false;
  #supportsPreview = false;

  constructor(process: ProviderProcess) {
    this.#process = process;
  }

  /** Checks the provider's configuration; a provider that does not implement it accepts what it is given. */
  async checkConfig(urn: string, olds: PropertyMap, news: PropertyMap): Promise<PropertyMap> {
    const request = new pb.CheckRequest();
    setIdentity(request, urn);
    request.setOlds(toStruct(encodeMap(olds, BARE)));
    request.setNews(toStruct(encodeMap(news, BARE)));
    try {
      const response = await this.#process.call("checkConfig", request);
      const failure = response.getFailuresList()[0];
      if (failure) throw new EngineError(`the provider refuses its configuration: ${failure.getReason()}`);
      const inputs = decodeMap(fromStruct(response.getInputs()) ?? {});
      annotateSecrets(inputs, news);
      return inputs;
    } catch (error) {
      if (isUnimplemented(error)) return news;
      throw asError(error);
    }
  }

  /** What a change of configuration means; "unknown" from a provider that does not implement it. */
  async diffConfig(
    urn: string,
    oldInputs: PropertyMap,
    oldOutputs: PropertyMap,
    news: PropertyMap,
  ): Promise<DiffResult> {
    const request = new pb.DiffRequest();
    setIdentity(request, urn);
    request.setOldInputs(toStruct(encodeMap(oldInputs, BARE)));
    request.setOlds(toStruct(encodeMap(oldOutputs, BARE)));
    request.setNews(toStruct(encodeMap(news, BARE)));
    try {
      return readDiff(await this.#process.call("diffConfig", request));
    } catch (error) {
      if (!isUnimplemented(error)) throw asError(error);
      const changed = { replaceKeys: [], changedKeys: [], detailedDiff: undefined, deleteBeforeReplace: false };
      return { changes: "unknown", ...changed };
    }
  }

  /** Configures the provider. The answer is awaited by the first call that needs it, not here. */
  configure(urn: string, id: string, inputs: PropertyMap): void {
    if (Object.values(inputs).some(containsUnknowns)) {
      this.#configured = Promise.resolve(false);
      return;
    }
    const { name, type } = parseUrn(urn);
    const request = new pb.ConfigureRequest();
    request.setUrn(urn);
    request.setName(name);
    request.setType(type);
    request.setId(id);
    request.setAcceptsecrets(true);
    request.setAcceptresources(true);
    request.setSendsOldInputs(true);
    request.setSendsOldInputsToDelete(true);
    for (const [key, value] of Object.entries(inputs))
      if (key !== "version") request.getVariablesMap().set(`${packageOf(type)}:config:${key}`, variableText(value));
    request.setArgs(toStruct(encodeMap(inputs, { secrets: true, unknowns: true, references: true })));
    this.#configured = this.#process.call("configure", request).then((response) => {
      this.#acceptSecrets = response.getAcceptsecrets();
      this.#acceptReferences = response.getAcceptresources();
      this.#supportsPreview = response.getSupportspreview();
      return true;
    });
    // Whoever needs the provider gets the error; until then it must not count as unhandled.
    this.#configured.catch(() => {});
  }

  async check({ urn, olds, news, randomSeed, allowUnknowns }: CheckRequest) {
    const none: CheckFailure[] = [];
    if (!(await this.#ready())) return { inputs: news, failures: none };
    const request = new pb.CheckRequest();
    setIdentity(request, urn);
    request.setOlds(this.#struct(olds, allowUnknowns));
    request.setNews(this.#struct(news, allowUnknowns));
    request.setRandomseed(randomSeed);
    const response = await this.#process.call("check", request).catch(rethrow);
    const inputs = decodeMap(fromStruct(response.getInputs()) ?? {});
    if (!this.#acceptSecrets) annotateSecrets(inputs, news);
    const failures = response.getFailuresList().map((f) => ({ property: f.getProperty(), reason: f.getReason() }));
    return { inputs, failures };
  }

  async diff({ urn, id, oldInputs, oldOutputs, newInputs, allowUnknowns, ignoreChanges }: DiffRequest) {
    if (!(await this.#ready()))
      throw new EngineError("the provider of this resource has inputs that are not known during preview");
    const request = new pb.DiffRequest();
    setIdentity(request, urn);
    request.setId(id);
    request.setOldInputs(this.#struct(oldInputs, allowUnknowns));
    request.setOlds(this.#struct(oldOutputs, allowUnknowns));
    request.setNews(this.#struct(newInputs, allowUnknowns));
    request.setIgnorechangesList(ignoreChanges);
    return readDiff(await this.#process.call("diff", request).catch(rethrow));
  }

  async create({ urn, inputs, timeouts, preview }: CreateRequest) {
    const known = await this.#ready();
    if (preview && !known) return { id: "", outputs: {} };
    if (preview && !this.#supportsPreview) return { id: "", outputs: { ...inputs } };
    const request = new pb.CreateRequest();
    setIdentity(request, urn);
    request.setProperties(this.#struct(inputs, preview));
    request.setTimeout(timeouts.create ?? 0);
    request.setPreview(preview);
    this.#process.reportTo(request);
    const response = await this.#process.call("create", request).catch((error) => this.#rethrowPartial(error, inputs));
    if (response.getId() === "" && !preview)
      throw new EngineError(`plugin returned empty resource.ID from create '${urn}'`);
    return { id: response.getId(), outputs: this.#outputs(response.getProperties(), inputs) };
  }

  async update({ urn, id, oldInputs, oldOutputs, newInputs, timeouts, ignoreChanges, preview }: UpdateRequest) {
    const known = await this.#ready();
    if (preview && !known) return { outputs: {} };
    if (preview && !this.#supportsPreview) return { outputs: { ...newInputs } };
    const request = new pb.UpdateRequest();
    setIdentity(request, urn);
    request.setId(id);
    request.setOldInputs(this.#struct(oldInputs, false));
    request.setOlds(this.#struct(oldOutputs, false));
    request.setNews(this.#struct(newInputs, preview));
    request.setTimeout(timeouts.update ?? 0);
    request.setIgnorechangesList(ignoreChanges);
    request.setPreview(preview);
    this.#process.reportTo(request);
    const response = await this.#process
      .call("update", request)
      .catch((error) => this.#rethrowPartial(error, newInputs));
    return { outputs: this.#outputs(response.getProperties(), newInputs) };
  }

  async delete({ urn, id, inputs, outputs, timeouts }: ExistingRequest): Promise<void> {
    await this.#ready();
    const request = new pb.DeleteRequest();
    setIdentity(request, urn);
    request.setId(id);
    request.setProperties(this.#struct(outputs, false));
    request.setOldInputs(this.#struct(inputs, false));
    request.setTimeout(timeouts.delete ?? 0);
    this.#process.reportTo(request);
    await this.#process.call("delete", request).catch(rethrow);
  }

  async read({ urn, id, inputs, outputs, timeouts }: ReadRequest): Promise<ReadResult> {
    if (!(await this.#ready())) return { id: "", outputs: {}, inputs: {} };
    const request = new pb.ReadRequest();
    setIdentity(request, urn);
    request.setId(id);
    if (outputs) request.setProperties(this.#struct(outputs, false));
    if (inputs) request.setInputs(this.#struct(inputs, false));
    request.setTimeout(timeouts.read ?? 0);
    this.#process.reportTo(request);
    const response = await this.#process
      .call("read", request)
      .catch((error) => this.#rethrowPartial(error, outputs ?? {}, inputs));
    const liveInputs = response.getInputs();
    return {
      id: response.getId(),
      outputs: this.#outputs(response.getProperties(), outputs ?? {}),
      inputs: liveInputs && this.#outputs(liveInputs, inputs ?? {}),
    };
  }

  async #ready(): Promise<boolean> {
    if (!this.#configured) throw new EngineError("the provider was used before it was configured");
    return this.#configured.catch(rethrow);
  }

  #struct(map: PropertyMap, unknowns: boolean) {
    return toStruct(encodeMap(map, { secrets: this.#acceptSecrets, unknowns, references: this.#acceptReferences }));
  }

  /** Values a provider answered; secrets it does not know of are marked after those that went in. */
  #outputs(struct: Parameters<typeof fromStruct>[0], inputs: PropertyMap): PropertyMap {
    const outputs = decodeMap(fromStruct(struct) ?? {});
    if (!this.#acceptSecrets) annotateSecrets(outputs, inputs);
    return outputs;
  }

  #rethrowPartial(error: unknown, inputs: PropertyMap, readInputs?: PropertyMap): never {
    const kept = isServiceError(error) ? initFailureOf(error) : undefined;
    if (!kept) throw asError(error);
    const outputs = decodeMap(kept.properties);
    const live = kept.inputs && decodeMap(kept.inputs);
    if (!this.#acceptSecrets) annotateSecrets(outputs, inputs);
    if (!this.#acceptSecrets && live && readInputs) annotateSecrets(live, readInputs);
    throw new PartialFailure({ id: kept.id, outputs, inputs: live, reasons: kept.reasons });
  }
}

const BARE = { secrets: false, unknowns: true, references: false };

function setIdentity(
  request: { setUrn(v: string): unknown; setName(v: string): unknown; setType(v: string): unknown },
  urn: string,
): void {
  const { name, type } = parseUrn(urn);
  request.setUrn(urn);
  request.setName(name);
  request.setType(type);
}

/** A configuration value as older providers read it: text, or JSON of what is no text. */
function variableText(value: PropertyValue): string {
  const json = encode(withoutSecrets(value), BARE) as Json;
  return typeof json === "string" ? json : JSON.stringify(json);
}

function readDiff(response: InstanceType<typeof pb.DiffResponse>): DiffResult {
  const detailedDiff: DetailedDiff = {};
  response.getDetaileddiffMap().forEach((entry, path) => {
    detailedDiff[path] = { kind: KINDS[entry.getKind()] ?? "update", inputDiff: entry.getInputdiff() };
  });
  return {
    changes: CHANGES[response.getChanges()] ?? "unknown",
    replaceKeys: response.getReplacesList(),
    changedKeys: response.getDiffsList(),
    detailedDiff: response.getHasdetaileddiff() ? detailedDiff : undefined,
    deleteBeforeReplace: response.getDeletebeforereplace(),
  };
}

const isServiceError = (error: unknown): error is grpc.ServiceError => error instanceof Error && "details" in error;

const isUnimplemented = (error: unknown): boolean => isServiceError(error) && error.code === grpc.status.UNIMPLEMENTED;

/** A gRPC error as its message alone, which is what users are shown. */
function asError(error: unknown): Error {
  return isServiceError(error) ? new EngineError(error.details) : (error as Error);
}

function rethrow(error: unknown): never {
  throw asError(error);
}
