import type { Call } from "../kernel/call.ts";
import { DURATIONS } from "../kernel/durations.ts";
import { isUuid } from "../kernel/input.ts";
import type { World } from "../world.ts";
import { Conductor } from "./conductor/conductor.ts";
import { PortChanges } from "./conductor/port-changes.ts";
import { noNode } from "./errors.ts";
import { type NodeRow, openTables, type Tables } from "./rows.ts";

/** Where Ironic stands on the sandbox's port. */
export const PREFIX = "/baremetal";

/** What all parts of Ironic share. */
export class Ironic {
  readonly world: World;
  readonly tables: Tables;
  readonly conductor: Conductor;
  readonly portChanges: PortChanges;

  constructor(world: World) {
    this.world = world;
    this.tables = openTables(world.store);
    this.conductor = new Conductor(this);
    this.portChanges = new PortChanges(world.store);
  }

  /** The present as Ironic writes it. */
  now(): string {
    return this.world.clock.iso();
  }

  /** How long something takes on hardware, in seconds. */
  seconds(what: keyof typeof DURATIONS): number {
    return DURATIONS[what];
  }

  /** The address that links begin with. */
  base(call: Pick<Call, "base">): string {
    return call.base || this.world.url + PREFIX;
  }

  /** A node by its uuid or, since 1.5, its name. Throws 404. */
  node(ident: string, minor = 115): NodeRow {
    const found = isUuid(ident)
      ? this.tables.nodes.get(dashed(ident))
      : minor >= 5
        ? this.tables.nodes.by("name", ident)[0]
        : undefined;
    if (!found) throw noNode(ident);
    return found;
  }
}

/** A uuid in its usual form. */
export function dashed(uuid: string): string {
  const hex = uuid.toLowerCase().replaceAll("-", "");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
