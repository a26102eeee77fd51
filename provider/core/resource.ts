import { type Static, type TObject, Type } from "typebox";
import type { Clock } from "./clock.ts";
import type { Failure } from "./failure.ts";
import type { Found, Identity, Mark, Place } from "./identity.ts";
import type { Action, Step } from "./outcome.ts";
import type { CustomTimeouts, Timeouts } from "./timeouts.ts";
import type { Turns } from "./turns.ts";
import type { Problem } from "./validation.ts";

/** What every operation is given. `Cloud` is whatever the resources speak to; this room does not know it. */
export interface Context<Cloud> {
  readonly cloud: Cloud;
  readonly clock: Clock;
  readonly turns: Turns;
  /** Aborted when the run is cancelled. */
  readonly signal: AbortSignal;
  /** A line for people: what is being done or waited for. */
  progress(line: string): void;
  /** A line that people should not overlook. */
  warn(line: string): void;
  /** Where the configuration points. */
  place(): Promise<Place>;
  /** Which answer of the cloud is waited for now, in words. */
  unanswered?(): string | undefined;
  /** Whether the engine that asked for this is still there; without it nothing is sealed. */
  engineAlive(): Promise<boolean>;
}

/** Parts of one object, without it. */
export interface FoundParts {
  readonly tag: string;
  /** The name of the object that they were made for. */
  readonly name: string;
  /** When the youngest of them was made (ISO 8601). */
  readonly created: string;
}

/** What of an object is known when it is looked for. */
export interface Reference<Outputs> {
  /** Pulumi's id of it; undefined until it exists. */
  readonly id?: string;
  /** Its mark as this run writes it. */
  readonly mark: Mark;
  /** What state last knew of it. */
  readonly last?: Partial<Outputs>;
}

/** What is wanted of an object. */
export type Desired<Inputs, Outputs = unknown> =
  | {
      readonly want: "present";
      readonly inputs: Inputs;
      readonly mark: Mark;
      /** The logical name, where the program gives no other. */
      readonly name: string;
      readonly last?: Partial<Outputs>;
    }
  | {
      readonly want: "absent";
      readonly last?: Partial<Outputs>;
      /** Another object carries the same tag and stays: what was made for either is left to it. */
      readonly beside?: boolean;
    };

/** What `observe` returns in every resource. */
export interface Seen {
  /** Pulumi's id of the object; undefined while there is none. */
  readonly id?: string;
  /** The mark it carries. */
  readonly mark?: Mark;
}

const Duration = Type.String({ pattern: "^(\\d+(\\.\\d+)?(ms|h|m|s))+$" });

/** Inputs that every resource has beside its own. Spread them into its inputs. */
export const commonInputs = {
  adopt: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "Id of an existing object to take under management instead of making one. Nothing is changed on it but its mark. Looked at only when the resource is created.",
    }),
  ),
  replaceTrigger: Type.Optional(
    Type.String({
      replaces: true,
      description:
        "Any text; changing it makes a new object in place of the old one. The supported way to force a replacement.",
    }),
  ),
  condition: Type.Optional(
    Type.String({
      sdkSets: true,
      description:
        "`ready`, or what keeps the object from it: an operator's maintenance, a fault, an unfinished create. Set by the provider, so that a refresh shows it as drift; programs never set it.",
    }),
  ),
  identity: Type.String({
    minLength: 1,
    sdkSets: true,
    description: "Who this resource is: `project/stack/Type/name`. The SDK sets it.",
  }),
  timeouts: Type.Optional(
    Type.Object(
      { create: Type.Optional(Duration), update: Type.Optional(Duration), delete: Type.Optional(Duration) },
      {
        additionalProperties: false,
        sdkSets: true,
        description:
          "Limits of this resource's operations. The SDK copies them from the resource option `customTimeouts`.",
      },
    ),
  ),
};

/** Outputs that every resource has beside its own. Spread them into its outputs. */
export const commonOutputs = {
  place: Type.Object(
    { authUrl: Type.String(), region: Type.String(), projectId: Type.String() },
    {
      description:
        "The cloud, region and project where the object stands. It is refused to touch it from anywhere else.",
    },
  ),
  stateVersion: Type.Integer({ description: "Version of what is kept in state for this resource." }),
};

/** The values of {@link commonInputs}. */
export interface CommonInputs {
  readonly adopt?: string;
  readonly replaceTrigger?: string;
  readonly condition?: string;
  readonly identity: Identity;
  readonly timeouts?: CustomTimeouts;
}

/** The values of {@link commonOutputs}. */
export interface CommonOutputs {
  readonly place: Place;
  readonly stateVersion: number;
}

/**
 * One resource type: everything that hosts, SDK, schema and reference docs need to know, in one place.
 * See ARCHITECTURE.md for the way of one create through it.
 */
export interface Definition<
  I extends TObject = TObject,
  O extends TObject = TObject,
  S extends Seen = Seen,
  A extends Action = Action,
  Cloud = unknown,
> {
  /** The type's name as programs write it: `Server`. */
  readonly type: string;
  /** What it is, for the reference docs. Markdown. */
  readonly description: string;
  /** A complete TypeScript program, as short as can be. */
  readonly example: string;
  readonly inputs: I;
  readonly outputs: O;
  /** Whether a replacement deletes the old object first; programs need not say it, the SDK does. */
  readonly deleteBeforeReplace: boolean;
  readonly timeouts: Timeouts;
  /** Version of what is kept in outputs; older ones are brought up by `upgrade`, step by step. */
  readonly stateVersion: number;
  readonly upgrade?: Readonly<Record<number, (state: Record<string, unknown>) => Record<string, unknown>>>;
  /** Rules that a schema cannot say. Pure; must let unknown values pass. `olds` are the inputs of the last run, if any. */
  problems?(news: Partial<Static<I>>, olds?: Partial<Static<I>>): Problem[];
  /**
   * A change that must not be made, found by comparing state's outputs with the new inputs; refused in preview already.
   * Pure; must let unknown values pass.
   */
  refuse?(olds: Partial<Static<I>>, news: Partial<Static<I>>): Failure | undefined;
  /** Whether a changed input that asks for a new object needs none after all. Pure. */
  stays?(name: string, olds: Partial<Static<I> & Static<O>>, news: Partial<Static<I>>): boolean;
  /** Every object that carries this tag, finished or not; without a tag every object that carries any. */
  find(context: Context<Cloud>, tag?: string): Promise<Found[]>;
  /**
   * What was made for objects of this type beside them, each tag once: a machine's ports. They stay behind alone where a create
   * was killed between them and the object.
   */
  findParts?(context: Context<Cloud>): Promise<readonly FoundParts[]>;
  /** What the cloud shows now. All of the reading is here. */
  observe(context: Context<Cloud>, reference: Reference<Static<O>>, inputs?: Static<I>): Promise<S>;
  /** What to do about it. Pure: no I/O, no clock. */
  next(desired: Desired<Static<I>, Static<O>>, seen: S, taken: readonly A[]): Step<A>;
  /** One step, safe to repeat. Answers with the id of what it made, if it made the object itself. */
  perform(context: Context<Cloud>, action: A): Promise<string | undefined>;
  /** Writes the mark on an existing object: to take it over, to seal it, to rename it. */
  mark(context: Context<Cloud>, id: string, mark: Mark, last?: Partial<Static<O>>): Promise<void>;
  /** Fails unless this credential could see the object if it were there: "gone" must never mean "hidden". */
  proveVisible(context: Context<Cloud>, last: Partial<Static<O>>): Promise<void>;
  /** The outputs for state, without the inputs (they are echoed) and the common ones. */
  result(seen: S, inputs: Static<I>): Omit<Static<O>, keyof CommonOutputs>;
  /** The inputs as the cloud has them now, in the program's own words where they still hold; what it does not show stays as it was. */
  actual(seen: S, inputs: Static<I>): Static<I>;
  /** What keeps an object that is there from being whole, in one line: `maintenance: new disk`. Undefined when all is well. */
  trouble?(seen: S): string | undefined;
  /** The key of the machine whose turn a change of this object needs. */
  turn?(inputs: Partial<Static<I>>, id?: string): string | undefined;
}

/** Checks nothing at run time; gives the parts of a definition their types. */
export function defineResource<I extends TObject, O extends TObject, S extends Seen, A extends Action, Cloud>(
  definition: Definition<I, O, S, A, Cloud>,
): Definition<I, O, S, A, Cloud> {
  return definition;
}

/** Inputs or outputs of any resource. */
export type Values = Record<string, unknown>;
// A host holds definitions of every kind; inside one operation only this one's own parts meet each other.
// biome-ignore lint/suspicious/noExplicitAny: the parts of one definition fit each other, which its author's types have checked
export type AnyDefinition = Definition<any, any, any, any, any>;
