import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Test } from "tap";
import type { Clock } from "../../../provider/core/clock.ts";
import { type CloudConfig, resolveCloudConfig } from "../../../provider/openstack/index.ts";

/** A clock that only moves when told to. */
export interface FakeClock extends Clock {
  /** Moves on, waking who sleeps at the right times. */
  advance(milliseconds: number): Promise<void>;
  /** How many sleep now. */
  sleepers(): number;
}

const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

export function fakeClock(start = 1_000_000): FakeClock {
  let time = start;
  const sleeping = new Set<{ at: number; wake: () => void }>();
  return {
    now: () => time,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const abort = () => {
          sleeping.delete(sleeper);
          reject(signal?.reason);
        };
        const sleeper = {
          at: time + milliseconds,
          wake: () => {
            sleeping.delete(sleeper);
            signal?.removeEventListener("abort", abort);
            resolve();
          },
        };
        signal?.addEventListener("abort", abort, { once: true });
        sleeping.add(sleeper);
      }),
    sleepers: () => sleeping.size,
    async advance(milliseconds) {
      const end = time + milliseconds;
      await settle();
      for (;;) {
        const next = [...sleeping].filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        time = Math.max(time, next.at);
        next.wake();
        await settle();
      }
      time = end;
      await settle();
    },
  };
}

/** A clock on which every sleep is over at once; tells how long was slept. */
export function hastyClock(): Clock & { slept: number[] } {
  let time = 1_000_000;
  const slept: number[] = [];
  return {
    slept,
    now: () => time,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      slept.push(milliseconds);
      time += milliseconds;
    },
  };
}

/** A configuration from plain values, as the stack gives them. */
export function configOf(values: Record<string, unknown>): CloudConfig {
  return resolveCloudConfig({ stack: (key) => values[key.replace("openstack:", "")] });
}

export const PASSWORD = "correct-horse-battery";

/** A login by password at a Keystone under this address. */
export function passwordConfig(authUrl: string, more: Record<string, unknown> = {}): CloudConfig {
  return configOf({ authUrl, userName: "alpha", password: PASSWORD, tenantName: "alpha", region: "R", ...more });
}

/** The body of a token answer; `services` maps catalog types to addresses. */
export function tokenBody(services: Record<string, string> = {}, more: Record<string, unknown> = {}) {
  return {
    token: {
      issued_at: new Date().toISOString(),
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      user: { id: "u1", name: "alpha" },
      project: { id: "0123456789abcdef0123456789abcdef", name: "alpha" },
      roles: [{ name: "reader" }],
      catalog: Object.entries(services).map(([type, url]) => ({
        type,
        endpoints: [{ interface: "public", region_id: "R", url }],
      })),
      ...more,
    },
  };
}

/** A server on loopback that ends with the test. */
export async function serve(
  t: { teardown(handler: () => void): unknown },
  handler: RequestListener,
): Promise<{ url: string; server: Server }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** A Keystone and one Ironic behind one local server; `api` answers what is not a login. */
export async function serveCloud(t: { teardown(handler: () => void): unknown }, api: RequestListener) {
  let logins = 0;
  let address = "";
  const { url, server } = await serve(t, (request, response) => {
    if (request.url === "/v3/auth/tokens" && request.method === "POST") {
      logins++;
      const body = JSON.stringify(tokenBody({ baremetal: `${address}/v1`, compute: `${address}/v2.1` }));
      response.writeHead(201, { "content-type": "application/json", "x-subject-token": `token-${logins}` }).end(body);
      return;
    }
    api(request, response);
  });
  address = url;
  return { url, server, logins: () => logins };
}

/** That a promise is rejected with an error that has at least these properties. */
export async function failsWith(t: Test, promise: Promise<unknown>, wanted: object): Promise<void> {
  await promise.then(
    () => t.fail("was not rejected"),
    (error: unknown) => t.match(error, wanted),
  );
}
