/** Runs that end in the middle, by nova. */
import { testInterrupted } from "./interrupted.ts";
import { KINDS } from "./machines.ts";

testInterrupted(KINDS[0]!);
