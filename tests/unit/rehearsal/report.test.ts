import t from "tap";
import { judge } from "../../../provider/rehearsal/judge.ts";
import { markdownOf } from "../../../provider/rehearsal/markdown.ts";
import {
  countsOf,
  duration,
  headOf,
  lineOf,
  type Report,
  type Step,
  verdictOf,
} from "../../../provider/rehearsal/report.ts";
import { type Change, type RunError, withoutTrace } from "../../../provider/rehearsal/resources.ts";
import { pace, transcriptOf } from "../../../provider/rehearsal/text.ts";

const change = (op: Change["op"], type: string, name: string, properties: string[] = []): Change => ({
  op,
  type,
  name,
  properties,
  seconds: 1,
  inputs: {},
});
const made = [change("create", "IsolatedNetwork", "db"), change("create", "Server", "db")];
const step = (more: Partial<Step> & { title: string }): Step => ({
  at: 0,
  seconds: 0,
  kind: "run",
  text: "",
  ok: true,
  changes: [],
  errors: [],
  ...more,
});
const failure: RunError = {
  resource: "Server db",
  code: "deploy-failed",
  message:
    "Server db, node bm-0: the disk does not answer | <b> (after 3 s)\nThe cloud operator's move: run `pulumi up` again. [deploy-failed]",
};
const report = (steps: Step[]): Report => {
  const wrong = steps.find(({ ok }) => !ok);
  return {
    project: "app",
    stack: "rehearsal",
    machines: 9,
    speed: 100,
    ok: wrong === undefined,
    reason: wrong && "up: it broke",
    seconds: 31.4,
    steps,
  };
};

t.test("a good rehearsal", async (t) => {
  const good = report([
    step({ title: "preview", text: "2 to create", changes: made, seconds: 2 }),
    step({ title: "up", at: 2, seconds: 7, text: "2 created", changes: made }),
    step({ title: "up again", at: 9, text: "nothing to do" }),
    step({ title: "Server db (machine bm-0) is switched off by somebody", at: 11.9, kind: "trouble" }),
    step({ title: "up", at: 13, text: "1 updated", changes: [change("update", "Server", "db", ["power"])] }),
    step({ title: "destroy", at: 20, text: "2 deleted" }),
    step({ title: "left in the sandbox", at: 22, kind: "check", text: "nothing" }),
  ]);
  t.equal(
    verdictOf(good),
    "As expected: 2 resources made, nothing to do the second time, 1 event weathered, nothing left after destroy.",
  );
  const markdown = markdownOf(good);
  t.match(markdown, /^### ✅ Rehearsal of `app`, stack `rehearsal`\n/);
  t.match(markdown, /```diff\n\+ IsolatedNetwork db\n\+ Server db\n```/);
  t.match(markdown, /\| \+ 11 s \| ⚡ Server db \(machine bm-0\) is switched off by somebody \| {2}\|/);
  t.match(markdown, /100 times faster than hardware \(a second here is 1\.7 min there\), in 31 s/);
  t.match(transcriptOf(good), /\+ {3}9 s {4}2 created\n\+ {3}9 s {2}up again/);
});

t.test("one that is not as expected says why, and nothing in it is taken for Markdown", async (t) => {
  const bad = report([
    step({ title: "preview", text: "2 to create", changes: made }),
    step({ title: "up", at: 2, seconds: 7, text: "failed", errors: [failure], ok: false }),
  ]);
  t.equal(verdictOf(bad), "Not as expected: up: it broke");
  const markdown = markdownOf(bad);
  t.match(markdown, /^### ❌/);
  t.match(
    markdown,
    /<details open><summary>up: Server db, node bm-0: the disk does not answer \| &lt;b&gt; \(after 3 s\)<\/summary>/,
  );
  t.match(markdown, /\| \+ 2 s \| up \| failed ❌ \|/);
  t.match(
    transcriptOf(bad),
    / {2}Server db, node bm-0: the disk[\s\S]*operator's move[\s\S]*failed {2}<- not as expected/,
  );
  t.equal(JSON.parse(JSON.stringify(bad)).steps[1].errors[0].code, "deploy-failed", "as JSON too");
});

t.test("what is expected is judged", async (t) => {
  const ok = { ok: true, errors: [] };
  const failed = { ok: false, errors: [failure] };
  const event = (expect?: string) => [{ when: "during up", do: "deploy fails", expect }] as never;
  t.same(judge(ok, [], false), { ok: true });
  t.same(judge(failed, [], false), { ok: false });
  t.same(judge(ok, event(), false), { ok: true });
  t.same(judge(failed, event("recovers"), false), { ok: true, note: "it is tried once more" });
  t.same(judge(failed, event("fails"), false), { ok: true, note: "as expected" });
  t.same(judge(failed, event("fails with deploy-failed"), false), { ok: true, note: "as expected" });
  t.match(judge(failed, event("fails with quota"), false), {
    ok: false,
    note: /^it should have failed with quota, not with deploy-failed$/,
  });
  t.same(judge(ok, event("fails with quota"), false), { ok: false, note: "it should have failed with quota" });
  t.same(judge(ok, event("fails"), true), { ok: true }, "a later run may still fail");
  const late = { ok: false, errors: [{ resource: undefined, code: "limit", message: "not done after 3 s" }] };
  t.same(judge(late, event("fails"), false), { ok: false }, "waiting for ever is not failing");
});

t.test("words", async (t) => {
  t.equal(countsOf([], true), "nothing to do");
  t.equal(countsOf([...made, change("update", "Volume", "v")], true), "2 to create, 1 to update");
  t.equal(lineOf(change("replace", "Server", "db", ["image", "kind"])), "+- Server db: image, kind");
  t.equal(headOf({ ...failure, message: "it broke" }), "Server db: it broke");
  t.equal(duration(125), "2 min 5 s");
  t.equal(pace(1), "1 s");
  t.equal(pace(300), "5 min");
  t.equal(withoutTrace("it broke\n    at f (/a/b.js:1:2)\n    at <anonymous>\n\n\nyes"), "it broke\n\nyes");
});
