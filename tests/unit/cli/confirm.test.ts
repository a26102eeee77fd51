/** Only the whole word agrees. */
import { PassThrough } from "node:stream";
import t from "tap";
import { confirm } from "../../../provider/cli/confirm.ts";

t.test("an answer", async (t) => {
  const rows: [string, boolean][] = [
    ["yes\n", true],
    [" yes \n", true],
    ["y\n", false],
    ["\n", false],
    ["no\n", false],
    ["yes please\n", false],
  ];
  for (const [typed, agreed] of rows) {
    const input = new PassThrough();
    const output = new PassThrough();
    const answer = confirm("1 machine is released.", input, output);
    input.write(typed);
    t.equal(await answer, agreed, JSON.stringify(typed));
    t.match(String(output.read()), /^1 machine is released\. Type yes to go on: /);
  }
});

t.test("the end of the input is no answer", async (t) => {
  const input = new PassThrough();
  const answer = confirm("Sure?", input, new PassThrough());
  input.end();
  t.equal(await answer, false);
});
