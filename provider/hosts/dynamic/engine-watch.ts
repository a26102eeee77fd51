import { connect } from "node:net";

/** How long the engine may take to accept a connection, in milliseconds. */
const PATIENCE = 3_000;
/** Pause between two looks, in milliseconds. */
const INTERVAL = 5_000;

/** Whether something accepts connections at `host:port`. */
export function answers(address: string): Promise<boolean> {
  const at = address.lastIndexOf(":");
  return new Promise((resolve) => {
    const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), timeout: PATIENCE });
    const end = (alive: boolean) => {
      socket.destroy();
      resolve(alive);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}

/**
 * Watches the engine that started this provider. A provider outlives a killed engine; it must stop at a safe point
 * then, for the next run goes on from the same objects, and end when nothing runs any more.
 */
export class EngineWatch {
  readonly #address: string | undefined;
  readonly #leave: () => void;
  #operations = 0;
  #gone = false;
  #controller = new AbortController();

  /**
   * @param address the engine's, as Pulumi passes it to providers: `127.0.0.1:40123`; undefined where there is none
   * @param leave called once the engine is gone and the last operation has ended
   */
  constructor(address: string | undefined, leave: () => void) {
    this.#address = address;
    this.#leave = leave;
    if (address !== undefined) this.#watch();
  }

  /** Aborted when the engine is gone. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the engine is there now. */
  async alive(): Promise<boolean> {
    if (this.#address === undefined) return true;
    return (await answers(this.#address)) || (await answers(this.#address));
  }

  /** Counts `work` as an operation that must end before the process may. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#operations++;
    try {
      return await work();
    } finally {
      if (--this.#operations === 0 && this.#gone) this.#leave();
    }
  }

  #watch(): void {
    const timer = setTimeout(async () => {
      if (await this.alive()) return this.#watch();
      this.#gone = true;
      this.#controller.abort(new Error("the engine is gone"));
      if (this.#operations === 0) this.#leave();
    }, INTERVAL);
    timer.unref();
  }
}

/** Keeps a line for nobody from ending the process, or from Pulumi's server repeating its error for ever. */
export function survivesBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}
