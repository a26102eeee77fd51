/** The program on an OpenStack with simulated machines: `npm test`, no account needed. */
const assert = require("node:assert/strict");
const { test } = require("node:test");

test("the database comes up, survives being switched off and goes away", async (t) => {
  const { startRehearsal } = await import("pulumi-baremetal/testing");
  const rehearsal = await startRehearsal({ project: __dirname, config: { memoryGiB: 32 } });
  t.after(() => rehearsal.close());

  const up = await rehearsal.up();
  assert.deepEqual(up.errors, []);
  assert.deepEqual(up.changes.map(({ op, type, name }) => `${op} ${type} ${name}`).sort(), [
    "create IsolatedNetwork db",
    "create Server db",
    "create Volume data",
  ]);
  assert.match(String(rehearsal.outputs().address), /^10\.20\.0\./);
  assert.equal(rehearsal.resource("db", "Server").outputs.powerState, "on");

  await rehearsal.trouble({ do: "machine is switched off", machine: "db" });
  await rehearsal.wait(180); // seconds of hardware time: the cloud looks once a minute
  assert.deepEqual((await rehearsal.refresh()).errors, []);
  assert.deepEqual((await rehearsal.up()).errors, []);
  assert.equal((await rehearsal.machine("db")).node.power_state, "power on");

  assert.deepEqual((await rehearsal.destroy()).errors, []);
  assert.deepEqual(await rehearsal.leftovers(), []);
});
