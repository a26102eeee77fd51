import type { Action, Context, Desired, Found, Mark, Reference, Seen, Step } from "../core/index.ts";
import type { Cloud } from "../openstack/cloud.ts";
import type { Offer } from "./hardware.ts";
import type { MachineInputs, MachineOutputs } from "./spec.ts";

/** What a delete says where the wipe that follows it is the cloud's alone. */
export const WIPE_NOT_VISIBLE = "released; the cloud wipes the machine now, which this credential cannot see";

/** While a machine is at work, what only goes with it (its node, its reservation) is looked at as seldom as this, in milliseconds. */
export const SELDOM = 20_000;

/** What is wanted of a machine: its inputs, or absence. */
export type DesiredMachine = Desired<MachineInputs, MachineOutputs>;

/**
 * One way of taking machines from a cloud: the Server resource on one service. Its parts are those of a resource's
 * definition, and mean the same.
 */
export interface Route<S extends Seen = Seen, A extends Action = Action> {
  readonly name: MachineOutputs["via"];
  /**
   * The kinds of machines of the wanted `kind` that this credential may take by this route, whether they fit or not.
   * Serves the choice of the route and the messages of `nothing-fits`.
   */
  offers(context: Context<Cloud>, inputs: MachineInputs): Promise<readonly Offer[]>;
  find(context: Context<Cloud>, tag?: string): Promise<Found[]>;
  observe(context: Context<Cloud>, reference: Reference<MachineOutputs>, inputs?: MachineInputs): Promise<S>;
  next(desired: DesiredMachine, seen: S, taken: readonly A[]): Step<A>;
  perform(context: Context<Cloud>, action: A): Promise<string | undefined>;
  mark(context: Context<Cloud>, id: string, mark: Mark, last?: Partial<MachineOutputs>): Promise<void>;
  proveVisible(context: Context<Cloud>): Promise<void>;
  result(seen: S, inputs: MachineInputs): MachineOutputs;
  actual(seen: S, inputs: MachineInputs): MachineInputs;
  trouble(seen: S): string | undefined;
}

/** Whether the machine was there before the program: adopting changes nothing but its mark. */
export const isAdopted = (inputs: MachineInputs & { adopt?: string }): boolean => inputs.adopt !== undefined;
