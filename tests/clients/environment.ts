/** A Python with the clients of requirements.txt: made once, kept below the system's folder for temporary files. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const LOCK = join(import.meta.dirname, "requirements.txt");

/**
 * Path of a Python that has the pinned clients. It is made with uv; where there is none, pip or ensurepip is used, whichever the
 * machine has. Throws what to install where it has none of them.
 */
export async function clientsPython(): Promise<string> {
  const hash = createHash("sha256").update(readFileSync(LOCK)).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), `pulumi-baremetal-clients-${hash}`);
  const python = join(folder, "venv/bin/python");
  if (existsSync(python)) return python;
  const work = mkdtempSync(join(tmpdir(), "pulumi-baremetal-clients-making-"));
  try {
    await install(work);
    // Others may make it at the same time: the first one's stays.
    try {
      renameSync(work, folder);
    } catch (error) {
      if (!existsSync(python)) throw error;
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return python;
}

async function install(folder: string): Promise<void> {
  const venv = join(folder, "venv");
  const python = join(venv, "bin/python");
  const uv = await findUv(folder);
  if (uv) {
    await run(uv, ["venv", "-q", "--no-python-downloads", "--python", await findPython(), venv]);
    await run(uv, ["pip", "install", "-q", "--python", python, "-r", LOCK], { maxBuffer: 1 << 26 });
    return;
  }
  try {
    await run(await findPython(), ["-m", "venv", venv]);
  } catch {
    throw new Error(
      "To install OpenStack's clients, a uv, a pip or Python's ensurepip (Debian: python3-venv) is needed.",
    );
  }
  await run(python, ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", LOCK], { maxBuffer: 1 << 26 });
}

/** A uv of this machine, of the test cloud (tests/cloud/up.sh), or one that pip can bring. */
async function findUv(folder: string): Promise<string | undefined> {
  const cloud = join(process.env["OSCLOUD_ROOT"] ?? "/tmp/oscloud-next", "uv/bin/uv");
  for (const candidate of ["uv", cloud]) if (await works(candidate, "--version")) return candidate;
  for (const python of ["python3", "/usr/bin/python3"]) {
    if (!(await works(python, "-m", "pip", "--version"))) continue;
    const target = join(folder, "uv");
    try {
      await run(python, ["-m", "pip", "install", "-q", "--no-deps", "--target", target, "uv"]);
      return join(target, "bin/uv");
    } catch {
      // Not every machine has a uv on PyPI: pip itself remains.
    }
  }
  return undefined;
}

/** A Python that the pinned clients run on. */
async function findPython(): Promise<string> {
  const newEnough = "import sys; sys.exit(sys.version_info < (3, 11))";
  for (const python of ["/usr/bin/python3", "python3", "python3.13", "python3.12", "python3.11"])
    if (await works(python, "-c", newEnough)) return python;
  throw new Error("OpenStack's clients need Python 3.11 or newer.");
}

async function works(command: string, ...args: string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}
