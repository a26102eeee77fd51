import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The processes that run in a project's folder besides this one, whose command line has these words: the program, the provider. */
export function processesIn(folder: string, words = ""): { readonly pid: number }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        if (readlinkSync(`/proc/${name}/cwd`) !== folder) return [];
        return readFileSync(`/proc/${name}/cmdline`, "utf8").includes(words) ? [{ pid: Number(name) }] : [];
      } catch {
        return []; // it has just ended
      }
    });
}

/** The provider processes among them. */
export const providersIn = (folder: string) => processesIn(folder, "dynamic-provider");
