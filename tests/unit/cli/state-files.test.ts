/** What `orphans` knows of states: every form in which they come, and what is none. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import t, { type Test } from "tap";
import { UsageError } from "../../../provider/cli/command.ts";
import { Owners } from "../../../provider/cli/orphans/owner.ts";
import { readStates, type StackState } from "../../../provider/cli/state-files.ts";
import { tagOf } from "../../../provider/core/index.ts";

const PLACE = { authUrl: "http://cloud/v3", region: "R", projectId: "p1" };
const STACK = { urn: "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev", custom: false };
const KNOWN = {
  urn: "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/baremetal:Server::db",
  custom: true,
  id: "id-1",
  inputs: { identity: "shop/dev/Server/db", userData: { "4dabf18193072939515e22adb298388d": "…", ciphertext: "v1:x" } },
  outputs: { place: PLACE },
};
const BEGUN = {
  urn: "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/baremetal:Volume::data",
  custom: true,
  inputs: { identity: "shop/dev/Volume/data" },
};
const COMPONENT = { urn: "urn:pulumi:dev::shop::acme:db/cluster:Cluster::main", custom: false };
const DEPLOYMENT = {
  resources: [STACK, KNOWN, COMPONENT],
  pending_operations: [
    { type: "creating", resource: BEGUN },
    { type: "updating", resource: KNOWN },
  ],
};
const EXPORTED = JSON.stringify({ version: 3, deployment: DEPLOYMENT });
const STORED = JSON.stringify({ version: 3, checkpoint: { stack: "organization/shop/dev", latest: DEPLOYMENT } });
const EMPTY = JSON.stringify({ version: 3, checkpoint: { stack: "organization/shop/new", latest: null } });

const SEEN: StackState = {
  stack: "shop/dev",
  resources: [{}, { id: "id-1", identity: "shop/dev/Server/db", place: PLACE }, {}],
  begun: ["shop/dev/Volume/data"],
  components: ["acme:db.cluster:Cluster"],
};

/** A folder with these files. */
function folder(t: Test, files: Record<string, string | Buffer>): string {
  const path = t.testdir();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

t.test("an export, a file backend's file, either gzip'ed", async (t) => {
  const path = folder(t, {
    "export.json": EXPORTED,
    "stored.json": STORED,
    "stored.json.gz": gzipSync(STORED),
    "misnamed.json": gzipSync(EXPORTED),
  });
  for (const file of ["export.json", "stored.json", "stored.json.gz", "misnamed.json"])
    t.same(readStates([join(path, file)]), [SEEN], file);
});

t.test("folders: a backend's, its .pulumi, one with exports", async (t) => {
  const path = folder(t, {
    ".pulumi/stacks/shop/dev.json": STORED,
    ".pulumi/stacks/shop/new.json.gz": gzipSync(EMPTY),
    ".pulumi/stacks/shop/dev.json.bak": "{",
    ".pulumi/stacks/shop/dev.json.attrs": "{",
    ".pulumi/history/shop/dev/dev-1.history.json": "{",
    ".pulumi/backups/shop/dev/dev.1.json": STORED,
    ".pulumi/locks/organization/shop/dev/x.json": "{}",
    ".pulumi/workspaces/shop-workspace.json": "{}",
    ".pulumi/meta.yaml": "version: 1\n",
    "exports/a.json": EXPORTED,
    "exports/package.json": "{}",
  });
  const fresh: StackState = { stack: "shop/new", resources: [], begun: [], components: [] };
  t.same(readStates([path]), [SEEN, fresh]);
  t.same(readStates([join(path, ".pulumi")]), [SEEN, fresh]);
  t.same(readStates([join(path, "exports"), join(path, ".pulumi/stacks/shop/new.json.gz")]), [SEEN, fresh]);
});

t.test("what is no state is refused: whatever it holds would look lost", async (t) => {
  const path = folder(t, {
    "no.json": "{}",
    "list.json": "[]",
    "null.json": "null",
    "torn.json": EXPORTED.slice(0, 40),
    "torn.json.gz": gzipSync(EXPORTED).subarray(0, 60),
    "empty/readme.md": "nothing",
    "mixed/ok.json": EXPORTED,
    "mixed/torn.json": "{",
  });
  const rows: [string, RegExp][] = [
    ["no.json", /is no state: give what `pulumi stack export` prints/],
    ["list.json", /is no state/],
    ["null.json", /is no state/],
    ["torn.json", /cannot be read/],
    ["torn.json.gz", /cannot be read/],
    ["missing.json", /cannot be read: ENOENT/],
    ["empty", /There is no state below/],
    ["mixed", /torn\.json cannot be read/],
  ];
  for (const [file, message] of rows)
    try {
      readStates([join(path, file)]);
      t.fail(`${file} was taken`);
    } catch (error) {
      t.ok(error instanceof UsageError, file);
      t.match((error as Error).message, message, file);
    }
});

t.test("whose an object is", async (t) => {
  const owners = new Owners([SEEN], "p1");
  const of = (identity: string, type: string, name: string) => owners.of(tagOf(identity, "p1"), type, name);
  const stack = "shop/dev";
  t.same(of("shop/dev/Volume/data", "Volume", ""), { stack, name: "data" }, "a create that a run began");
  t.same(of("shop/dev/Server/db", "Server", "x"), { stack, name: "db", holds: "id-1" }, "a second one");
  t.same(of("shop/dev/Server/web/1", "Server", "web/1"), { stack, name: "web/1" }, "by its name in the cloud");
  t.same(of("shop/dev/acme:db.cluster:Cluster$Server/web", "Server", "web"), { stack, name: "web" }, "in a component");
  t.equal(of("shop/prod/Server/web", "Server", "web"), undefined, "of a stack that was not given");
  t.equal(of("shop/dev/Server/web", "Server", "renamed"), undefined, "under another name than the program's");
  t.equal(owners.of(tagOf("shop/dev/Volume/data", "p2"), "Volume", "data"), undefined, "in another project");
});
