/** The faults of a machine by Ironic. */
import { IRONIC } from "./matrix/ironic.ts";
import { testFaults } from "./run.ts";

await testFaults("ironic", IRONIC);
