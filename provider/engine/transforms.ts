/**
 * Transforms: functions of the program that change what it registers. They are applied to the request before the engine
 * reads it: the resource's own first, then those of its parents, then those of the whole stack.
 */
import type { Callback, Callbacks } from "./callbacks.ts";
import { EngineError, messageOf } from "./errors.ts";
import { dependenciesIn, dependingOn, toOutputs } from "./output-values.ts";
import type { JsonObject } from "./stubs.ts";
import { alias, fromStruct, resource as pb, toStruct } from "./stubs.ts";

type Request = InstanceType<typeof pb.RegisterResourceRequest>;
type Options = InstanceType<typeof pb.TransformResourceOptions>;

/** The transforms of one run's program. */
export class Transforms {
  readonly #callbacks: Callbacks;
  readonly #ofStack: Callback[] = [];
  readonly #ofResource = new Map<string, Callback[]>();
  readonly #parents = new Map<string, string>();

  constructor(callbacks: Callbacks) {
    this.#callbacks = callbacks;
  }

  /** Takes a transform that applies to every resource. */
  addToStack(callback: Callback): void {
    this.#ofStack.push(callback);
  }

  /** Keeps a registered resource's own transforms: they apply to its children too. */
  remember(urn: string, request: Request): void {
    this.#ofResource.set(urn, request.getTransformsList());
    this.#parents.set(urn, request.getParent());
  }

  /** Changes a request as the transforms say. */
  async apply(request: Request): Promise<void> {
    const transforms = this.#all(request);
    if (transforms.length === 0) return;
    let properties = propertiesOf(request);
    let options = optionsOf(request);
    for (const transform of transforms) {
      const message = new pb.TransformRequest();
      message.setType(request.getType());
      message.setName(request.getName());
      message.setCustom(request.getCustom());
      message.setParent(request.getParent());
      message.setProperties(toStruct(properties));
      message.setOptions(options);
      const response = await this.#call(transform, message);
      properties = fromStruct(response.getProperties()) ?? properties;
      options = response.getOptions() ?? options;
    }
    takeProperties(request, properties, options);
    takeOptions(request, options);
  }

  #all(request: Request): Callback[] {
    const transforms = [...request.getTransformsList()];
    for (let urn = request.getParent(); urn !== ""; urn = this.#parents.get(urn) ?? "")
      transforms.push(...(this.#ofResource.get(urn) ?? []));
    return [...transforms, ...this.#ofStack];
  }

  async #call(transform: Callback, message: InstanceType<typeof pb.TransformRequest>) {
    try {
      return pb.TransformResponse.deserializeBinary(await this.#callbacks.invoke(transform, message));
    } catch (error) {
      throw new EngineError(`invoke transform: ${messageOf(error)}`);
    }
  }
}

/** The properties as a transform sees them; with what they depend on where the resource has transforms of its own. */
function propertiesOf(request: Request): JsonObject {
  const properties = toOutputs(fromStruct(request.getObject()) ?? {}) as JsonObject;
  if (request.getTransformsList().length === 0) return properties;
  const named = request.getPropertydependenciesMap();
  const all = named.getLength() === 0 ? request.getDependenciesList() : [];
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [key, dependingOn(value, named.get(key)?.getUrnsList() ?? all)]),
  );
}

/** Writes transformed properties into a request, and what they now depend on. */
function takeProperties(request: Request, properties: JsonObject, options: Options): void {
  const named = request.getPropertydependenciesMap();
  const own = request.getTransformsList().length > 0;
  const nothingNamed = named.getLength() === 0;
  // Only where the resource has transforms of its own did its dependencies travel with the values.
  if (own) named.clear();
  const everything = new Set(own ? options.getDependsOnList() : request.getDependenciesList());
  for (const [key, value] of Object.entries(properties)) {
    const before = own ? [] : nothingNamed ? request.getDependenciesList() : (named.get(key)?.getUrnsList() ?? []);
    const urns = new Set([...before, ...dependenciesIn(value)]);
    named.set(key, new pb.RegisterResourceRequest.PropertyDependencies().setUrnsList([...urns]));
    if (own) for (const urn of urns) everything.add(urn);
  }
  request.setDependenciesList([...everything]);
  request.setObject(toStruct(properties));
}

/** The options of a request as a transform sees them. */
function optionsOf(request: Request): Options {
  const options = new pb.TransformResourceOptions();
  const urns = request.getAliasurnsList().map((urn) => new alias.Alias().setUrn(urn));
  options.setAliasesList([...urns, ...request.getAliasesList()]);
  options.setImport(request.getImportid());
  options.setDependsOnList(request.getDependenciesList());
  if (request.hasProtect()) options.setProtect(request.getProtect() ?? false);
  if (request.hasRetainondelete()) options.setRetainOnDelete(request.getRetainondelete() ?? false);
  if (request.getDeletebeforereplacedefined() || request.getDeletebeforereplace())
    options.setDeleteBeforeReplace(request.getDeletebeforereplace());
  options.setIgnoreChangesList(request.getIgnorechangesList());
  options.setReplaceOnChangesList(request.getReplaceonchangesList());
  options.setHideDiffList(request.getHidediffsList());
  options.setAdditionalSecretOutputsList(request.getAdditionalsecretoutputsList());
  options.setVersion(request.getVersion());
  options.setProvider(request.getProvider());
  request.getProvidersMap().forEach((provider, key) => {
    options.getProvidersMap().set(key, provider);
  });
  options.setCustomTimeouts(request.getCustomtimeouts());
  options.setDeletedWith(request.getDeletedwith());
  options.setReplaceWithList(request.getReplaceWithList());
  options.setReplacementTrigger(request.getReplacementTrigger());
  options.setHooks(request.getHooks());
  return options;
}

/** Writes transformed options into a request. */
function takeOptions(request: Request, options: Options): void {
  request.setAliasurnsList([]);
  request.setAliasesList(options.getAliasesList());
  request.setImportid(options.getImport());
  if (options.hasProtect()) request.setProtect(options.getProtect() ?? false);
  else request.clearProtect();
  if (options.hasRetainOnDelete()) request.setRetainondelete(options.getRetainOnDelete() ?? false);
  else request.clearRetainondelete();
  request.setDeletebeforereplacedefined(options.hasDeleteBeforeReplace());
  request.setDeletebeforereplace(options.getDeleteBeforeReplace() ?? false);
  request.setIgnorechangesList(options.getIgnoreChangesList());
  request.setReplaceonchangesList(options.getReplaceOnChangesList());
  request.setHidediffsList(options.getHideDiffList());
  request.setAdditionalsecretoutputsList(options.getAdditionalSecretOutputsList());
  request.setVersion(options.getVersion());
  request.setProvider(options.getProvider());
  request.setCustomtimeouts(options.getCustomTimeouts());
  request.setDeletedwith(options.getDeletedWith());
  request.setReplaceWithList(options.getReplaceWithList());
  request.setReplacementTrigger(options.getReplacementTrigger());
  request.setHooks(options.getHooks());
}
