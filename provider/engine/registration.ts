/** Reads a program's RegisterResource request, and refuses what the engine does not do. */
import { EngineError } from "./errors.ts";
import type { Alias, Goal } from "./goal.ts";
import type { HookNames } from "./hooks.ts";
import { refuseOtherPackages } from "./providers.ts";
import { Refusal } from "./refusals.ts";
import type { CustomTimeouts } from "./state.ts";
import type { resource as pb } from "./stubs.ts";
import { fromStruct } from "./stubs.ts";
import { packageOf, parseReference, parseUrn, providerType } from "./urn.ts";
import type { PropertyMap } from "./values.ts";
import { decodeMap } from "./values.ts";

type Request = InstanceType<typeof pb.RegisterResourceRequest>;

/** The goal of the default dynamic provider. */
export function providerGoal(inputs: PropertyMap): Goal {
  return { ...EMPTY, type: providerType("pulumi-nodejs"), name: "default", custom: true, inputs };
}

const EMPTY: Goal = {
  type: "",
  name: "",
  custom: false,
  inputs: {},
  parent: "",
  provider: "",
  dependencies: [],
  propertyDependencies: {},
  protect: undefined,
  retainOnDelete: undefined,
  deleteBeforeReplace: undefined,
  ignoreChanges: [],
  replaceOnChanges: [],
  hideDiffs: [],
  additionalSecretOutputs: [],
  aliases: [],
  customTimeouts: {},
  deletedWith: "",
  replaceWith: [],
  importId: "",
  hooks: {},
};

/** The goal in a request; what the resource leaves open comes from its parent. */
export function readGoal(request: Request, parent: Goal | undefined, directory: string): Goal {
  refuseUnsupported(request);
  inheritProvider(request, parent);
  const inputs = decodeMap(fromStruct(request.getObject()) ?? {}, directory);
  const dependencies = unique(request.getDependenciesList());
  const replacement = request.getDeletebeforereplacedefined() || request.getDeletebeforereplace();
  return {
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    inputs,
    parent: request.getParent(),
    provider: request.getProvider(),
    dependencies,
    propertyDependencies: readPropertyDependencies(request, inputs, dependencies),
    protect: request.hasProtect() ? request.getProtect() : parent?.protect,
    retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : parent?.retainOnDelete,
    deleteBeforeReplace: replacement ? request.getDeletebeforereplace() : undefined,
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    hideDiffs: request.getHidediffsList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    aliases: readAliases(request),
    customTimeouts: readTimeouts(request),
    deletedWith: request.getDeletedwith() || (parent?.deletedWith ?? ""),
    replaceWith: request.getReplaceWithList(),
    importId: request.getImportid(),
    hooks: readHooks(request),
  };
}

/** Gives a request that names no provider that of its parent, if it is one for it. */
export function inheritProvider(request: Request, parent: Goal | undefined): void {
  const provider = parent?.provider ?? "";
  if (request.getProvider() !== "" || provider === "") return;
  const own = packageOf(parseUrn(parseReference(provider).urn).type) === packageOf(request.getType());
  if (!request.getCustom() || own) request.setProvider(provider);
}

function refuseUnsupported(request: Request): void {
  const name = `${request.getType()} ${request.getName()}`;
  const custom = request.getCustom();
  if (request.getRemote()) throw new Refusal("remote-component", name);
  if (request.getReplacementTrigger()) throw new Refusal("replacement-trigger", name);
  if (request.getPackageref() !== "") throw new Refusal("parameterized-package", name);
  if ((request.getHooks()?.getOnErrorList() ?? []).length > 0) throw new Refusal("error-hook", name);
  if (custom) refuseOtherPackages(request.getType());
}

function readPropertyDependencies(request: Request, inputs: PropertyMap, all: string[]): Record<string, string[]> {
  const given = request.getPropertydependenciesMap();
  // A program that says nothing about single properties means all of them.
  if (given.getLength() === 0) return Object.fromEntries(Object.keys(inputs).map((key) => [key, all]));
  const named: Record<string, string[]> = {};
  given.forEach((value, key) => {
    named[key] = unique(value.getUrnsList());
  });
  for (const key of Object.keys(inputs)) named[key] ??= [];
  return named;
}

function readAliases(request: Request): Alias[] {
  const urns = request.getAliasurnsList().map((urn): Alias => ({ urn }));
  if (request.getAliasesList().length > 0 && !request.getAliasspecs()) throw new Refusal("old-alias");
  const specs = request.getAliasesList().map((alias): Alias => {
    const spec = alias.getSpec();
    if (!spec) return { urn: alias.getUrn() };
    return {
      name: spec.getName(),
      type: spec.getType(),
      stack: spec.getStack(),
      project: spec.getProject(),
      parent: spec.getParenturn(),
      noParent: spec.getNoparent(),
    };
  });
  return [...urns, ...specs];
}

function readHooks(request: Request): HookNames {
  const given = request.getHooks();
  const names: HookNames = {
    AfterCreate: given?.getAfterCreateList() ?? [],
    AfterDelete: given?.getAfterDeleteList() ?? [],
    AfterUpdate: given?.getAfterUpdateList() ?? [],
    BeforeCreate: given?.getBeforeCreateList() ?? [],
    BeforeDelete: given?.getBeforeDeleteList() ?? [],
    BeforeUpdate: given?.getBeforeUpdateList() ?? [],
  };
  return Object.fromEntries(Object.entries(names).filter(([, list]) => list.length > 0));
}

function readTimeouts(request: Request): CustomTimeouts {
  const given = request.getCustomtimeouts();
  const timeouts: CustomTimeouts = {};
  for (const [operation, text] of [
    ["create", given?.getCreate()],
    ["update", given?.getUpdate()],
    ["delete", given?.getDelete()],
  ] as const)
    if (text) timeouts[operation] = seconds(text);
  return timeouts;
}

const UNIT_SECONDS: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/** Seconds of a Go duration such as `1h30m`; throws on other texts. */
export function seconds(duration: string): number {
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?|\.\d+)(h|ms|us|µs|ns|m|s)/g)];
  if (parts.length === 0 || parts.map(([text]) => text).join("") !== duration)
    throw new EngineError(`unable to parse customTimeout Value ${duration}`);
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNIT_SECONDS[String(unit)] ?? 0), 0);
}

const unique = (list: string[]): string[] => [...new Set(list)];
