/** The dynamic-provider server that ships with @pulumi/pulumi, started for a run. */
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { NodeChild } from "./child.ts";
import { EngineError } from "./errors.ts";
import type { Message, ProviderCall } from "./stubs.ts";
import { Empty, grpc, provider as pb, plain, providerRpc } from "./stubs.ts";
import type { RpcTrace } from "./trace.ts";
import { nextCall } from "./trace.ts";

/** What every provider process of a run shares. */
export interface ProviderHost {
  /** The folder of the program; the server is the one its own @pulumi/pulumi brings. */
  programDirectory: string;
  env: NodeJS.ProcessEnv;
  /** Address of the engine's own server. */
  engineAddress: string;
  /** Each line a provider prints. */
  onLine: (line: string, stream: "stdout" | "stderr") => void;
  trace: RpcTrace | undefined;
}

type Client = InstanceType<typeof providerRpc.ResourceProviderClient>;
/** The methods of the client that the engine calls. */
type Method =
  | "handshake"
  | "getPluginInfo"
  | "checkConfig"
  | "diffConfig"
  | "configure"
  | "check"
  | "diff"
  | "create"
  | "read"
  | "update"
  | "delete"
  | "cancel";

/** How long a provider may take to print its port. */
const START_MS = 60_000;
/** How long the end of a process may take to be noticed after its connection was lost. */
const NOTICE_MS = 500;
/** How long a provider may take to end after SIGINT. */
const GRACE_MS = 2_000;

/** The path of a module of the @pulumi/pulumi that a program uses. */
export function sdkModule(programDirectory: string, module: string): string {
  try {
    return createRequire(join(programDirectory, "package.json")).resolve(`@pulumi/pulumi/${module}`);
  } catch {
    throw new EngineError(
      `@pulumi/pulumi is not installed in ${programDirectory}; run \`npm install @pulumi/pulumi\` there`,
    );
  }
}

/** One running provider process. */
export class ProviderProcess {
  readonly #child: NodeChild;
  readonly #client: Client;
  readonly #host: ProviderHost;

  private constructor(child: NodeChild, client: Client, host: ProviderHost) {
    this.#child = child;
    this.#client = client;
    this.#host = host;
  }

  /** Starts a provider and greets it. */
  static async start(host: ProviderHost): Promise<ProviderProcess> {
    const script = sdkModule(host.programDirectory, "cmd/dynamic-provider");
    let port: ((port: string) => void) | undefined;
    const printedPort = new Promise<string>((resolve) => {
      port = resolve;
    });
    const child = new NodeChild({
      args: [script, host.engineAddress],
      cwd: host.programDirectory,
      env: host.env,
      onLine: (line, stream) => {
        if (port && stream === "stdout" && /^\d+$/.test(line)) {
          port(line);
          port = undefined;
        } else host.onLine(line, stream);
      },
    });
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new EngineError("the dynamic provider did not start in time")), START_MS);
    });
    const died = child.ended.then(({ code }) => {
      throw new EngineError(`the dynamic provider ended at its start with exit code ${code}`);
    });
    died.catch(() => {});
    try {
      const address = `127.0.0.1:${await Promise.race([printedPort, died, tooLate])}`;
      const client = new providerRpc.ResourceProviderClient(address, grpc.credentials.createInsecure(), {
        "grpc.max_receive_message_length": -1,
        "grpc.max_send_message_length": -1,
      });
      const started = new ProviderProcess(child, client, host);
      await started.#greet(dirname(dirname(dirname(script))));
      return started;
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** One call; rejects with the gRPC error. */
  async call<M extends Method>(method: M, request: ProviderCall<M>["request"]): Promise<ProviderCall<M>["response"]> {
    const { trace } = this.#host;
    const call = nextCall();
    const name = `ResourceProvider/${method[0]?.toUpperCase()}${method.slice(1)}`;
    trace?.({ call, method: name, phase: "start", request: plain(request as Message) });
    const send = this.#client[method] as unknown as (
      this: Client,
      request: unknown,
      callback: (error: grpc.ServiceError | null, response: ProviderCall<M>["response"]) => void,
    ) => void;
    try {
      const response = await new Promise<ProviderCall<M>["response"]>((resolve, reject) => {
        send.call(this.#client, request, (error, answer) => (error ? reject(error) : resolve(answer)));
      });
      trace?.({ call, method: name, phase: "end", response: plain(response as Message) });
      return response;
    } catch (error) {
      const { code, details } = error as grpc.ServiceError;
      trace?.({
        call,
        method: name,
        phase: "end",
        error: { code: grpc.status[code] ?? String(code), message: details },
      });
      if (code === grpc.status.UNAVAILABLE && (await this.#hasEnded()))
        throw new EngineError("the provider process ended before it answered");
      throw error;
    }
  }

  /** Tells an operation where status reports go: the engine's own server, which refuses them in words. */
  reportTo(request: {
    setResourceStatusAddress(address: string): unknown;
    setResourceStatusToken(token: string): unknown;
  }): void {
    request.setResourceStatusAddress(this.#host.engineAddress);
    request.setResourceStatusToken(randomUUID());
  }

  /** Asks the provider to give up what it is doing. */
  async cancel(): Promise<void> {
    await this.call("cancel", new Empty()).catch(() => {});
  }

  /** Ends the process; it gets a moment to go by itself. */
  async stop(): Promise<void> {
    this.#client.close();
    await this.#child.stop(GRACE_MS);
  }

  /** Ends the process at once. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Whether the process is gone; a lost connection is noticed a moment before the end of the process. */
  async #hasEnded(): Promise<boolean> {
    const moment = new Promise<void>((resolve) => setTimeout(resolve, NOTICE_MS).unref());
    await Promise.race([this.#child.ended, moment]);
    return this.#child.exit !== undefined;
  }

  async #greet(packageDirectory: string): Promise<void> {
    const request = new pb.ProviderHandshakeRequest();
    request.setEngineAddress(this.#host.engineAddress);
    request.setRootDirectory(packageDirectory);
    request.setProgramDirectory(packageDirectory);
    request.setConfigureWithUrn(true);
    request.setInvokeWithPreview(true);
    // The dynamic provider answers that it has no handshake; a provider that had one would still be configured.
    await this.call("handshake", request).catch((error: grpc.ServiceError) => {
      if (error.code !== grpc.status.UNIMPLEMENTED) throw error;
    });
    await this.call("getPluginInfo", new Empty());
  }
}
