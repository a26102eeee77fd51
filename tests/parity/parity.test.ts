/** Every exchange on the sandbox, against what the real cloud answered. */
import t from "tap";
import { useSandbox } from "./clouds.ts";
import { loadSuite } from "./suite.ts";
import { compareUnderTap } from "./tap.ts";

const cloud = await useSandbox();
t.teardown(() => cloud.stop());
await compareUnderTap(await loadSuite(), cloud, false);
