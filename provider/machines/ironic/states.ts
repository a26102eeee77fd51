/** What a provision state means for whoever looks at it. */
export interface StateMeaning {
  /**
   * - `stable`: stays until somebody asks for something
   * - `transient`: the conductor works on it
   * - `wait`: the conductor waits for the machine; a time-out turns it into a failure
   * - `hold`: an operator's step holds it until a person lets it go on
   * - `failure`: it needs another verb, or an operator
   */
  readonly kind: "stable" | "transient" | "wait" | "hold" | "failure";
  /** What is waited for, in people's words, where something is. */
  readonly text: string;
  /** Seconds that it usually takes. */
  readonly usual?: number;
}

const DEPLOY = 900;
const CLEAN = 1800;

/** Every provision state of Ironic up to 1.115. */
export const STATES: Readonly<Record<string, StateMeaning>> = {
  enroll: { kind: "stable", text: "enrolled, not yet manageable" },
  verifying: { kind: "transient", text: "verifying the machine's BMC", usual: 30 },
  manageable: { kind: "stable", text: "in the operator's hands" },
  inspecting: { kind: "transient", text: "inspecting the machine", usual: 600 },
  "inspect wait": { kind: "wait", text: "inspecting the machine", usual: 600 },
  "inspect failed": { kind: "failure", text: "inspection failed" },
  cleaning: { kind: "transient", text: "wiping the machine", usual: CLEAN },
  "clean wait": { kind: "wait", text: "wiping the machine", usual: CLEAN },
  "clean hold": { kind: "hold", text: "the wipe is on hold until the operator lets it go on" },
  "clean failed": { kind: "failure", text: "the wipe failed" },
  available: { kind: "stable", text: "free" },
  deploying: { kind: "transient", text: "installing the machine", usual: DEPLOY },
  "wait call-back": { kind: "wait", text: "installing the machine", usual: DEPLOY },
  "deploy hold": { kind: "hold", text: "the install is on hold until the operator lets it go on" },
  "deploy failed": { kind: "failure", text: "the install failed" },
  active: { kind: "stable", text: "in use" },
  deleting: { kind: "transient", text: "taking the machine down", usual: 120 },
  error: { kind: "failure", text: "taking the machine down failed" },
  adopting: { kind: "transient", text: "adopting the machine", usual: 60 },
  "adopt failed": { kind: "failure", text: "adoption failed" },
  rescuing: { kind: "transient", text: "starting rescue mode", usual: 600 },
  "rescue wait": { kind: "wait", text: "starting rescue mode", usual: 600 },
  rescue: { kind: "stable", text: "in rescue mode" },
  "rescue failed": { kind: "failure", text: "starting rescue mode failed" },
  unrescuing: { kind: "transient", text: "leaving rescue mode", usual: 300 },
  "unrescue failed": { kind: "failure", text: "leaving rescue mode failed" },
  servicing: { kind: "transient", text: "servicing the machine", usual: 1800 },
  "service wait": { kind: "wait", text: "servicing the machine", usual: 1800 },
  "service hold": { kind: "hold", text: "servicing is on hold until the operator lets it go on" },
  "service failed": { kind: "failure", text: "servicing failed" },
};

/** Whether something is under way, so that looking closer is of no use yet. */
export function isUnderWay(state: string): boolean {
  const kind = STATES[state]?.kind;
  return kind === "transient" || kind === "wait" || kind === "hold";
}
