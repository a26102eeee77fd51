/** Six hours of waiting, in simulated time: tokens end and are revoked, services restart, and one create goes through it all. */
import t from "tap";
import {
  type AnyDefinition,
  type Context,
  create,
  type Failure,
  type HalfMade,
  systemClock,
  Turns,
  update,
} from "../../provider/core/index.ts";
import type { Cloud } from "../../provider/openstack/cloud.ts";
import { resolveCloudConfig, Session } from "../../provider/openstack/index.ts";
import { isolatedNetwork } from "../../provider/resources/isolated-network.ts";
import { server } from "../../provider/resources/server.ts";
import { type Sandbox, startSandbox } from "../../provider/sandbox/index.ts";
import { TEST_FLEET } from "../cloud/sandbox.ts";
import { inputsOf } from "../contract/context.ts";
import { SimulatedTime } from "./simulated.ts";

const HOURS = 6;
/** Life of a token, in seconds. */
const LIFE = 3600;

const sandboxes: Sandbox[] = [];
t.teardown(() => Promise.all(sandboxes.map((sandbox) => sandbox.stop())));
/** Runs work in a simulated time of its own. */
const alone = <T>(work: (time: SimulatedTime) => Promise<T>): Promise<T> => {
  const time = new SimulatedTime();
  return time.run(() => work(time));
};

/** A cloud at the speed of hardware on which a deploy takes so many hours, and providers for it. */
async function world(time: SimulatedTime, hours: number, dated = true) {
  const sandbox = await startSandbox({ fleet: TEST_FLEET, speed: 1, tokenLife: LIFE });
  sandboxes.push(sandbox);
  for (const { name } of TEST_FLEET.nodes)
    await fetch(`${sandbox.url}/sandbox/nodes/${name}`, {
      method: "PUT",
      body: JSON.stringify({ delay: { deploy: hours * 3600 } }),
    });
  const lines: { at: number; line: string }[] = [];
  const contextFor = (user: string): Context<Cloud> & { session: Session } => {
    const progress = (line: string) => void lines.push({ at: time.minutes, line });
    const session = new Session(resolveCloudConfig({ env: sandbox.environment(user) }), {
      clock: systemClock,
      fetch: time.fetch(dated),
      progress,
    });
    return {
      session,
      cloud: session,
      clock: systemClock,
      turns: new Turns(),
      signal: new AbortController().signal,
      progress,
      warn: progress,
      async place() {
        const { authUrl, region, projectId } = await session.principal();
        return { authUrl, region: region ?? "", projectId };
      },
      engineAlive: async () => true,
    };
  };
  return { sandbox, lines, contextFor };
}

const WAYS = {
  ironic: { user: "beta", machine: { route: "ironic", hardware: { class: "metal" } } },
  nova: { user: "alpha", machine: { route: "nova", hardware: { class: "baremetal" } } },
} as const;

const programOf = (way: keyof typeof WAYS, network: string, limit: string) =>
  inputsOf(server as AnyDefinition, "machine", {
    image: "tiny",
    networks: [{ network }],
    timeouts: { create: limit },
    ...WAYS[way].machine,
  }) as never;

const networkOf = (context: Context<Cloud>) =>
  create(
    isolatedNetwork as AnyDefinition,
    context,
    inputsOf(isolatedNetwork as AnyDefinition, "net", { cidr: "10.73.0.0/24" }) as never,
  );

/** How often a kind of request was accepted from a provider. */
const count = (sandbox: Sandbox, method: string, path: RegExp) =>
  sandbox
    .journal()
    .filter((entry) => entry.method === method && path.test(entry.path) && entry.status >= 200 && entry.status < 300)
    .length;

/** How often a machine was asked for. */
const asked = (sandbox: Sandbox, way: keyof typeof WAYS) =>
  way === "ironic"
    ? count(sandbox, "PUT", /^\/v1\/nodes\/[^/]+\/states\/provision/)
    : count(sandbox, "POST", /^\/v2.1\/servers$/);

/** What goes wrong in six hours. */
function troubles(time: SimulatedTime, sandbox: Sandbox): void {
  const away = (daemon: string, from: number, to: number) => {
    time.at(from, () => sandbox.daemon(daemon, "dead"));
    time.at(to, () => sandbox.daemon(daemon, "running"));
  };
  // A token lives for 60 minutes and is renewed after 48: here nobody can, and then it ends.
  away("keystone", 46, 65);
  // A proxy in front of services that are being restarted.
  let clear = () => {};
  time.at(90, () => {
    clear = sandbox.fault({ effect: "status", status: 503, html: true, path: "^/(v1|v2.1)/" });
  });
  time.at(94, () => clear());
  away("ironic-api", 200, 203);
  away("nova-api", 200, 203);
  for (const minutes of [150, 300]) time.at(minutes, () => revoke(sandbox, time.token));
}

async function revoke(sandbox: Sandbox, token: string): Promise<void> {
  const headers = { "X-Auth-Token": token, "X-Subject-Token": token };
  const reply = await fetch(`${sandbox.authUrl}/auth/tokens`, { method: "DELETE", headers });
  if (reply.status !== 204) throw new Error(`the token could not be revoked: ${reply.status}`);
}

for (const way of ["ironic", "nova"] as const)
  t.test(`six hours by ${way}`, { timeout: 300_000 }, async (t) => {
    const { made, sandbox, lines, passed } = await alone(async (time) => {
      const { sandbox, lines, contextFor } = await world(time, HOURS);
      const context = contextFor(WAYS[way].user);
      const network = await networkOf(context);
      troubles(time, sandbox);
      const began = time.minutes;
      const made = await create(server as AnyDefinition, context, programOf(way, network.id, "8h"));
      return { made, sandbox, lines: lines.filter(({ at }) => at >= began), passed: time.minutes };
    });
    t.ok(passed > HOURS * 60, `${Math.round(passed)} minutes passed`);
    t.equal(made.outputs["condition"], "ready", "one create call makes the machine");
    t.equal(asked(sandbox, way), 1, "and asks for it once");
    const logins = count(sandbox, "POST", /^\/v3\/auth\/tokens/);
    t.ok(logins > HOURS, `${logins} tokens, for a token lives for an hour and two were revoked`);
    const refused = sandbox.journal().filter(({ status }) => status === 401).length;
    t.ok(refused >= 2, `${refused} requests met a token that was not good any more`);
    // An answer that is late is told of after ten seconds, which may come on top.
    const late = lines.filter(({ at }, index) => index > 0 && at - lines[index - 1]!.at > 1.2);
    t.same(late, [], "a line every minute");
    const waiting = lines.filter(({ at, line }) => at > 2 && /^Server machine: (installing|deploying)/.test(line));
    t.ok(waiting.length > 300, `${waiting.length} of ${lines.length} lines tell of the deploy`);
    t.same(
      waiting.filter(({ line }) => !/\((\d+ (h|min|s) ?)+, usually \d+ (min|h)\)$/.test(line)),
      [],
      "each with the step, the time that it has taken and the usual time",
    );
    t.match(waiting.at(-1)?.line, /\((5 h 5\d min|6 h[ \d]*(min)?), usually/, "the whole time of it");
    const told = (words: RegExp) => lines.some(({ line }) => words.test(line));
    t.ok(told(/does not answer: .*(Keystone|identity)/i), "that Keystone was away was told");
    t.ok(told(/does not answer: .*503/), "and the restart behind the proxy");
  });

t.test("a Keystone whose clock goes wrong: the token ends sooner than it says", { timeout: 300_000 }, async (t) => {
  const { made, sandbox } = await alone(async (time) => {
    const { sandbox, contextFor } = await world(time, 3, false);
    const context = contextFor("beta");
    const network = await networkOf(context);
    const made = await create(server as AnyDefinition, context, programOf("ironic", network.id, "8h"));
    return { made, sandbox };
  });
  t.equal(made.outputs["condition"], "ready");
  t.equal(asked(sandbox, "ironic"), 1);
  t.ok(
    sandbox.journal().filter(({ status }) => status === 401).length >= 2,
    "it is refused and renewed, more than once",
  );
});

t.test("a limit that is too short", { timeout: 300_000 }, async (t) => {
  const { failed, again, sandbox } = await alone(async (time) => {
    const { sandbox, contextFor } = await world(time, 3);
    const context = contextFor("beta");
    const network = await networkOf(context);
    const late = await create(server as AnyDefinition, context, programOf("ironic", network.id, "1h30m")).then(
      () => undefined,
      (error: HalfMade) => error,
    );
    // The next run is another process.
    const next = contextFor("beta");
    const { id, outputs } = late!;
    const wanted = programOf("ironic", network.id, "8h") as Record<string, unknown>;
    const again = await update(server as AnyDefinition, next, id, outputs, {
      ...wanted,
      timeouts: { update: "8h" },
    } as never);
    return { failed: late!, again, sandbox };
  });
  t.equal((failed.cause as Failure).code, "timed-out");
  t.match(failed.message, /longer than 1 h 30 min/);
  t.match(failed.message, /installing the machine/, "what was waited for");
  t.match(failed.message, /node beta-\d: (deploying|wait call-back)/, "what was last seen");
  t.match(failed.message, /goes on from what is there/, "and what the next run does");
  t.comment(failed.message);
  t.equal(again["condition"], "ready", "which it does");
  t.equal(asked(sandbox, "ironic"), 1, "with the same machine and the same deploy");
});
