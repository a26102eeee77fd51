import { type Context, failure, type Mark, readMark, withMark, withoutMark } from "../../core/index.ts";
import type { Cloud } from "../../openstack/cloud.ts";
import { isStatus } from "../../openstack/index.ts";
import { addServerTag, removeServerTag, servers, updateServer } from "../../openstack/nova/servers.ts";
import { observePorts, retagPorts } from "../ports.ts";
import { serverTag } from "./seen.ts";

/**
 * Writes the mark into the server's description, and on a rename also moves the ports and the tag by which Nova finds
 * it. The description is the mark's place because it is the only text of a server that can be written in every state:
 * metadata and tags are refused with 409 while it is built and in ERROR, metadata also while it is locked.
 *
 * Ports first, description last: a rename that died in between is done again from the start.
 */
export async function mark(context: Context<Cloud>, id: string, wanted: Mark): Promise<void> {
  const { cloud } = context;
  const server = await servers(cloud).look(id);
  if (!server) throw failure("gone", `server ${id} is gone from the cloud`, { where: id });
  const before = readMark(server.description);
  if (before && before.tag !== wanted.tag) await retagPorts(cloud, wanted.tag, await observePorts(cloud, before.tag));
  const tag = serverTag(wanted.tag);
  if (!server.tags?.includes(tag)) await tolerant(() => addServerTag(cloud, id, tag));
  await updateServer(cloud, id, { description: withMark(withoutMark(server.description), wanted) });
  for (const old of server.tags ?? [])
    if (old.startsWith(serverTag("")) && old !== tag) await tolerant(() => removeServerTag(cloud, id, old));
}

/** A server that is being built or in ERROR takes no tags; sealing it writes them. */
async function tolerant(work: () => Promise<void>) {
  try {
    await work();
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
  }
}
