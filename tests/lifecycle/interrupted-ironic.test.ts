/** Runs that end in the middle, by ironic. */
import { testInterrupted } from "./interrupted.ts";
import { KINDS } from "./machines.ts";

testInterrupted(KINDS[1]!);
