/** The faults of a volume. */
import { STORAGE } from "./matrix/storage.ts";
import { testFaults } from "./run.ts";

await testFaults("volume", STORAGE);
