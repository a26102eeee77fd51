import {
  type Action,
  type AnyDefinition,
  type Context,
  check,
  Failure,
  HalfMade,
  systemClock,
  Turns,
} from "../../provider/core/index.ts";
import type { Cloud } from "../../provider/openstack/cloud.ts";
import { resolveCloudConfig, Session } from "../../provider/openstack/index.ts";
import { answers, login, type Session as Raw, type Service, type Tenant, tenantEnv } from "../cloud/client.ts";

/** A context on the test cloud, with what was said in it. */
export interface TestContext extends Context<Cloud> {
  readonly lines: string[];
  readonly warnings: string[];
  /** Method, address and status of every request so far. */
  readonly requests: string[];
  /** Aborts the signal, as a killed run does. */
  cancel(): void;
  close(): void;
}

/** A context as a host builds it, for a tenant of the test cloud. */
export function contextFor(tenant: Tenant | "admin"): TestContext {
  const requests: string[] = [];
  const session = new Session(resolveCloudConfig({ env: tenantEnv(tenant) }), {
    log: (line) => void requests.push(line),
  });
  const controller = new AbortController();
  const lines: string[] = [];
  const warnings: string[] = [];
  return {
    cloud: session,
    clock: systemClock,
    turns: new Turns(),
    signal: controller.signal,
    progress: (line) => void lines.push(line),
    warn: (line) => void warnings.push(line),
    async place() {
      const { authUrl, region, projectId } = await session.principal();
      return { authUrl, region: region ?? "", projectId };
    },
    engineAlive: async () => !controller.signal.aborted,
    lines,
    warnings,
    requests,
    cancel: () => controller.abort(),
    close: () => session.close(),
  };
}

/** Inputs as a host hands them over: checked, with identity; throws where they are wrong. */
export function inputsOf<T extends Record<string, unknown>>(definition: AnyDefinition, name: string, program: T) {
  const { inputs, problems } = check(definition, undefined, {
    ...program,
    identity: `proj/test/${definition.type}/${name}`,
  });
  if (problems.length) throw new Error(problems.map(({ path, reason }) => `${path} ${reason}`).join("; "));
  return inputs as T & { identity: string; condition: string };
}

/** The definition whose run dies right after its n-th step, counted from 1, as a killed process does. */
export function dyingAfter<D extends AnyDefinition>(definition: D, step: number, context: TestContext): D {
  let steps = 0;
  return {
    ...definition,
    perform: async (given: Context<unknown>, action: Action) => {
      const id = await definition.perform(given, action);
      if (++steps < step) return id;
      context.cancel();
      throw new Error("killed");
    },
  };
}

/** What a promise was rejected with, as the failure that it is. */
export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof HalfMade) return error.cause as Failure;
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("it succeeded");
}

/** A name that no other run uses. */
export const unique = (prefix: string): string => `${prefix}-${Date.now().toString(36)}-${process.pid}`;

/** A tenant's raw session where the cloud answers with these services; otherwise why the test is skipped. */
export async function cloudOrSkip(tenant: Tenant, services: readonly Service[]): Promise<Raw | string> {
  for (const service of ["keystone", ...services] as const)
    if (!(await answers(service))) return `no ${service} on loopback (npm run cloud:up starts the test cloud)`;
  try {
    return await login(tenant);
  } catch (error) {
    return `the test cloud does not let ${tenant} in: ${error instanceof Error ? error.message : String(error)}`;
  }
}
