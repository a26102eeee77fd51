import type { Json } from "../kernel/call.ts";
import { DURATIONS } from "../kernel/durations.ts";
import type { Nova } from "./core.ts";
import type { Driver } from "./driver.ts";
import { POWER, type ServerRow } from "./rows.ts";

/** Virtual machines that only exist in nova's tables, as nova's own fake driver has them. */
export class VirtualMachines implements Driver {
  readonly #nova: Nova;
  readonly hotPlug = true;
  readonly virtual = true;

  constructor(nova: Nova) {
    this.#nova = nova;
  }

  async prepare(): Promise<void> {}

  bindingHost(server: ServerRow): string | undefined {
    return server.host ?? undefined;
  }

  async plug(): Promise<void> {}

  async connector(server: ServerRow): Promise<Json> {
    return { ip: "127.0.0.1", initiator: `iqn.1993-08.org.debian:01:${server.host}`, host: server.host };
  }

  async spawn(_server: ServerRow, _connections: ReadonlyMap<string, Json>, alive: () => Promise<void>): Promise<void> {
    await this.#nova.world.faults.reach("nova.spawn");
    await this.#nova.world.clock.sleep(DURATIONS["build virtual"]);
    await alive();
  }

  async destroy(_server: ServerRow, alive: () => Promise<void>): Promise<void> {
    await this.#nova.world.clock.sleep(1);
    await alive();
  }

  async rebuild(_server: ServerRow, _newApi: boolean, alive: () => Promise<void>): Promise<void> {
    await this.#nova.world.clock.sleep(DURATIONS["build virtual"]);
    await alive();
  }

  async power(): Promise<void> {
    await this.#nova.world.clock.sleep(1);
  }

  powerState(server: ServerRow): number {
    return server.powerState;
  }

  async attachPort(): Promise<void> {}

  async detachPort(): Promise<void> {}
}

/** Power of a virtual machine by its state. */
export const virtualPower = { active: POWER.running, paused: POWER.paused, stopped: POWER.off, suspended: POWER.off };
