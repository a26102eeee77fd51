/** Small real Pulumi programs in folders of their own, for tests that need the whole engine. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Test } from "tap";

const modules = realpathSync(join(import.meta.dirname, "../../../node_modules"));

/** What every program below starts with: a resource class whose outputs are its inputs. */
const PRELUDE = `const pulumi = require("@pulumi/pulumi");
const provider = {
  async create(inputs) {
    if (inputs.fail) throw new Error(inputs.fail);
    console.log("making " + inputs.name);
    return { id: "id-" + inputs.name, outs: { ...inputs, size: 7 } };
  },
  async update(id, olds, news) { return { outs: { ...news, size: 7 } }; },
  async read(id, props) { return { id, props }; },
  async delete() {},
};
class Thing extends pulumi.dynamic.Resource {
  constructor(name, props, opts) { super(provider, name, { name, size: undefined, ...props }, opts); }
}
`;

/** A folder with a program; `files` lie beside it. It is removed when the test ends. */
export function projectFolder(t: Test, program: string, files: Record<string, string> = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "engine-unit-")));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, "project");
  const all: Record<string, string> = {
    "Pulumi.yaml": "name: app\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
    "package.json": '{"name":"app","main":"index.js"}',
    "index.js": PRELUDE + program,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  symlinkSync(modules, join(folder, "node_modules"));
  return folder;
}

/** Every file of a folder with its bytes; links are not followed. */
export function contentsOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path).toString("base64")];
    }),
  );
}
