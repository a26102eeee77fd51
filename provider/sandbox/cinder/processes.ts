import type { World } from "../world.ts";

/** The processes behind cinder's API. */
export type Process = "cinder-scheduler" | "cinder-volume" | "cinder-backup";

/** Seconds of hardware time after which a silent process counts as down. */
const DOWN_AFTER = 60;

/** Work of a process that died while it worked: it is not gone on with. */
class Killed extends Error {}

/** Jobs wait for their process, and end with it. */
export class Processes {
  readonly #world: World;
  readonly #lives = new Map<string, number>();
  readonly #silentSince = new Map<string, number>();

  /** @param restarted called when a process that was dead runs again */
  constructor(world: World, restarted: (process: string) => void) {
    this.#world = world;
    world.faults.watchDaemons((process, state) => {
      const wasSilent = this.#silentSince.has(process);
      if (state === "running") this.#silentSince.delete(process);
      else if (!wasSilent) this.#silentSince.set(process, world.clock.now());
      if (state === "dead") this.#lives.set(process, this.#life(process) + 1);
      if (state === "running" && wasSilent && this.#died.delete(process)) restarted(process);
      if (state === "dead") this.#died.add(process);
    });
  }

  readonly #died = new Set<string>();

  /** Begins a job of some process; it ends without a word when its process is killed. */
  start(work: () => Promise<void>): void {
    this.#world.clock.after(0, async () => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
    });
  }

  #life(process: string): number {
    return this.#lives.get(process) ?? 0;
  }

  /** Whether the others still take the process for living. */
  up(process: Process): boolean {
    const since = this.#silentSince.get(process);
    return since === undefined || this.#world.clock.now() - since < (DOWN_AFTER * 1000) / this.#world.clock.speed;
  }

  /** Waits until the process runs: what a message in its queue does. */
  async running(process: Process): Promise<void> {
    const { faults } = this.#world;
    while (faults.daemon(process) !== "running")
      await new Promise<void>((resolve) => {
        const stop = faults.watchDaemons((name) => {
          if (name !== process) return;
          stop();
          resolve();
        });
      });
  }

  /** A process begins with a job. What it returns waits for hardware seconds or for anything else; throws {@link Killed} once the process died. */
  async begin(process: Process): Promise<(wait: number | Promise<void>) => Promise<void>> {
    await this.running(process);
    const life = this.#life(process);
    return async (wait) => {
      await (typeof wait === "number" ? this.#world.clock.sleep(wait) : wait);
      if ((await this.#world.faults.thawed(process)) === "dead" || this.#life(process) !== life) throw new Killed();
    };
  }
}
