/** Serves ResourceMonitor, through which a program says what it wants, and Engine, through which it reports. */

import type { Callback, Callbacks } from "./callbacks.ts";
import { messageOf } from "./errors.ts";
import type { EngineEvent, Severity } from "./events.ts";
import type { Goal, RegisterResult, Registration } from "./goal.ts";
import type { Hooks } from "./hooks.ts";
import { Refusal, type RefusalId } from "./refusals.ts";
import { inheritProvider, providerGoal, readGoal } from "./registration.ts";
import { Empty, engine, engineRpc, fromStruct, grpc, resource as pb, resourceRpc, toStruct } from "./stubs.ts";
import { Transforms } from "./transforms.ts";
import { isProviderType, referenceText, STACK_REFERENCE_TYPE } from "./urn.ts";
import type { PropertyMap } from "./values.ts";
import { decodeMap, encodeMap } from "./values.ts";

/** What a program did. */
export type ProgramEvent =
  | { kind: "register"; registration: Registration }
  | { kind: "outputs"; urn: string; outputs: PropertyMap; done: () => void; fail: (error: Error) => void }
  | { kind: "complete" };

/** What the server needs to know about the run. */
export interface MonitorOptions {
  project: string;
  stack: string;
  organization: string;
  preview: boolean;
  parallel: number;
  config: Record<string, { text: string; secret: boolean }>;
  /** The configuration as inputs of the dynamic provider. */
  providerInputs: PropertyMap;
  programDirectory: string;
  /** Calls the transforms of the program. */
  callbacks: Callbacks;
  /** Takes the hooks of the program. */
  hooks: Hooks;
  onProgram: (event: ProgramEvent) => void;
  emit: (event: EngineEvent) => void;
}

const { ResourceMonitorFeature: Feature } = pb;
/**
 * What programs may use. Some of it is refused when used: without being announced, the SDK would blame the version
 * of the pulumi CLI.
 */
const FEATURES = [
  Feature.RESOURCE_MONITOR_FEATURE_SECRETS,
  Feature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  Feature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  Feature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  Feature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  Feature.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
  Feature.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
  Feature.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
  Feature.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
  Feature.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
  Feature.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
];
const SEVERITIES: Severity[] = ["debug", "info", "warning", "error"];

type Handler<Request, Response> = grpc.handleUnaryCall<Request, Response>;

/** The engine's gRPC server of one run, on loopback. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  /** Goals by URN: children inherit from them. */
  readonly #goals = new Map<string, Goal>();
  readonly #transforms: Transforms;
  readonly #abort = new Set<(error: Partial<grpc.ServiceError>) => void>();
  readonly #shutdown: (() => void)[] = [];
  #closed = false;
  #completed = false;
  #defaultProvider: Promise<string> | undefined;
  #rootUrn = "";
  /** `127.0.0.1:<port>`, once started. */
  address = "";

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#transforms = new Transforms(options.callbacks);
  }

  /** Starts to serve. */
  async start(): Promise<void> {
    this.#server.addService(engineRpc.EngineService, {
      log: unary((request: InstanceType<typeof engine.LogRequest>) => this.#log(request)),
      setRootResource: unary((request: InstanceType<typeof engine.SetRootResourceRequest>) => {
        this.#rootUrn = request.getUrn();
        return new engine.SetRootResourceResponse();
      }),
      getRootResource: unary(() => new engine.GetRootResourceResponse().setUrn(this.#rootUrn)),
      startDebugging: unary(refuse("debugger")),
      requirePulumiVersion: unary((request: InstanceType<typeof engine.RequirePulumiVersionRequest>) => {
        throw new Refusal("require-version", request.getPulumiVersionRange());
      }),
    });
    this.#server.addService(resourceRpc.ResourceMonitorService, {
      getDeploymentInfo: unary(() => this.#deploymentInfo()),
      supportsFeature: unary((request: InstanceType<typeof pb.SupportsFeatureRequest>) =>
        new pb.SupportsFeatureResponse().setHassupport(SUPPORTED_BY_NAME.has(request.getId())),
      ),
      registerResource: this.#untilClosed((request: InstanceType<typeof pb.RegisterResourceRequest>) =>
        this.#register(request),
      ),
      registerResourceOutputs: this.#untilClosed((request: InstanceType<typeof pb.RegisterResourceOutputsRequest>) =>
        this.#registerOutputs(request),
      ),
      signalAndWaitForShutdown: unary(() => this.#waitForShutdown()),
      readResource: unary((request: InstanceType<typeof pb.ReadResourceRequest>) => {
        const name = `${request.getType()} ${request.getName()}`;
        throw request.getType() === STACK_REFERENCE_TYPE
          ? new Refusal("stack-reference", request.getName())
          : new Refusal("get", name);
      }),
      invoke: unary((request: InstanceType<typeof pb.ResourceInvokeRequest>) => {
        throw new Refusal("provider-function", request.getTok());
      }),
      call: unary((request: InstanceType<typeof pb.ResourceCallRequest>) => {
        throw new Refusal("component-method", request.getTok());
      }),
      registerPackage: unary((request: InstanceType<typeof pb.RegisterPackageRequest>) => {
        throw new Refusal("parameterized-package", request.getName());
      }),
      registerStackTransform: unary((request: Callback) => {
        this.#transforms.addToStack(request);
        return new Empty();
      }),
      // It would change calls of provider functions, which are refused themselves.
      registerStackInvokeTransform: unary(() => new Empty()),
      registerResourceHook: unary((request: InstanceType<typeof pb.RegisterResourceHookRequest>) => {
        this.#options.hooks.register(request);
        return new Empty();
      }),
      registerErrorHook: unary((request: InstanceType<typeof pb.RegisterErrorHookRequest>) => {
        throw new Refusal("error-hook", request.getName());
      }),
    });
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    this.address = `127.0.0.1:${port}`;
  }

  /** Whether the program has said that it has registered everything. */
  get completed(): boolean {
    return this.#completed;
  }

  /** Answers every waiting call: those of a program that is done normally, all others with "shut down". */
  close(): void {
    this.#closed = true;
    for (const release of this.#shutdown.splice(0)) release();
    for (const abort of [...this.#abort])
      abort({ code: grpc.status.UNAVAILABLE, details: "resource monitor shut down" });
  }

  /** Stops serving. */
  stop(): void {
    this.close();
    this.#server.forceShutdown();
  }

  async #waitForShutdown() {
    const released = new Promise<void>((resolve) => this.#shutdown.push(resolve));
    this.#completed = true;
    this.#options.onProgram({ kind: "complete" });
    if (!this.#closed) await released;
    return new Empty();
  }

  #log(request: InstanceType<typeof engine.LogRequest>) {
    const diagnostic = {
      urn: request.getUrn(),
      severity: SEVERITIES[request.getSeverity()] ?? "info",
      message: request.getMessage(),
      ephemeral: request.getEphemeral(),
    };
    this.#options.emit({ kind: "diagnostic", diagnostic });
    return new Empty();
  }

  #deploymentInfo() {
    const { project, stack, organization, preview, parallel, config } = this.#options;
    const info = new pb.DeploymentInfo();
    info.setProject(project);
    info.setStack(stack);
    info.setOrganization(organization);
    info.setDryrun(preview);
    info.setParallel(parallel);
    for (const [key, { text }] of Object.entries(config)) info.getConfigMap().set(key, text);
    info.setConfigsecretkeysList(Object.keys(config).filter((key) => config[key]?.secret));
    info.setSupportedfeaturesList(FEATURES);
    return info;
  }

  async #register(request: InstanceType<typeof pb.RegisterResourceRequest>) {
    const parent = this.#goals.get(request.getParent());
    inheritProvider(request, parent);
    await this.#transforms.apply(request);
    const goal = readGoal(request, parent, this.#options.programDirectory);
    if (isManagedGoal(goal) && goal.provider === "") goal.provider = await this.#dynamicProvider();
    const { state, result, unknown } = await this.#submit(goal);
    this.#goals.set(state.urn, goal);
    this.#transforms.remember(state.urn, request);
    const response = new pb.RegisterResourceResponse();
    response.setUrn(state.urn);
    response.setId(state.id);
    response.setUnknown(unknown);
    response.setResult(
      result === "failed" ? pb.Result.FAIL : result === "skipped" ? pb.Result.SKIP : pb.Result.SUCCESS,
    );
    const keep = { secrets: request.getAcceptsecrets(), unknowns: true, references: request.getAcceptresources() };
    response.setObject(toStruct(goal.custom ? encodeMap(state.outputs, keep) : {}));
    return response;
  }

  /** The default dynamic provider, registered for the first resource that needs it. */
  #dynamicProvider(): Promise<string> {
    this.#defaultProvider ??= this.#submit(providerGoal(this.#options.providerInputs)).then(({ state }) =>
      referenceText(state),
    );
    return this.#defaultProvider;
  }

  #submit(goal: Goal): Promise<RegisterResult> {
    return new Promise((resolve) => {
      this.#options.onProgram({ kind: "register", registration: { goal, resolve } });
    });
  }

  async #registerOutputs(request: InstanceType<typeof pb.RegisterResourceOutputsRequest>) {
    const outputs = decodeMap(fromStruct(request.getOutputs()) ?? {}, this.#options.programDirectory);
    await new Promise<void>((done, fail) => {
      this.#options.onProgram({ kind: "outputs", urn: request.getUrn(), outputs, done, fail });
    });
    return new Empty();
  }

  /** A handler whose callers get "shut down" when the run ends before their answer. */
  #untilClosed<Request, Response>(handle: (request: Request) => Promise<Response>): Handler<Request, Response> {
    return (call, callback) => {
      if (this.#closed) {
        callback({ code: grpc.status.UNAVAILABLE, details: "resource monitor shut down" });
        return;
      }
      const abort = (error: Partial<grpc.ServiceError>) => {
        if (this.#abort.delete(abort)) callback(error);
      };
      this.#abort.add(abort);
      handle(call.request).then(
        (response) => {
          if (this.#abort.delete(abort)) callback(null, response);
        },
        (error: unknown) => abort(asStatus(error)),
      );
    };
  }
}

/** Names under which older SDKs ask for features. */
const SUPPORTED_BY_NAME = new Set([
  "secrets",
  "resourceReferences",
  "outputValues",
  "aliasSpecs",
  "deletedWith",
  "replaceWith",
]);

const asStatus = (error: unknown): Partial<grpc.ServiceError> => ({
  code: grpc.status.FAILED_PRECONDITION,
  details: messageOf(error),
});

const isManagedGoal = (goal: Goal): boolean => goal.custom && !isProviderType(goal.type);

function refuse(id: RefusalId): () => never {
  return () => {
    throw new Refusal(id);
  };
}

function unary<Request, Response>(
  handle: (request: Request) => Response | Promise<Response>,
): Handler<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => handle(call.request))
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(asStatus(error)),
      );
  };
}
