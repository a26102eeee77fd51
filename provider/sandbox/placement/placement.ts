import { type Answer, atLeast, type Call, hasRole, Refusal } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Table } from "../kernel/store.ts";
import type { World } from "../world.ts";
import { Bare, bad, lost, missing } from "./errors.ts";
import type { AllocationRow, ConsumerRow, Inventory, NameRow, ProviderRow } from "./rows.ts";
import { STANDARD_CLASSES, STANDARD_TRAITS } from "./standard.ts";

/** What all parts of Placement's API work with. */
export class Placement {
  readonly world: World;
  readonly providers: Table<ProviderRow>;
  readonly classes: Table<NameRow>;
  readonly traits: Table<NameRow>;
  readonly consumers: Table<ConsumerRow>;
  readonly allocations: Table<AllocationRow>;

  constructor(world: World) {
    const { store } = world;
    this.world = world;
    this.providers = store
      .table<ProviderRow>("placement.providers")
      .index("name", ({ name }) => name)
      .index("root", ({ root }) => root);
    this.classes = store.table<NameRow>("placement.classes");
    this.traits = store.table<NameRow>("placement.traits");
    this.consumers = store.table<ConsumerRow>("placement.consumers").index("project", ({ project_id }) => project_id);
    this.allocations = store
      .table<AllocationRow>("placement.allocations")
      .index("provider", ({ provider }) => provider)
      .index("consumer", ({ consumer }) => consumer);
  }

  /** Whether a resource class is known. */
  hasClass(name: string): boolean {
    return STANDARD_CLASSES.includes(name) || this.classes.get(name) !== undefined;
  }

  /** Whether a trait is known. */
  hasTrait(name: string): boolean {
    return STANDARD_TRAITS.has(name) || this.traits.get(name) !== undefined;
  }

  /** The provider of a request. Throws 404 where there is none. */
  provider(call: Call, refusal: (message: string) => Refusal = lost): ProviderRow {
    const id = call.params["provider"]!;
    const found = this.providers.get(id);
    if (!found) throw refusal(`No resource provider with uuid ${id} found`);
    return found;
  }

  /** Writes down a changed provider, one generation on. */
  save(provider: ProviderRow): ProviderRow {
    return this.providers.put({ ...provider, generation: provider.generation + 1 });
  }

  /** How much of a resource class is allocated of a provider. */
  used(provider: string, name: string): number {
    let sum = 0;
    for (const { resources } of this.allocations.by("provider", provider)) sum += resources[name] ?? 0;
    return sum;
  }

  /** Whether a provider could give so much of a resource class now. */
  hasRoom({ id, inventories }: ProviderRow, name: string, amount: number): boolean {
    const inventory = inventories[name];
    if (!inventory || !fits(inventory, amount)) return false;
    return this.used(id, name) + amount <= capacity(inventory);
  }

  /** A route for administrators and services, that a microversion brought. */
  route(
    method: string,
    path: string,
    action: string,
    handle: (call: Call) => Answer,
    since: { minor: number; instead?: 404 | 405 } = { minor: 0 },
  ): Route {
    return route(method, path, (call) => {
      if (!atLeast(call, 1, since.minor)) throw since.instead === 405 ? new Refusal(405, "") : missing("");
      if (!hasRole(call.caller, "admin", "service")) throw notAllowed(action);
      return handle(call);
    });
  }
}

/** 403 of a policy. */
export function notAllowed(action: string): Refusal {
  return new Bare(403, `Policy does not allow placement:${action} to be performed.`);
}

/** How much of an inventory may be allocated. */
export function capacity({ total, reserved, allocation_ratio }: Inventory): number {
  return Math.floor((total - reserved) * allocation_ratio);
}

/** Whether an amount is one that the inventory gives out. */
export function fits({ min_unit, max_unit, step_size }: Inventory, amount: number): boolean {
  return amount >= min_unit && amount <= max_unit && amount % step_size === 0;
}

/** The absolute address of something that was made. */
export function location(placement: Placement, call: Call, path: string): Record<string, string> {
  return { Location: `${call.base || `${placement.world.url}/placement`}${path}` };
}

/** `VCPU:4,MEMORY_MB:512` of a query. */
export function resourcesIn(placement: Placement, text: string): Map<string, number> {
  const found = new Map<string, number>();
  if (text.trim() === "")
    throw bad(
      `Badly formed resources parameter. Expected resources query string parameter in form: ?resources=VCPU:2,MEMORY_MB:1024. Got: empty string.`,
    );
  for (const part of text.split(",")) {
    const [name = "", amount, ...rest] = part.split(":");
    if (amount === undefined || rest.length > 0)
      throw bad(
        `Badly formed resources parameter. Expected resources query string parameter in form: ?resources=VCPU:2,MEMORY_MB:1024. Got: ${part}.`,
      );
    if (!/^\s*[+-]?\d+\s*$/.test(amount))
      throw bad(`Requested resource ${name} expected positive integer amount. Got: ${amount}.`);
    if (Number(amount) < 1) throw bad(`Requested resource ${name} requires amount >= 1. Got: ${Number(amount)}.`);
    found.set(name, Number(amount));
  }
  for (const name of found.keys())
    if (!placement.hasClass(name))
      throw bad(`Invalid resource class in resources parameter: No such resource class ${name}.`);
  return found;
}

/** What a provider must have and must not have: `A,!B`, `in:A,B`. */
export interface TraitRule {
  /** At least one of each of these. */
  readonly anyOf: readonly (readonly string[])[];
  readonly none: readonly string[];
}

/** The rule that `required` parameters make; `where` begins the refusal of an unknown trait. */
export function traitsIn(placement: Placement, call: Call, values: readonly string[], where = ""): TraitRule {
  const anyOf: string[][] = [];
  const none: string[] = [];
  for (const value of values) {
    if (value.startsWith("in:") && atLeast(call, 1, 39)) {
      anyOf.push(value.slice("in:".length).split(","));
      continue;
    }
    for (const one of value.split(",")) {
      if (one.trim() === "" || one === "!")
        throw bad(
          `Invalid query string parameters: Expected 'required' parameter value of the form: HW_CPU_X86_VMX,CUSTOM_MAGIC. Got: ${value}`,
        );
      if (one.startsWith("!") && atLeast(call, 1, 22)) none.push(one.slice(1));
      else anyOf.push([one]);
    }
  }
  const unknown = [...new Set([...anyOf.flat(), ...none])].filter((name) => !placement.hasTrait(name));
  if (unknown.length > 0) throw bad(`${where}No such trait(s): ${unknown.join(", ")}.`);
  return { anyOf, none };
}

/** Whether traits follow a rule. */
export function follows(traits: readonly string[], rule: TraitRule): boolean {
  return (
    rule.anyOf.every((names) => names.some((name) => traits.includes(name))) &&
    !rule.none.some((name) => traits.includes(name))
  );
}

/** The test of aggregates that `member_of` parameters make. */
export function aggregatesIn(values: readonly string[]): (provider: ProviderRow) => boolean {
  const tests = values.map((value) => {
    const not = value.startsWith("!");
    const plain = not ? value.slice(1) : value;
    const ids = plain.startsWith("in:") ? plain.slice("in:".length).split(",") : [plain];
    for (const id of ids)
      if (!/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(id))
        throw bad(
          `Invalid query string parameters: Expected 'member_of' parameter to contain valid UUID(s). Got: ${value}`,
        );
    return ({ aggregates }: ProviderRow) => ids.some((id) => aggregates.includes(id)) !== not;
  });
  return (provider) => tests.every((test) => test(provider));
}
