/** Every exchange of tests/parity on the real cloud, against its recording: the cloud still answers as the sandbox was made to. */
import t from "tap";
import type { Service } from "../cloud/client.ts";
import { cloudOrSkip } from "../contract/context.ts";
import { resetTenants, useReal } from "../parity/clouds.ts";
import { loadSuite } from "../parity/suite.ts";
import { compareUnderTap } from "../parity/tap.ts";

const cloud = useReal();
const suite = await loadSuite();
const services = [...new Set(suite.entries.map(({ service }) => service))] as Service[];
const skip = await cloudOrSkip("alpha", services);
if (typeof skip === "string") t.comment(skip);
else {
  await cloud.alone(() => resetTenants(suite.entries.map(({ tenant }) => tenant)));
  await compareUnderTap(suite, cloud, true);
}
