import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Fleet } from "./fleet.ts";
import type { Store } from "./kernel/store.ts";

/** What a state folder was filled with; passwords are left out. */
interface FleetRow {
  id: string;
  fleet: Fleet;
}

/** A folder's state cannot be used. */
export class StateFolderError extends Error {}

/**
 * Takes the folder for this process, so that no second sandbox writes into it. Returns what gives it free.
 * Throws {@link StateFolderError} while another sandbox has it. One that was killed does not count.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "lock");
  const owner = ownerOf(file);
  if (owner !== undefined && owner !== process.pid)
    throw new StateFolderError(
      `${folder} is used by a sandbox that runs (process ${owner}). End it, or choose another folder.`,
    );
  writeFileSync(file, String(process.pid));
  return () => rmSync(file, { force: true });
}

/** The living process that holds the lock. */
function ownerOf(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}

const withoutPasswords = (fleet: Fleet): Fleet => ({
  ...fleet,
  users: fleet.users.map((user) => ({ ...user, password: "" })),
});

/** Remembers what the cloud is filled with. */
export function keepFleet(store: Store, fleet: Fleet): void {
  store.table<FleetRow>("sandbox.fleet").put({ id: "fleet", fleet: withoutPasswords(fleet) });
}

/**
 * The fleet of a state that was loaded. Throws {@link StateFolderError} where another one is asked for.
 * @param asked the fleet that the start asks for, if it does
 */
export function keptFleet(store: Store, asked: Fleet | undefined, password: string): Fleet {
  const kept = store.table<FleetRow>("sandbox.fleet").get("fleet")?.fleet;
  if (!kept) throw new StateFolderError("The folder holds a state that has no fleet: it is no sandbox's.");
  if (asked && JSON.stringify(withoutPasswords(asked)) !== JSON.stringify(kept))
    throw new StateFolderError(
      "The state was made with another fleet. Leave the fleet out to go on with it, or choose another folder.",
    );
  return asked ?? { ...kept, users: kept.users.map((user) => ({ ...user, password })) };
}
