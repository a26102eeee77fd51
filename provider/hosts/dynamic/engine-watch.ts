import { connect } from "node:net";

/** How long the engine may take to accept a connection, in milliseconds. */
const PATIENCE = 3_000;
/** Pause between two looks while operations run, in milliseconds. */
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
 * then, for the next run goes on from the same objects.
 */
export class EngineWatch {
  readonly #address: string | undefined;
  #operations = 0;
  #timer: NodeJS.Timeout | undefined;
  #controller = new AbortController();

  /** @param address the engine's, as Pulumi passes it to providers: `127.0.0.1:40123`; undefined where there is none */
  constructor(address: string | undefined) {
    this.#address = address;
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

  /** Looks after the engine while `work` runs. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#operations++ === 0) this.#watch();
    try {
      return await work();
    } finally {
      if (--this.#operations === 0) clearTimeout(this.#timer);
    }
  }

  #watch(): void {
    this.#timer = setTimeout(async () => {
      if (!(await this.alive())) this.#controller.abort(new Error("the engine is gone"));
      else if (this.#operations > 0) this.#watch();
    }, INTERVAL);
    this.#timer.unref();
  }
}
