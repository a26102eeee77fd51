import type { Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import type { Row, Table } from "../kernel/store.ts";
import type { World } from "../world.ts";

/** A node of Ironic, as far as nova looks at it. */
export interface IronicNode extends Row {
  name: string | null;
  instance_uuid: string | null;
  instance_info: Json;
  provision_state: string;
  target_provision_state: string | null;
  power_state: string | null;
  target_power_state: string | null;
  maintenance: boolean;
  reservation: string | null;
  resource_class: string | null;
  last_error: string | null;
  properties: Json;
  traits: string[];
  network_interface: string;
}

/** A text as Ironic's error bodies and SDKs give it on. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The nodes of Ironic: looked at through its table, changed through its API. */
export class Nodes {
  readonly #world: World;
  readonly table: Table<IronicNode>;

  constructor(world: World) {
    this.#world = world;
    this.table = world.store.table<IronicNode>("ironic.nodes");
  }

  get(id: string): IronicNode | undefined {
    return this.table.get(id);
  }

  /** The node that a server has; undefined where Ironic gives it to no or another server. */
  of(server: string, node: string | null): IronicNode | undefined {
    const found = node === null ? undefined : this.table.get(node);
    return found?.instance_uuid === server ? found : undefined;
  }

  /** Asks Ironic about a node; while it is locked or no conductor is there, again and again for two minutes of hardware time. */
  async ask<T = Json>(node: string, method: string, path: string, body?: unknown, tries = 60): Promise<T> {
    for (let count = 1; ; count++) {
      try {
        return await this.#world.ask<T>("ironic", method, `/v1${path}`, body === undefined ? {} : { body });
      } catch (error) {
        const again =
          error instanceof Refusal && ((error.status === 409 && /locked/i.test(error.message)) || error.status === 503);
        if (!again || count >= tries) throw error;
        const held = this.table.get(node);
        const wait = this.#world.clock.sleep(2);
        await (held?.reservation
          ? Promise.race([this.table.until(node, (row) => row.reservation === null), wait])
          : wait);
      }
    }
  }

  /** Waits until `test` answers something for the node (undefined once it is gone); asks again after each change of it or of `also`. */
  until<T>(
    id: string,
    test: (node: IronicNode | undefined) => T | undefined,
    also?: Table<Row>,
    alsoId?: string,
  ): Promise<T> {
    return new Promise((resolve) => {
      const stops: (() => void)[] = [];
      let done = false;
      const look = () => {
        if (done) return;
        const result = test(this.table.get(id));
        if (result === undefined) return;
        done = true;
        for (const stop of stops) stop();
        resolve(result);
      };
      stops.push(this.table.watch((row) => row.id === id && look()));
      if (also) stops.push(also.watch((row) => row.id === alsoId && look()));
      look();
    });
  }
}

const IDLE_POWER = new Set(["error", null]);

/** Whether nova may place something on the node. */
export function isFree(node: IronicNode): boolean {
  return (
    node.instance_uuid === null &&
    !node.maintenance &&
    !IDLE_POWER.has(node.power_state) &&
    node.provision_state === "available"
  );
}

/** Ironic's resource class as placement names it. */
export function placementClass(resourceClass: string): string {
  return `CUSTOM_${resourceClass.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
}
