/** Running all exchanges under tap, one subtest each. */
import t from "tap";
import type { InUse } from "./clouds.ts";
import { describe } from "./compare.ts";
import { judge, type Result, type Suite, summary, unused } from "./suite.ts";

/** Compares every exchange with its recording, one after the other, and prints the summary. */
export async function compareUnderTap(suite: Suite, cloud: InUse, real: boolean): Promise<void> {
  const known = real ? suite.known.filter((entry) => entry.real) : suite.known;
  const results: Result[] = [];
  for (const entry of suite.entries) {
    await t.test(entry.id, async (t) => {
      const result = await cloud.alone(() => judge(entry, known));
      results.push(result);
      for (const problem of result.cleanupErrors) t.comment(`cleaning up: ${problem.message}`);
      const unknown = result.differences.filter((one) => !one.known);
      if (unknown.length === 0) t.pass(`${result.requests} requests, ${result.differences.length} known differences`);
      else t.fail(`${unknown.length} unknown differences\n${describe(unknown, 120)}`);
    });
  }
  for (const line of summary(results)) t.comment(line);
  if (!real)
    for (const { path, reason } of unused(known, results)) t.comment(`known but never seen: ${path} (${reason})`);
  t.same(suite.orphans, [], "every recording has its exchange");
}
