import type { AnyDefinition } from "../core/index.ts";
import { server } from "./server.ts";

/** Every resource type of the package. Hosts, SDK, schema and docs are made from this list. */
export const definitions: readonly AnyDefinition[] = [server];
