/**
 * Every kind of request of a whole life is disturbed, and nobody notices but for a progress line: the same exit codes, the same
 * state and the same things in the cloud as undisturbed.
 *
 * In the short form each kind meets a 503 before the work, then a 504 after it, then a lost answer, one after another; what
 * is safe to repeat also meets a connection that is cut before the work, and two kinds, side by side, a 30-second hang. DISTURB=all
 * gives each mishap a life of its own, at the first of each kind and at the second: hours for each way. DISTURB_ONLY=hang
 * (503, 504, lose, cut) takes one of them.
 */
import t from "tap";
import { cloudIsUp } from "../cloud/admin.ts";
import type { Mishap } from "../interruption/proxy.ts";
import { deployers } from "../lifecycle/deployer.ts";
import { type Life, live, type Plan, type Way } from "./life.ts";

/** Such a kind is asked again only when what it makes does not show for a minute. */
const isUnrepeatable = (kind: string) => /^(POST|PATCH) /.test(kind) && !kind.includes("/auth/tokens");

const HANG: Mishap = { hang: 30 };

/** They come at the same time, so that both hangs take as long as one. */
const HANGING = /^POST (cinder .*\/volumes|neutron .*\/networks)$/;

const short: Plan = (occurrence, kind) => {
  const mishaps: Mishap[] = ["503", "504", "lose"];
  if (!isUnrepeatable(kind)) mishaps.push("cut");
  if (HANGING.test(kind)) mishaps.unshift(HANG);
  return mishaps[occurrence - 1];
};

/** The plans by their titles, and how long a life with them may take, in milliseconds. */
function plans(): [title: string, plan: Plan, most: number][] {
  if (process.env["DISTURB"] !== "all")
    return [["a 503, a 504 after the work and a lost answer at each kind", short, 900_000]];
  const words: [Mishap, string][] = [
    ["503", "a 503"],
    ["504", "a 504 after the work"],
    ["lose", "a connection cut after the work"],
    ["cut", "a connection cut before the work"],
    [HANG, "a 30-second hang"],
  ];
  const only = process.env["DISTURB_ONLY"];
  return words
    .filter(([mishap]) => !only || only === (mishap === HANG ? "hang" : mishap))
    .flatMap(([mishap, word]) => [
      [`${word} at the first of each kind`, (occurrence) => (occurrence === 1 ? mishap : undefined), 7_200_000],
      [`${word} at the second of each kind`, (occurrence) => (occurrence === 2 ? mishap : undefined), 7_200_000],
    ]);
}

/** Lives undisturbed once, and once with each plan. */
export async function disturbEachKind(way: Way): Promise<void> {
  const skip = !(await cloudIsUp()) && "the test cloud is not up (npm run cloud:up)";
  const [deployer] = deployers();
  let calm: Life | undefined;

  t.test(`${way.title}, undisturbed`, { timeout: 900_000, skip }, async (t) => {
    const life = await live(t, deployer!, way);
    const failed = life.pictures.find(({ exitCode }) => exitCode !== 0);
    t.notOk(failed, "every step ends well", { output: life.text });
    t.equal(life.left, "", "and destroy leaves nothing");
    t.ok(life.kinds.size > 35, `${life.kinds.size} kinds of requests`);
    calm = life;
  });

  for (const [title, plan, timeout] of plans())
    t.test(`${way.title}, ${title}`, { timeout, skip }, async (t) => {
      const life = await live(t, deployer!, way, plan);
      for (const [index, picture] of life.pictures.entries())
        if (!t.same(picture, calm?.pictures[index], `${picture.step}: as undisturbed`))
          t.comment(life.text.split("--- ")[index + 1]);
      t.equal(life.pictures.length, calm?.pictures.length, "to the end");
      t.equal(life.left, "", "and destroy leaves nothing");
      const spared = [...calm!.kinds.keys()].filter((kind) => !life.kinds.get(kind)?.length);
      const once = [...life.kinds].filter(([, mishaps]) => mishaps.length > 0);
      t.comment(`${once.length} of ${life.kinds.size} kinds disturbed; not: ${spared.join(", ") || "none"}`);
      if (plan(1, "GET ") !== undefined) t.same(spared, [], "every kind was disturbed");
      else t.ok(once.length > 25, "most kinds come a second time");
      const happened = new Set([...life.kinds.values()].flat());
      if (happened.has(HANG)) t.match(life.text, /has not answered/, "a line tells of a hang");
      if (["503", "504", "lose", "cut"].some((mishap) => happened.has(mishap as Mishap)))
        t.match(life.text, /looking again/, "a line tells of a lost answer");
    });
}
