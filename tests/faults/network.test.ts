/** The faults of a network. */
import { NETWORK } from "./matrix/storage.ts";
import { testFaults } from "./run.ts";

await testFaults("network", NETWORK);
