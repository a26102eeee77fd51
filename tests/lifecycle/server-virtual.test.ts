/** Must show 1: a whole program with a virtual machine by nova. */
import { KINDS } from "./machines.ts";
import { testServerLife } from "./server.ts";

await testServerLife(KINDS[2]);
