/**
 * `pulumi-baremetal/testing`: a Pulumi program on an OpenStack with simulated machines, from any test runner.
 *
 *     await using rehearsal = await startRehearsal({ project: import.meta.dirname });
 *     const { ok, changes } = await rehearsal.up();
 *     const machine = rehearsal.resource("db");
 *     await rehearsal.trouble({ do: "machine is switched off", machine: "db" });
 *
 * Nothing outside this machine is reached: no account, no cloud, no clouds.yaml, no `pulumi`.
 */
export type { CallFault, DaemonState, Entry, FleetFile, Sandbox } from "../sandbox/index.ts";
export { RehearsalError } from "./error.ts";
export type { Quota, RequestsThatFail, Trouble } from "./events.ts";
export type { Machine, Node } from "./machines.ts";
export { Rehearsal, type RehearsalOptions, type Run, type RunOptions } from "./rehearsal.ts";
export type { Change, RehearsedResource, RunError } from "./resources.ts";
export type { RunningTrouble } from "./trouble.ts";

import { Rehearsal, type RehearsalOptions } from "./rehearsal.ts";

/** Starts a sandbox for a program. Throws a `RehearsalError` that says in words what is wrong with what was asked. */
export function startRehearsal(options: RehearsalOptions): Promise<Rehearsal> {
  return Rehearsal.start(options);
}
