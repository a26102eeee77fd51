import t from "tap";
import { endOf, type RehearsalEvent, sentenceOf, WORDS } from "../../../provider/rehearsal/events.ts";
import { checkRehearsalFile, fleetOf, readEvents, readRehearsalFile } from "../../../provider/rehearsal/file.ts";

const wrong = (content: unknown): string => {
  try {
    checkRehearsalFile(content, "rehearsal.yaml");
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

t.test("a rehearsal file says what is meant", async (t) => {
  const folder = t.testdir({
    "rehearsal.yaml":
      "stack: dev\nconfig:\n  image: debian-12\nfleet: fleet.yaml\nspeed: 300\nevents:\n  - when: after up\n    do: machine dies\n    machine: db\n    expect: fails with power-failed\n",
    "fleet.yaml": "nodes:\n  - name: n\n    class: big\n",
  });
  const file = readRehearsalFile(folder);
  t.match(file, { stack: "dev", config: { image: "debian-12" }, speed: 300, fleet: `${folder}/fleet.yaml` });
  t.same(file.events, [{ when: "after up", do: "machine dies", machine: "db", expect: "fails with power-failed" }]);
  t.equal(fleetOf(file.fleet)?.nodes[0]?.name, "n");
  t.same(readRehearsalFile(t.testdir({})), {}, "none is needed");
  t.same(readRehearsalFile(t.testdir({ "rehearsal.yaml": "" })), {}, "an empty one is none");
});

t.test("what is wrong is said with its place", async (t) => {
  const event = { when: "after up", do: "machine dies", machine: "db" };
  const rows: [unknown, RegExp][] = [
    [{ stak: "dev" }, /the file: stak is not known here/],
    [{ speed: 5000 }, /speed: must be <= 1000/],
    [{ events: [{ do: "machine dies", machine: "db" }] }, /events\[0\]: when is missing/],
    [{ events: [{ ...event, when: "later" }] }, /events\[0\]\.when: is one of before up, during up, after up/],
    [
      { events: [{ ...event, do: "machine explodes" }] },
      /events\[0\]\.do: is one of machine is switched off, machine dies/,
    ],
    [{ events: [{ when: "after up", do: "machine dies" }] }, /events\[0\]: machine is missing/],
    [{ events: [event, { ...event, class: "x" }] }, /events\[1\]: class is not known here/],
    [
      { events: [{ ...event, expect: "explodes" }] },
      /events\[0\]\.expect: is recovers, is noticed, fails, or fails with CODE/,
    ],
    [{ events: [{ ...event, when: "before up", recover: "replace" }] }, /events\[0\]: recover: replace is for/],
    [
      { events: [{ when: "before up", do: "quota is gone", of: "luck" }] },
      /events\[0\]\.of: is one of servers, volumes/,
    ],
    [
      { events: [{ when: "before up", do: "requests fail", requests: { path: "(" } }] },
      /events\[0\]\.requests\.path: \( is no regular expression/,
    ],
    [
      { events: [{ when: "before up", do: "requests fail", requests: {} }] },
      /events\[0\]\.requests: must NOT have fewer/,
    ],
    [{ events: [{ ...event, when: "during up", expect: "is noticed" }] }, /events\[0\]: expect: is noticed is for/],
    [[], /the file: must be object/],
  ];
  for (const [content, expected] of rows) t.match(wrong(content), expected);
  t.equal(wrong({ events: [event] }), "");
  t.notMatch(wrong({ events: [{ ...event, do: "x" }] }), /\n.*\n/, "one mistake, one line");
});

t.test("files that cannot be read, and events by themselves", async (t) => {
  const folder = t.testdir({ "a.yaml": "- when: before up\n  do: keystone is down\n  for: 30\n", "b.yaml": "a: [" });
  t.same(readEvents(`${folder}/a.yaml`), [{ when: "before up", do: "keystone is down", for: 30 }]);
  t.throws(() => readEvents(`${folder}/b.yaml`), /b\.yaml cannot be read/);
  t.throws(() => readEvents(`${folder}/c.yaml`), /c\.yaml cannot be read/);
});

t.test("a fleet may stand in the file itself, and its mistakes have places too", async (t) => {
  t.equal(fleetOf(undefined), undefined);
  t.same(
    fleetOf({ nodes: [{ name: "n", count: 2, class: "big" }] })?.nodes.map(({ name }) => name),
    ["n-0", "n-1"],
  );
  t.throws(() => fleetOf({ nodes: [{ name: "n" }] } as never), /^fleet is wrong:\n.*nodes\.0.*class/);
  t.throws(() => fleetOf("/nowhere/fleet.yaml"), /fleet\.yaml cannot be read/);
});

t.test("every word has a sentence", async (t) => {
  for (const words of WORDS) {
    const event = { when: "after up", do: words, machine: "db", of: "ports", call: "neutron.bind", requests: {} };
    t.match(sentenceOf(event as unknown as RehearsalEvent), /^\S.*[a-z0-9]$/, words);
    const over = endOf(event as unknown as RehearsalEvent);
    t.ok(over === undefined || over.length > 5, words);
  }
  t.equal(
    sentenceOf({ do: "machine dies", machine: "db", for: 60 }, "Server db (machine bm-0)"),
    "Server db (machine bm-0) dies: no power, and its BMC is silent for 60 s",
  );
  t.equal(sentenceOf({ do: "conductor is down" }), "Ironic's conductor is down");
  t.equal(
    sentenceOf({ do: "requests fail", requests: { service: "nova", method: "POST", times: 3 } }),
    "3 requests (nova POST) fail with 503",
  );
});
