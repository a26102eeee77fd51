import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StackSettings } from "./settings.ts";

/** The rehearsal's own folder: the stack's settings without clouds, and the empty files that stand in for clouds.yaml. */
export function writeFolder(stack: string, settings: StackSettings): string {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-baremetal-rehearsal-"));
  mkdirSync(join(folder, "settings"));
  mkdirSync(join(folder, "backend"));
  writeFileSync(join(folder, "settings", `Pulumi.${stack}.yaml`), settings.text);
  for (const name of ["clouds.yaml", "secure.yaml"]) writeFileSync(join(folder, name), "clouds: {}\n");
  return folder;
}
