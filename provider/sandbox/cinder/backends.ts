import type { Cinder } from "./core.ts";
import type { Processes } from "./processes.ts";
import type { TypeRow } from "./rows.ts";

/** GiB that one back end can have, with its thin volumes. */
const CAPACITY = 20_000;

/** The back ends' names. */
export const backendNames = (cinder: Cinder): string[] =>
  cinder.services
    .filter(({ binary, disabled }) => binary === "cinder-volume" && !disabled)
    .map(({ host }) => host.split("@")[1] ?? "");

/** Name of the back end in a volume's host. */
export const backendOf = (host: string | null): string => host?.split("@")[1]?.split("#")[0] ?? "";

/** Where the scheduler puts a volume of this type: `host@backend#pool`. undefined where nothing takes it. */
export function schedule(
  cinder: Cinder,
  processes: Processes,
  type: TypeRow | undefined,
  sizeGiB: number,
): string | undefined {
  if (!processes.up("cinder-volume") || sizeGiB > CAPACITY) return undefined;
  const wanted = type?.specs["volume_backend_name"];
  const service = cinder.services.find(
    ({ binary, disabled, host }) =>
      binary === "cinder-volume" && !disabled && (wanted == null || host.split("@")[1] === wanted),
  );
  return service && `${service.host}#pool0`;
}
