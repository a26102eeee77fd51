import type { EngineEvent } from "../engine/index.ts";
import { RehearsalError } from "./error.ts";
import { endOf, type RehearsalEvent } from "./events.ts";
import { nodeName } from "./machines.ts";
import type { Rehearsal } from "./rehearsal.ts";
import { nameOf, shortType } from "./resources.ts";
import type { RunningTrouble } from "./trouble.ts";

/** How often a machine that is being made is looked for, in milliseconds. */
const LOOK = 100;

/** What a scene needs of a rehearsal. */
export type Stagehand = Pick<Rehearsal, "trouble" | "wait" | "machineUnderWay" | "speed"> & {
  readonly sandbox: { readonly fleet: { readonly nodes: readonly { readonly name: string }[] } };
};

/** Hears what befalls the program. */
export interface Audience {
  happened(sentence: string): void;
  over(sentence: string): void;
}

/** Lets the scripted events happen at their moments, and ends them. */
export class Scene {
  readonly #rehearsal: Stagehand;
  readonly #audience: Audience;
  readonly #running = new Map<RehearsalEvent, RunningTrouble>();
  readonly #played = new Set<RehearsalEvent>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(rehearsal: Stagehand, audience: Audience) {
    this.#rehearsal = rehearsal;
    this.#audience = audience;
  }

  /** Lets an event happen now. Throws a `RehearsalError` on one that cannot. */
  async play(event: RehearsalEvent, on?: { node: string; resource: string }): Promise<void> {
    const trouble = await this.#rehearsal.trouble(on ? ({ ...event, machine: on.node } as RehearsalEvent) : event);
    this.#played.add(event);
    this.#running.set(event, trouble);
    this.#audience.happened(
      on ? trouble.sentence.replace(`machine ${on.node}`, `${on.resource} (machine ${on.node})`) : trouble.sentence,
    );
    if (event.for !== undefined) {
      const over = () =>
        this.end(event).catch((error: Error) => this.#audience.over(`not as it should be: ${error.message}`));
      const timer = setTimeout(() => void over(), (event.for * 1000) / this.#rehearsal.speed);
      this.#timers.add(timer);
    }
  }

  /** Whether an event has happened. */
  hasPlayed(event: RehearsalEvent): boolean {
    return this.#played.has(event);
  }

  /** Ends the trouble of an event that still lasts. */
  async end(event: RehearsalEvent): Promise<void> {
    const trouble = this.#running.get(event);
    if (!trouble) return;
    this.#running.delete(event);
    await trouble.end();
    const sentence = endOf(event);
    if (sentence) this.#audience.over(sentence);
  }

  /** Ends all trouble. */
  async endAll(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const event of [...this.#running.keys()]) await this.end(event);
  }

  /**
   * Waits for the moments of events while the program runs: the first resource is being made, or the machine that is named.
   * @returns what hears the engine; and what ends the waiting, which throws where a moment never came
   */
  during(events: readonly RehearsalEvent[]): { hear(event: EngineEvent): void; done(): Promise<void> } {
    const begun = new Map<string, string>();
    let first: (() => void) | undefined;
    const started = new Promise<void>((resolve) => {
      first = resolve;
    });
    let ended = false;
    const waiting = events.map(async (event) => {
      await started;
      const machine = "machine" in event ? event.machine : undefined;
      const on = machine === undefined ? undefined : await this.#named(machine, begun, () => ended);
      if (ended) return `${event.do}: its moment never came`;
      await this.#rehearsal.wait(event.seconds ?? 0);
      if (ended) return `${event.do}: everything was made before ${event.seconds} s had passed`;
      try {
        await this.play(event, on);
        return undefined;
      } catch (error) {
        return (error as Error).message;
      }
    });
    return {
      hear: (event) => {
        if (event.kind !== "step-start" || !["create", "create-replacement", "update"].includes(event.step.op)) return;
        const { urn, type, new: wanted } = event.step;
        if (event.step.internal || type === "pulumi:pulumi:Stack") return;
        const cloudName = wanted?.inputs["name"];
        if (shortType(type) === "Server")
          begun.set(nameOf(urn), typeof cloudName === "string" ? cloudName : nameOf(urn));
        first?.();
      },
      done: async () => {
        ended = true;
        first?.();
        const [failure] = (await Promise.all(waiting)).filter((text) => text !== undefined);
        if (failure !== undefined) throw new RehearsalError(failure);
      },
    };
  }

  /** The node under the Server of this name as soon as it has one; undefined for a name that is a node's own. */
  async #named(
    machine: string,
    begun: ReadonlyMap<string, string>,
    ended: () => boolean,
  ): Promise<{ node: string; resource: string } | undefined> {
    if (this.#rehearsal.sandbox.fleet.nodes.some(({ name }) => name === machine)) return undefined;
    while (!ended()) {
      const cloudName = begun.get(machine);
      const found = cloudName === undefined ? undefined : await this.#rehearsal.machineUnderWay(cloudName);
      if (found) return { node: nodeName(found.node), resource: `Server ${machine}` };
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
    return undefined;
  }
}
