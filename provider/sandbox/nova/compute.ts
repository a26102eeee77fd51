import type { Nova } from "./core.ts";
import type { ServerRow } from "./rows.ts";

/** Work that ended because the process that did it died. */
export class Abandoned extends Error {}

/** The nova-computes: whatever is done to a server is done by one of them, one thing after the other. */
export class Computes {
  readonly #nova: Nova;
  /** How often each process died. */
  readonly #deaths = new Map<string, number>();
  readonly #queues = new Map<string, Promise<void>>();

  constructor(nova: Nova) {
    this.#nova = nova;
  }

  /** @param restarted called for each nova-compute that runs again after it was dead */
  start(restarted: (host: string) => void): void {
    const dead = new Set<string>();
    this.#nova.world.faults.watchDaemons((daemon, state) => {
      const service = this.#nova.tables.services.find((row) => row.daemon === daemon);
      if (service?.binary !== "nova-compute") return;
      if (state === "dead") {
        dead.add(daemon);
        this.#deaths.set(daemon, (this.#deaths.get(daemon) ?? 0) + 1);
      } else if (state === "running" && dead.delete(daemon)) restarted(service.host);
    });
  }

  /**
   * Does something with a server on its nova-compute, in the background, after everything that was asked for before.
   * `alive` waits while the process is frozen and ends the work where it died.
   */
  cast(server: ServerRow, host: string, work: (server: ServerRow, alive: () => Promise<void>) => Promise<void>): void {
    const before = this.#queues.get(server.id) ?? Promise.resolve();
    const daemon = this.#nova.service(host)?.daemon ?? "nova-compute";
    const task = async () => {
      await before;
      await this.#nova.comesBack(daemon);
      const epoch = this.#deaths.get(daemon) ?? 0;
      const alive = async () => {
        const state = await this.#nova.world.faults.thawed(daemon);
        if (state === "dead" || (this.#deaths.get(daemon) ?? 0) !== epoch) throw new Abandoned(`${daemon} died`);
      };
      const now = this.#nova.tables.servers.get(server.id);
      if (!now || now.deleted !== null) return;
      try {
        await work(now, alive);
      } catch (error) {
        if (!(error instanceof Abandoned)) throw error;
      }
    };
    const ended = this.#nova.world.clock.run(task);
    this.#queues.set(server.id, ended);
    void ended.then(() => {
      if (this.#queues.get(server.id) === ended) this.#queues.delete(server.id);
    });
  }
}
