/** Killed after any of its requests, and the same command again: one of each, nothing left over, nothing wiped. */
import t from "tap";
import { resetTenant } from "../cloud/admin.ts";
import { countOf, destructive, forget, machinesOf } from "./cloud.ts";
import { finish } from "./finish.ts";
import { type Edits, programOf, ROUTES, type Route } from "./programs.ts";
import { startProvider } from "./provider.ts";
import { type Outcome, Stack } from "./stack.ts";

const skip = process.env["SANDBOX_URL"] === undefined && "needs the embedded cloud: npm test interruption";
/** Every so many-th request is a point to kill at. */
const STRIDE = Number(process.env["KILL_STRIDE"] ?? 1);
const only = process.env["KILL_ROUTE"];

/** Runs one operation with a kill after the k-th request; undefined when it had fewer. */
async function killedAt(
  route: Route,
  k: number,
  operation: (provider: ReturnType<typeof startProvider>) => Promise<Outcome>,
): Promise<"killed" | Outcome> {
  const provider = startProvider(route.tenant, [{ request: k, what: "kill after" }]);
  const outcome = await operation(provider);
  provider.close();
  return outcome.ended === "killed" ? "killed" : outcome;
}

for (const route of ROUTES.filter(({ title }) => !only || title.includes(only)))
  t.test(route.title, { skip, timeout: 1_800_000 }, async (t) => {
    await resetTenant(route.tenant);

    await t.test("create", async (t) => {
      let points = 0;
      for (let k = 1; ; k += STRIDE) {
        const stack = new Stack(`kill${k}`);
        await forget();
        const outcome = await killedAt(route, k, (provider) => stack.up(provider, programOf(route)));
        if (outcome !== "killed") {
          t.equal(outcome.ended, "done", `undisturbed it ends well: ${k} > its requests`);
          await stack.destroy(startProvider(route.tenant));
          break;
        }
        points++;
        const began = await machinesOf(route.tenant);
        const again = await finish(stack, route);
        const ok =
          t.equal(again.outcome.ended, "done", `killed after request ${k}: the next run finishes`, {
            lines: again.lines,
          }) &&
          t.same(await countOf(route.tenant), await wholeOn(route), `${k}: one of each`) &&
          t.ok(
            began.every((id) => stack.state.some((one) => one.id === id)),
            `${k}: with the machine that was begun`,
          ) &&
          t.same(await destructive(), [], `${k}: and nothing was taken away`);
        const gone = await stack.destroy(startProvider(route.tenant));
        t.equal(gone.ended, "done");
        t.same(await countOf(route.tenant), {}, `${k}: and nothing is left after destroy`);
        if (!ok) await resetTenant(route.tenant);
      }
      t.comment(`${points} points`);
    });

    const changes: [string, Edits, number][] = [
      ["rename and metadata", { machine: { name: "renamed", metadata: { tier: "db" } } }, 0],
      ["power off", { machine: { power: "off" } }, 0],
      ["volume away and back", { machine: { volumes: [], power: "off" } }, 0],
      ["reinstall", { machine: { image: "tiny-2", allowReinstall: true } }, 1],
    ];
    for (const [title, edits, wipes] of changes)
      await t.test(title, async (t) => {
        const stack = new Stack("changed");
        const base: Edits =
          title === "reinstall" ? { machine: { allowReinstall: true } } : { machine: { power: "on" } };
        t.equal((await finish(stack, route, base)).outcome.ended, "done");
        const id = stack.state.find(({ name }) => name === "machine")!.id;
        let points = 0;
        for (let k = 1; ; k += STRIDE) {
          await forget();
          const outcome = await killedAt(route, k, (provider) => stack.up(provider, programOf(route, edits)));
          if (outcome !== "killed") {
            t.equal(outcome.ended, "done", `undisturbed it ends well: ${k} > its requests`, { outcome });
            break;
          }
          points++;
          const again = await finish(stack, route, edits);
          t.equal(again.outcome.ended, "done", `killed after request ${k}: the next run finishes`, {
            lines: again.lines,
          });
          t.equal(stack.state.find(({ name }) => name === "machine")?.id, id, `${k}: the same machine`);
          const taken = await destructive();
          t.ok(taken.length <= wipes, `${k}: nothing more is wiped than asked`, { taken });
          const back = await finish(stack, route, base);
          t.equal(back.outcome.ended, "done", `${k}: and back`, { lines: back.lines });
        }
        t.equal((await stack.destroy(startProvider(route.tenant))).ended, "done");
        t.same(await countOf(route.tenant), {}, "nothing is left");
        t.comment(`${points} points`);
      });

    await t.test("destroy", async (t) => {
      let points = 0;
      for (let k = 1; ; k += STRIDE) {
        const stack = new Stack("gone");
        t.equal((await finish(stack, route)).outcome.ended, "done");
        const outcome = await killedAt(route, k, (provider) => stack.destroy(provider));
        const more = outcome === "killed";
        if (more) {
          points++;
          const again = await stack.destroy(startProvider(route.tenant));
          t.equal(again.ended, "done", `killed after request ${k}: the next destroy finishes`, { again });
        } else t.equal(outcome.ended, "done");
        t.same(await countOf(route.tenant), {}, `${k}: nothing is left`);
        if (!more) break;
      }
      t.comment(`${points} points`);
    });
  });

/** What a whole program has, once measured: the parts of a deployed node included. */
const measured = new Map<string, Record<string, number>>();
async function wholeOn(route: Route): Promise<Record<string, number>> {
  const known = measured.get(route.title);
  if (known) return known;
  const now = await countOf(route.tenant);
  for (const [kind, count] of Object.entries(route.whole))
    if (now[kind] !== count) throw new Error(`a whole program has ${now[kind] ?? 0} × ${kind}, not ${count}`);
  measured.set(route.title, now);
  return now;
}
