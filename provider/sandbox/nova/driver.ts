import type { Caller, Json } from "../kernel/call.ts";
import type { HostRow, ServerRow } from "./rows.ts";

/** The host cannot have the server: nova tries another. */
export class Reschedule extends Error {}

/** The server cannot be built anywhere. */
export class BuildAbort extends Error {}

/** What a nova-compute needs of the machines behind it. */
export interface Driver {
  /** Takes the machine. Throws {@link Reschedule} where it is not to be had. */
  prepare(server: ServerRow, host: HostRow): Promise<void>;
  /** The `binding:host_id` of the server's ports; undefined where somebody else binds them. */
  bindingHost(server: ServerRow): string | undefined;
  /** Connects the ports to the machine. */
  plug(server: ServerRow): Promise<void>;
  /** Where volumes are connected to, as cinder wants to know it. */
  connector(server: ServerRow): Promise<Json>;
  /** Whether nova reports the end of an attachment itself. */
  readonly hotPlug: boolean;
  /** Installs and starts. Volumes come with what cinder told of their connections. */
  spawn(server: ServerRow, connections: ReadonlyMap<string, Json>, alive: () => Promise<void>): Promise<void>;
  /** Takes the server off the machine. */
  destroy(server: ServerRow, alive: () => Promise<void>): Promise<void>;
  /** Installs again on the same machine. */
  rebuild(server: ServerRow, newApi: boolean, alive: () => Promise<void>): Promise<void>;
  power(server: ServerRow, what: "on" | "off" | "reboot" | "soft reboot", alive: () => Promise<void>): Promise<void>;
  /** What the machine says of its power: as nova counts it. */
  powerState(server: ServerRow): number;
  attachPort(server: ServerRow, port: string): Promise<void>;
  detachPort(server: ServerRow, port: string): Promise<void>;
  /** Whether pausing, suspending, resizing and volumes at run time work. */
  readonly virtual: boolean;
}

/** Who asked for a server. */
export type Asker = Caller;
