import type { BackupWork } from "./backup-work.ts";
import type { Cinder } from "./core.ts";
import type { Processes } from "./processes.ts";
import type { Quotas } from "./quotas.ts";
import type { SnapshotWork } from "./snapshot-work.ts";
import type { VolumeWork } from "./volume-work.ts";

/** What the API's collections are made with. */
export interface Parts {
  readonly cinder: Cinder;
  readonly quotas: Quotas;
  readonly processes: Processes;
  readonly volumes: VolumeWork;
  readonly snapshots: SnapshotWork;
  readonly backups: BackupWork;
}
