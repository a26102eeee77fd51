/** Must show 1: a whole program with bare metal by nova. */
import { KINDS } from "./machines.ts";
import { testServerLife } from "./server.ts";

await testServerLife(KINDS[0]);
