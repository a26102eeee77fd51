import type { AnyDefinition } from "../core/index.ts";
import { isolatedNetwork } from "./isolated-network.ts";
import { server } from "./server.ts";
import { volume } from "./volume.ts";
import { volumeAttachment } from "./volume-attachment.ts";

/** Every resource type of the package. Hosts, SDK, schema and docs are made from this list. */
export const definitions: readonly AnyDefinition[] = [isolatedNetwork, server, volume, volumeAttachment];
