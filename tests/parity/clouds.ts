/** The two clouds that an exchange can run on. */
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { PORT_BASE, type Tenant } from "../cloud/client.ts";
import { resetTenant } from "../cloud/reset.ts";

/** A cloud that is in use. */
export interface InUse {
  /** Runs work while nobody else runs exchanges on this cloud. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/** The real cloud. Several people may record at a time: they take turns, exchange by exchange. */
export function useReal(): InUse {
  delete process.env["SANDBOX_URL"];
  return { alone: inTurn, stop: async () => {} };
}

/** The sandbox at $SANDBOX_URL, or one that is started for this process. */
export async function useSandbox(): Promise<InUse> {
  const alone = <T>(work: () => Promise<T>) => work();
  if (process.env["SANDBOX_URL"]) return { alone, stop: async () => {} };
  const file = new URL("../cloud/sandbox.ts", import.meta.url);
  if (!existsSync(file))
    throw new Error("tests/cloud/sandbox.ts, which starts a sandbox, is missing; or set SANDBOX_URL");
  const module = (await import(file.href)) as { startTestSandbox(): Promise<{ url: string; stop(): Promise<void> }> };
  const sandbox = await module.startTestSandbox();
  process.env["SANDBOX_URL"] = sandbox.url;
  const stop = async () => {
    delete process.env["SANDBOX_URL"];
    await sandbox.stop();
  };
  return { alone, stop };
}

/** Brings the tenants to what the seed made of them. */
export async function resetTenants(tenants: Iterable<Tenant>): Promise<void> {
  for (const tenant of new Set(tenants)) await resetTenant(tenant);
}

const LOCK = `${tmpdir()}/pulumi-baremetal-parity-${PORT_BASE}.lock`;

/** Makes the lock's file; false when it is somebody's who lives. */
function taken(): boolean {
  try {
    const file = openSync(LOCK, "wx");
    writeFileSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch {
    return false;
  }
}

function removeIfDead(): void {
  try {
    const owner = Number(readFileSync(LOCK, "utf8"));
    if (owner) process.kill(owner, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") rmSync(LOCK, { force: true });
  }
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const began = Date.now();
  let told = false;
  while (!taken()) {
    removeIfDead();
    if (!told && Date.now() - began > 5000) {
      console.error("waiting for somebody else's exchange on the real cloud …");
      told = true;
    }
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 200));
  }
  try {
    return await work();
  } finally {
    rmSync(LOCK, { force: true });
  }
}
