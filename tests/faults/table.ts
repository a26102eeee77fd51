/** What a row of the matrix of faults says. */
import type { FailureCode } from "../../provider/core/catalogue.ts";
import type { Mover } from "../../provider/core/failure.ts";
import type { Scene } from "./scene.ts";
import type { Params, StageName } from "./stages.ts";

/** What a program's author does with a stack. */
export const OPERATIONS = ["create", "update", "refresh", "delete"] as const;
export type Operation = (typeof OPERATIONS)[number];

/**
 * What is there after an operation.
 * - `nothing`: no object of it in the cloud and none in state
 * - `half-made`: state holds the object with the reason why it is not whole; the cloud has exactly this one
 * - `as before`: state and cloud hold what they held
 * - `whole`: exactly one object, as the program wants it
 * - `released`: the tenant holds nothing any more, and state still knows of it because it is not clean
 */
export type Left = "nothing" | "half-made" | "as before" | "whole" | "released";

/** How an operation ends in a fault, and what follows. */
export interface Cell {
  /** Code of the failure; "goes on": the operation succeeds all the same. */
  readonly ends: FailureCode | "goes on";
  /** What the message says: the service's own words about the cause. For "goes on": what the output says. */
  readonly says?: RegExp;
  /** Whose move it is, where the message knows better than the catalogue. */
  readonly mover?: Mover;
  /** Another resource of the program than the stage's that fails: `Volume data`. */
  readonly resource?: string;
  /** What is left. As said for success where it "goes on". */
  readonly left?: Left;
  /** What refresh must show as the machine's condition. */
  readonly condition?: RegExp;
  /** The change of the program that an update makes, or that a create begins with. */
  readonly edit?: (params: Params) => Params;
  /** Brought about before the fault is. */
  readonly prepare?: (scene: Scene) => Promise<void>;
  /** The fault comes when this has come true while the operation runs; without it, before the operation begins. */
  readonly when?: (scene: Scene) => Promise<void>;
  /** The fault goes by itself after so many seconds, while the operation runs. */
  readonly lasts?: number;
  /** What the operator has to do beside ending the fault. */
  readonly mend?: (scene: Scene) => Promise<void>;
  /** The same command once more, while the fault stands, must end the same. */
  readonly again?: boolean;
  /** Limits of the operation, where it would wait for long. */
  readonly timeouts?: Readonly<Record<string, string>>;
  /** The next `up` may find the machine beyond repair and say so; then `up --replace` is what it tells to type. */
  readonly replaces?: boolean;
  /** Takes minutes: only in the whole matrix on a real cloud. */
  readonly long?: boolean;
  /** Also in the selection that every run of the tests makes on the real cloud. */
  readonly ci?: boolean;
}

/** One fault on one stage: a row of the matrix. A text in place of a cell says why there can be none. */
export interface Row extends Readonly<Record<Operation, Cell | string>> {
  readonly fault: string;
  /** Its class, as the cloud's documentation names it. */
  readonly class: string;
  readonly stage: StageName;
  /** The program's requests go through a proxy, which does what no service can be made to do. */
  readonly proxied?: boolean;
  inject(scene: Scene): Promise<void>;
  clear(scene: Scene): Promise<void>;
}

/** What became of a cell. */
export interface Result {
  readonly class: string;
  readonly fault: string;
  readonly stage: string;
  readonly operation: Operation;
  /** Why there is nothing to run. */
  readonly empty?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly left?: string;
  /** What the next command did, once the fault was gone. */
  readonly recovery?: string;
  readonly seconds?: number;
  readonly passed: boolean;
  /** What was not as expected. */
  readonly wrong?: readonly string[];
}
