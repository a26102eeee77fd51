/** The faults of a machine by Nova. */
import { NOVA } from "./matrix/nova.ts";
import { testFaults } from "./run.ts";

await testFaults("nova", NOVA);
