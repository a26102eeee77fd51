/** A record of the gRPC calls of the engine to its providers and to its program, for tests and for finding faults. */

/** One moment of a call. */
export interface RpcEvent {
  /** Number of the call within the process; the same at its start and at its end. */
  call: number;
  /** As in `ResourceProvider/Check`, or `Callbacks/Invoke` for transforms and hooks, with their messages in base64. */
  method: string;
  phase: "start" | "end";
  /** The request as plain JSON, at the start. */
  request?: Record<string, unknown>;
  /** The response as plain JSON, at the end of a call that succeeded. */
  response?: Record<string, unknown>;
  /** The gRPC error, at the end of a call that failed. */
  error?: { code: string; message: string };
}

/** Receives every call as it starts and ends. */
export type RpcTrace = (event: RpcEvent) => void;

let calls = 0;
/** The number of a new call. */
export function nextCall(): number {
  calls += 1;
  return calls;
}
