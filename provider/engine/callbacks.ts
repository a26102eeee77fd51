/** Calls functions of the program, transforms and hooks, through the server that the program runs for them. */
import { EngineError } from "./errors.ts";
import { calls, callsRpc, grpc } from "./stubs.ts";
import type { RpcTrace } from "./trace.ts";
import { nextCall } from "./trace.ts";

/** A function of the program: where it is served, and its name there. */
export type Callback = InstanceType<typeof calls.Callback>;
type Client = InstanceType<typeof callsRpc.CallbacksClient>;

/** The connections of one run to the servers of its program's functions. */
export class Callbacks {
  readonly #clients = new Map<string, Client>();
  readonly #trace: RpcTrace | undefined;

  /** @param trace receives every call */
  constructor(trace?: RpcTrace) {
    this.#trace = trace;
  }

  /** Calls a function with a serialised message; returns its serialised answer. */
  async invoke(callback: Callback, message: { serializeBinary(): Uint8Array }): Promise<Uint8Array> {
    const request = new calls.CallbackInvokeRequest();
    request.setToken(callback.getToken());
    request.setRequest(message.serializeBinary());
    const call = nextCall();
    const method = "Callbacks/Invoke";
    this.#trace?.({ call, method, phase: "start", request: { request: request.getRequest_asB64() } });
    return new Promise((resolve, reject) => {
      this.#client(callback.getTarget()).invoke(request, (error, response) => {
        if (error) {
          const code = grpc.status[error.code] ?? String(error.code);
          this.#trace?.({ call, method, phase: "end", error: { code, message: error.details } });
          reject(new EngineError(error.details));
          return;
        }
        this.#trace?.({ call, method, phase: "end", response: { response: response.getResponse_asB64() } });
        resolve(response.getResponse_asU8());
      });
    });
  }

  /** Ends the connections. */
  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #client(target: string): Client {
    const known = this.#clients.get(target);
    if (known) return known;
    const client = new callsRpc.CallbacksClient(target, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
    });
    this.#clients.set(target, client);
    return client;
  }
}
