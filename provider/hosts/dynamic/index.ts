/**
 * The dynamic host: what `@pulumi/pulumi`'s dynamic-provider server calls. The SDK's `__provider` text requires this
 * module by the package's name, so the installed code runs, never code out of old state.
 *
 * What that server does shapes this file: one process for the whole stack; `configure` must be synchronous; inputs
 * stand in for outputs in preview; an `undefined` inside a partial failure hangs the engine; delete sees outputs only.
 */
import {
  type AnyDefinition,
  check,
  clean,
  create,
  diff,
  Failure,
  HalfMade,
  labelOf,
  read,
  remove,
  update,
} from "../../core/index.ts";
import { definitions } from "../../resources/index.ts";
import { type HostContext, hostContext } from "../context.ts";
import { EngineWatch, survivesBrokenPipes } from "./engine-watch.ts";

type Values = Record<string, unknown>;

interface ConfigureRequest {
  config: { get(key: string): string | undefined };
}

const PROVIDER = "__provider";
// The server is started as `node …/cmd/dynamic-provider <engine address>`.
const engine = new EngineWatch(
  process.argv.slice(2).find((argument) => /^[\w.[\]:-]+:\d+$/.test(argument)),
  () => process.exit(0),
);
survivesBrokenPipes();
let config: ConfigureRequest["config"] | undefined;
let context: HostContext | undefined;

/** One context for all resources of the stack; what is wrong with the credentials shows at the first operation. */
function theContext(): HostContext {
  context ??= hostContext({
    config: (key) => config?.get(key),
    progress: (line) => console.log(line),
    warn: (line) => console.log(`warning: ${line}`),
    signal: engine.signal,
    engineAlive: () => engine.alive(),
  });
  return context;
}

/** Without the host's own key. */
function own(values: Values): Values {
  const { [PROVIDER]: _, ...rest } = values;
  return rest;
}

/** The message without a stack: what happened, whose move it is, what to type next. */
function plain(error: unknown): Error {
  const shown = new Error(error instanceof Error ? error.message : String(error));
  shown.stack = error instanceof Failure ? "" : error instanceof Error ? error.stack : undefined;
  return shown;
}

/** A failure as the server packs it into ErrorResourceInitFailed; without `__provider` the state could not be read again. */
function partial(error: HalfMade, inputs: Values): Error {
  return Object.assign(plain(error.cause ?? error), {
    id: error.id,
    properties: clean({ ...error.outputs, [PROVIDER]: inputs[PROVIDER] }),
    reasons: error.reasons,
  });
}

async function run<T>(
  definition: AnyDefinition,
  inputs: Values,
  work: (context: HostContext) => Promise<T>,
): Promise<T> {
  return engine.during(async () => {
    try {
      return await work(theContext());
    } catch (error) {
      if (error instanceof HalfMade) throw partial(error, inputs);
      throw plain(error instanceof Failure ? error.with({ resource: labelOf(definition, inputs) }) : error);
    }
  });
}

/** A definition as a dynamic provider. */
function dynamicProvider(definition: AnyDefinition) {
  return {
    /** Keeps the configuration; asks nothing of anybody. */
    configure(request: ConfigureRequest): void {
      config ??= request.config;
    },
    async check(olds: Values, news: Values) {
      const before = own(olds);
      const { inputs, problems } = check(definition, Object.keys(before).length ? before : undefined, own(news));
      return {
        inputs: clean(inputs) as Values,
        failures: problems.map(({ path, reason }) => ({ property: path, reason })),
      };
    },
    /** `changes` stays open: the engine then compares the inputs itself, with property paths. */
    async diff(_id: string, olds: Values, news: Values) {
      try {
        return diff(definition, own(olds), own(news));
      } catch (error) {
        throw plain(error);
      }
    },
    async create(inputs: Values) {
      return run(definition, inputs, async (context) => {
        const { id, outputs } = await create(definition, context, own(inputs) as never);
        return { id, outs: clean(outputs) };
      });
    },
    async read(id: string, props: Values) {
      return run(definition, props, async (context) => {
        const found = await read(definition, context.reading(`${definition.type} ${id}`), id, own(props));
        return found ? { id, props: clean(found.outputs), inputs: clean(found.inputs) } : { id: "", props: {} };
      });
    },
    async update(id: string, olds: Values, news: Values) {
      return run(definition, news, async (context) => ({
        outs: clean(await update(definition, context, id, own(olds), own(news) as never)),
      }));
    },
    async delete(id: string, props: Values) {
      return run(definition, props, (context) => remove(definition, context, id, own(props)));
    },
  };
}

/** The dynamic provider of each resource type, by its name. */
export const resources = Object.fromEntries(
  definitions.map((definition) => [definition.type, dynamicProvider(definition)]),
);
