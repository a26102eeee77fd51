import { type Static, Type } from "typebox";
import {
  type Action,
  type Clock,
  type Context,
  commonInputs,
  commonOutputs,
  defineResource,
  failure,
  type Mark,
  type Seen,
  Turns,
} from "../../../provider/core/index.ts";

/** A clock that only moves when somebody sleeps. */
export class FakeClock implements Clock {
  time = 0;
  sleeps: number[] = [];
  now = () => this.time;
  sleep = async (milliseconds: number) => {
    this.sleeps.push(milliseconds);
    this.time += milliseconds;
  };
}

export interface Thing {
  id: string;
  mark?: Mark;
  size: number;
  ready: boolean;
  created: string;
}

/** The smallest cloud that a resource can live in, with a switch to fail any step. */
export class Store {
  things = new Map<string, Thing>();
  calls: string[] = [];
  /** Throws before or after the n-th write, counted from 1. */
  failAt: { write: number; when: "before" | "after"; error?: Error } | undefined;
  #writes = 0;
  #serial = 0;
  write<T>(name: string, work: () => T): T {
    this.calls.push(name);
    const here = ++this.#writes === this.failAt?.write;
    const error = this.failAt?.error ?? failure("service-broken", "injected");
    if (here && this.failAt?.when === "before") throw error;
    const result = work();
    if (here) throw error;
    return result;
  }
  make(mark: Mark, size: number): string {
    const id = `thing-${++this.#serial}`;
    this.things.set(id, { id, mark, size, ready: false, created: String(this.#serial).padStart(4, "0") });
    return id;
  }
}

interface ThingSeen extends Seen {
  thing?: Thing;
}
interface ThingAction extends Action {
  args: { id?: string; size?: number; mark?: Mark };
}

const inputs = Type.Object(
  { size: Type.Integer({ minimum: 1 }), kind: Type.Optional(Type.String({ replaces: true })), ...commonInputs },
  { additionalProperties: false },
);
const outputs = Type.Object({ state: Type.String(), ...commonOutputs });

export const thing = defineResource<typeof inputs, typeof outputs, ThingSeen, ThingAction, Store>({
  type: "Thing",
  description: "",
  example: "",
  inputs,
  outputs,
  deleteBeforeReplace: true,
  timeouts: { create: 600, update: 600, delete: 600 },
  stateVersion: 2,
  upgrade: { 1: (state) => ({ ...state, size: Number(state["oldSize"]) }) },
  find: async ({ cloud }, tag) =>
    [...cloud.things.values()]
      .filter((one) => one.mark?.tag === tag)
      .map((one) => ({ id: one.id, mark: one.mark!, created: one.created })),
  async observe({ cloud }, reference) {
    const found = reference.id
      ? cloud.things.get(reference.id)
      : [...cloud.things.values()].find(
          (one) => one.mark?.tag === reference.mark.tag && one.mark.nonce === reference.mark.nonce,
        );
    if (!found) return {};
    const shown = { ...found };
    found.ready = true; // the next look sees it
    return { id: shown.id, ...(shown.mark && { mark: shown.mark }), thing: shown };
  },
  next(desired, { thing: found }) {
    if (desired.want === "absent")
      return found ? { do: { name: "delete", args: { id: found.id } } } : { done: "absent" };
    if (!found) return { do: { name: "create", args: { size: desired.inputs.size, mark: desired.mark } } };
    if (!found.ready) return { wait: { for: "getting ready" } };
    if (found.size !== desired.inputs.size)
      return { do: { name: "resize", args: { id: found.id, size: desired.inputs.size } } };
    return { done: "ready" };
  },
  async perform({ cloud }, { name, args }) {
    return cloud.write(name, () => {
      if (name === "create") return cloud.make(args.mark!, args.size!);
      if (name === "delete") cloud.things.delete(args.id!);
      else cloud.things.get(args.id!)!.size = args.size!;
      return undefined;
    });
  },
  async mark({ cloud }, id, mark) {
    cloud.write("mark", () => {
      cloud.things.get(id)!.mark = mark;
    });
  },
  proveVisible: async () => {},
  result: () => ({ state: "ready" }),
  actual: (seen, last) => ({ ...last, size: seen.thing!.size }),
  trouble: () => undefined,
});

export type ThingInputs = Static<typeof inputs>;

export const PLACE = { authUrl: "https://keystone", region: "one", projectId: "p1" };

export function contextOf(store: Store, more: Partial<Context<Store>> = {}): Context<Store> & { lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    cloud: store,
    clock: new FakeClock(),
    turns: new Turns(),
    signal: new AbortController().signal,
    progress: (line) => lines.push(line),
    warn: (line) => lines.push(`warning: ${line}`),
    place: async () => PLACE,
    engineAlive: async () => true,
    ...more,
  };
}

export const programInputs = (more: Partial<ThingInputs> = {}): ThingInputs => ({
  size: 10,
  identity: "shop/dev/Thing/a",
  condition: "ready",
  ...more,
});
