/** The provision state machine: state → event → next state. */
const TRANSITIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  enroll: { manage: "verifying" },
  verifying: { done: "manageable", fail: "enroll" },
  manageable: { provide: "cleaning", clean: "cleaning", inspect: "inspecting", adopt: "adopting" },
  available: { deploy: "deploying", manage: "manageable" },
  deploying: { fail: "deploy failed", wait: "wait call-back", hold: "deploy hold", done: "active" },
  "wait call-back": {
    hold: "deploy hold",
    resume: "deploying",
    fail: "deploy failed",
    abort: "deploy failed",
    delete: "deleting",
  },
  "deploy hold": { unhold: "wait call-back", abort: "deploy failed" },
  "deploy failed": { rebuild: "deploying", deploy: "deploying", delete: "deleting" },
  active: { rebuild: "deploying", delete: "deleting", rescue: "rescuing", service: "servicing" },
  deleting: { fail: "error", clean: "cleaning" },
  error: { rebuild: "deploying", delete: "deleting" },
  cleaning: {
    done: "available",
    fail: "clean failed",
    wait: "clean wait",
    hold: "clean hold",
    manage: "manageable",
  },
  "clean wait": { fail: "clean failed", abort: "clean failed", hold: "clean hold", resume: "cleaning" },
  "clean hold": { abort: "clean failed", unhold: "clean wait" },
  "clean failed": { manage: "manageable" },
  inspecting: { done: "manageable", fail: "inspect failed", wait: "inspect wait" },
  "inspect wait": { done: "manageable", fail: "inspect failed", abort: "inspect failed", resume: "inspecting" },
  "inspect failed": { manage: "manageable", inspect: "inspecting" },
  adopting: { done: "active", fail: "adopt failed" },
  "adopt failed": { adopt: "adopting", manage: "manageable" },
  rescuing: { done: "rescue", wait: "rescue wait", fail: "rescue failed" },
  "rescue wait": { resume: "rescuing", fail: "rescue failed", abort: "rescue failed", delete: "deleting" },
  rescue: { rescue: "rescuing", delete: "deleting", unrescue: "unrescuing" },
  "rescue failed": { rescue: "rescuing", unrescue: "unrescuing", delete: "deleting" },
  unrescuing: { done: "active", fail: "unrescue failed" },
  "unrescue failed": { rescue: "rescuing", unrescue: "unrescuing", delete: "deleting" },
  servicing: { done: "active", fail: "service failed", wait: "service wait", hold: "service hold" },
  "service wait": {
    hold: "service hold",
    resume: "servicing",
    fail: "service failed",
    abort: "service failed",
    delete: "deleting",
  },
  "service hold": { service: "servicing", unhold: "service wait", fail: "service failed", abort: "service failed" },
  "service failed": {
    service: "servicing",
    rescue: "rescuing",
    wait: "service wait",
    hold: "service hold",
    delete: "deleting",
    abort: "active",
  },
};

/** Where each state leads when all goes well; stable states lead nowhere. */
const TARGETS: Readonly<Record<string, string>> = {
  verifying: "manageable",
  deploying: "active",
  "wait call-back": "active",
  "deploy failed": "active",
  "deploy hold": "active",
  cleaning: "available",
  "clean wait": "available",
  "clean failed": "available",
  "clean hold": "available",
  deleting: "available",
  inspecting: "manageable",
  "inspect failed": "manageable",
  "inspect wait": "manageable",
  adopting: "active",
  "adopt failed": "active",
  rescuing: "rescue",
  "rescue wait": "rescue",
  "rescue failed": "rescue",
  unrescuing: "active",
  "unrescue failed": "active",
  servicing: "active",
  "service wait": "active",
  "service failed": "active",
  "service hold": "active",
};

/** What callers say → the event. */
const VERBS: Readonly<Record<string, string>> = { active: "deploy", deleted: "delete", undeploy: "delete" };

/** The event of a verb. */
export const eventOf = (verb: string): string => VERBS[verb] ?? verb;

/** Whether the state is one of the machine. */
export const isState = (state: string): boolean => Object.hasOwn(TRANSITIONS, state);

/** Where an event leads; undefined where the state does not know it. */
export function nextState(state: string, event: string): string | undefined {
  const events = TRANSITIONS[state] ?? {};
  return Object.hasOwn(events, event) ? events[event] : undefined;
}

/** Where a state leads when all goes well; null for stable states. */
export const targetOf = (state: string): string | null => TARGETS[state] ?? null;

/** States that change without a request. */
export const UNSTABLE: ReadonlySet<string> = new Set([
  "deploying",
  "wait call-back",
  "cleaning",
  "clean wait",
  "verifying",
  "deleting",
  "inspecting",
  "inspect wait",
  "adopting",
  "rescuing",
  "rescue wait",
  "unrescuing",
  "servicing",
  "service wait",
]);

/** States on the way to somewhere in which a node can be updated all the same. */
export const UPDATABLE: ReadonlySet<string> = new Set([
  "deploy failed",
  "inspecting",
  "inspect failed",
  "inspect wait",
  "clean failed",
  "error",
  "verifying",
  "adopt failed",
  "rescue failed",
  "unrescue failed",
  "service",
  "service hold",
  "service failed",
]);

/** States whose work ends with the conductor that does it. */
export const STUCK: readonly string[] = [
  "deploying",
  "cleaning",
  "verifying",
  "inspecting",
  "adopting",
  "rescuing",
  "unrescuing",
  "deleting",
  "servicing",
];

/** States in which the conductor waits for a ramdisk to call. */
export const WAITING: ReadonlySet<string> = new Set([
  "wait call-back",
  "clean wait",
  "rescue wait",
  "inspect wait",
  "service wait",
]);

/** States that say that something failed. */
export const FAILED: ReadonlySet<string> = new Set([
  "deploy failed",
  "clean failed",
  "inspect failed",
  "rescue failed",
  "unrescue failed",
  "adopt failed",
  "service failed",
]);

/** States in which interfaces, instance_uuid and resource class of a node can be changed. */
export const CHANGEABLE = ["enroll", "inspecting", "inspect wait", "manageable", "available"] as const;

/** States in which a node can be deleted. */
export const DELETABLE = ["manageable", "enroll", "adopt failed"] as const;
