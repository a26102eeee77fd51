/** Starts a process of the real cloud again: `node restart.ts ironic-conductor`. */
import { type Daemon, restartDaemon } from "../cloud/faults.ts";

await restartDaemon(process.argv[2] as Daemon);
