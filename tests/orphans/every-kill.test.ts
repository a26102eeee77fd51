/** Killed after any request of a first `up`: `destroy` cannot know of it all, `orphans` finds the rest and takes it away, and only that. */
import "../cloud/own-sandbox.ts";
import { join } from "node:path";
import t from "tap";
import { findOrphans } from "../../provider/cli/orphans/find.ts";
import { takeAway } from "../../provider/cli/orphans/take-away.ts";
import { readStates } from "../../provider/cli/state-files.ts";
import { resetTenant } from "../cloud/admin.ts";
import { countOf } from "../interruption/cloud.ts";
import { programOf, ROUTES } from "../interruption/programs.ts";
import { startProvider } from "../interruption/provider.ts";
import { Stack } from "../interruption/stack.ts";
import { exportState } from "./state.ts";

const skip = process.env["SANDBOX_URL"] === undefined && "needs the embedded cloud: npm test orphans";
/** Every so many-th request is a point to kill at; 1 is all of them. */
const STRIDE = Number(process.env["KILL_STRIDE"] ?? 12);

for (const route of ROUTES)
  t.test(route.title, { skip, timeout: 900_000 }, async (t) => {
    const folder = t.testdir();
    const program = programOf(route);
    const destroy = (stack: Stack) => stack.destroy(startProvider(route.tenant));
    await resetTenant(route.tenant);
    // Another stack stands beside it all the time, and is never touched.
    const beside = new Stack("beside");
    t.equal((await beside.up(startProvider(route.tenant), program.slice(0, 2))).ended, "done");
    const others = await countOf(route.tenant);
    let points = 0;
    let hidden = 0;
    for (let k = 1; ; k += STRIDE) {
      const stack = new Stack("lost");
      const killed = startProvider(route.tenant, [{ request: k, what: "kill after" }]);
      const { ended } = await stack.up(killed, program);
      killed.close();
      const { context, close } = startProvider(route.tenant);
      const files = [
        exportState(stack, join(folder, "lost.json"), program),
        exportState(beside, join(folder, "beside.json")),
      ];
      const { found } = await findOrphans(context, readStates(files), 0);
      if (ended !== "killed") {
        t.equal(ended, "done", `undisturbed it ends well: ${k} > its requests`);
        t.same(found, [], "and nothing of it is an orphan");
        t.equal((await destroy(stack)).ended, "done");
        close();
        break;
      }
      points++;
      t.same(
        found.filter(({ owner }) => owner?.stack !== "lost/dev"),
        [],
        `${k}: whose each is can be told`,
      );
      const first = await destroy(stack);
      const left = JSON.stringify(await countOf(route.tenant)) !== JSON.stringify(others);
      if (left) hidden++;
      if (first.ended === "done") t.equal(found.length > 0, left, `${k}: what destroy leaves is found`);
      const taken = await takeAway(context, found, () => {});
      const failed = taken.flatMap(({ failure }) => failure?.message ?? []);
      t.same(failed, [], `${k}: and can be taken away`);
      if (first.ended !== "done") t.equal((await destroy(stack)).ended, "done", `${k}: then destroy ends`);
      close();
      if (!t.same(await countOf(route.tenant), others, `${k}: nothing is left but the other stack`)) break;
    }
    t.comment(`${points} points; at ${hidden} of them destroy alone leaves something`);
    t.ok(hidden > 0);
    t.equal((await destroy(beside)).ended, "done", "the other stack is whole");
    t.same(await countOf(route.tenant), {});
  });
