/**
 * Every kind of request that the provider made in the lifecycle tests before this one stands in some exchange of tests/parity, so
 * that the embedded cloud's answer to it is known to be a real cloud's.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Entry } from "../../provider/sandbox/index.ts";
import { startTestSandbox } from "../cloud/sandbox.ts";

const journals = process.env["SANDBOX_JOURNALS"];
const recordings = join(import.meta.dirname, "../parity/recordings");

interface Route {
  readonly service: string;
  readonly method: string;
  /** With the service's prefix. */
  readonly path: string;
}

const pattern = (path: string) =>
  new RegExp(
    `^${path
      .replace(/[.+?^$()|[\]\\]/g, "\\$&")
      .replace(/\{[^}*]+\}/g, "[^/]+")
      .replace(/\{[^}]+\*\}/g, ".+")}$`,
  );

t.test(
  "the exchanges cover what the provider asks",
  { skip: !journals && "needs the journals of the suite lifecycle: npm test lifecycle coverage" },
  async (t) => {
    const entries = readdirSync(journals!)
      .flatMap((file) => readFileSync(join(journals!, file), "utf8").split("\n"))
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Entry);
    const sandbox = await startTestSandbox();
    t.teardown(() => sandbox.stop());
    const { routes } = (await (await fetch(`${sandbox.url}/sandbox/routes`)).json()) as { routes: Route[] };
    const asked = new Map<string, string>();
    for (const entry of entries)
      if (entry.agent?.startsWith("pulumi-baremetal") && entry.route) {
        const action = entry.route.endsWith("/action") ? ` ${Object.keys((entry.body ?? {}) as object)[0]}` : "";
        asked.set(`${entry.service} ${entry.method} ${entry.route}${action}`, entry.path);
      }
    t.ok(asked.size > 30, `${asked.size} kinds of requests`);

    const recorded = new Set<string>();
    for (const file of readdirSync(recordings, { recursive: true, encoding: "utf8" }).filter((one) =>
      one.endsWith(".json"),
    )) {
      const { steps } = JSON.parse(readFileSync(join(recordings, file), "utf8")) as {
        steps: { request: string; sent?: object }[];
      };
      for (const { request, sent } of steps) {
        const found = /^(\S+) <(\w+)>([^?]*)/.exec(request);
        if (!found) continue;
        const [, method, service, path] = found as unknown as [string, string, string, string];
        const prefix = routes.find((route) => route.service === service)?.path.split("/")[1];
        for (const route of routes)
          if (route.service === service && route.method === method && pattern(route.path).test(`/${prefix}${path}`)) {
            const below = route.path.slice(`/${prefix}`.length);
            const action = below.endsWith("/action") ? ` ${Object.keys(sent ?? {})[0]}` : "";
            recorded.add(`${service} ${method} ${below}${action}`);
          }
      }
    }
    const missing = [...asked]
      .filter(([kind]) => !recorded.has(kind))
      .map(([kind, path]) => `${kind}   (for example ${path})`);
    t.same(missing, [], `${asked.size} kinds of requests`);
  },
);
