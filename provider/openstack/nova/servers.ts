import type { Cloud, Collection } from "../cloud.ts";
import type { RequestOptions } from "../types.ts";

/** What a server says of its flavor, from microversion 2.47 on: the values at the time it was made, no id. */
export interface ServerFlavor {
  readonly original_name: string;
  readonly vcpus: number;
  /** MiB. */
  readonly ram: number;
  /** GiB. */
  readonly disk: number;
  readonly extra_specs?: Readonly<Record<string, string>>;
}

/** Why a server is in ERROR. */
export interface ServerFault {
  readonly code: number;
  readonly message: string;
  readonly created?: string;
}

/**
 * A server as `GET /servers/{id}` shows it at 2.90, as far as it is used here. Of one in a cell that Nova cannot reach
 * only id, status UNKNOWN, tenant and creation are known.
 */
export interface NovaServer {
  readonly id: string;
  readonly status: string;
  readonly tenant_id: string;
  readonly created: string;
  readonly name?: string;
  readonly description?: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  /** Empty text for a server that boots from a volume. */
  readonly image?: { readonly id: string } | "";
  readonly flavor?: ServerFlavor;
  readonly fault?: ServerFault;
  readonly locked?: boolean;
  readonly locked_reason?: string | null;
  readonly "OS-EXT-STS:task_state"?: string | null;
  /** 0 none, 1 running, 3 paused, 4 shut down, 6 crashed, 7 suspended. */
  readonly "OS-EXT-STS:power_state"?: number;
  readonly "os-extended-volumes:volumes_attached"?: readonly { readonly id: string }[];
}

/** A volume, image or blank disk of a new server. See Nova's "Block Device Mapping in Nova". */
export interface BlockDevice {
  readonly boot_index: number;
  readonly source_type: "image" | "volume";
  readonly destination_type: "local" | "volume";
  readonly uuid: string;
  readonly delete_on_termination: boolean;
}

/** The body of `POST /servers`. */
export interface NewServer {
  readonly name: string;
  readonly description: string;
  readonly flavorRef: string;
  readonly imageRef?: string;
  readonly block_device_mapping_v2?: readonly BlockDevice[];
  /** `none` is a word of the API: a server without any network. */
  readonly networks: "none" | readonly { readonly port: string }[];
  readonly key_name?: string;
  /** Base64. */
  readonly user_data?: string;
  readonly config_drive: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
}

const nova = (cloud: Cloud) => cloud.service("compute");

/** The options of a request at the microversion of servers. */
async function versioned(cloud: Cloud, options: RequestOptions = {}): Promise<RequestOptions> {
  return { ...options, microversion: await nova(cloud).negotiate("servers") };
}

/** All servers of the project; looks at them share their requests. `GET /servers/{id}`, `GET /servers/detail` */
export const servers = (cloud: Cloud): Collection<NovaServer> =>
  cloud.collection<NovaServer>("servers", {
    get: async (id) =>
      (await nova(cloud).find<{ server: NovaServer }>(`/servers/${encodeURIComponent(id)}`, await versioned(cloud)))
        ?.server,
    list: () => listServers(cloud),
  });

/** The project's servers, or those that carry a tag. `GET /servers/detail` */
export const listServers = async (cloud: Cloud, tag?: string): Promise<NovaServer[]> =>
  nova(cloud).list<NovaServer>("/servers/detail", "servers", await versioned(cloud, { query: { tags: tag } }));

/** Whether the collection of servers can be read at all. `GET /servers` */
export const proveServersReadable = async (cloud: Cloud): Promise<void> => {
  await nova(cloud).get("/servers", { query: { limit: 1 } });
};

/** Asks for a server. `POST /servers` */
export async function createServer(cloud: Cloud, server: NewServer): Promise<string> {
  const made = await nova(cloud).post<{ server: { id: string } }>("/servers", { server }, await versioned(cloud));
  servers(cloud).touch(made.server.id);
  return made.server.id;
}

/** Gives a server back. Answers false where it is gone already. `DELETE /servers/{id}` */
export async function deleteServer(cloud: Cloud, id: string): Promise<boolean> {
  const there = await nova(cloud).remove(`/servers/${id}`);
  servers(cloud).touch(id);
  return there;
}

/** Changes name or description; possible in every state, and while locked. `PUT /servers/{id}` */
export async function updateServer(cloud: Cloud, id: string, changes: { name?: string; description?: string }) {
  await nova(cloud).put(`/servers/${id}`, { server: changes }, await versioned(cloud));
  servers(cloud).touch(id);
}

/** Sets keys of the metadata and leaves the others. Refused while building, in ERROR and locked. `POST /servers/{id}/metadata` */
export async function setServerMetadata(cloud: Cloud, id: string, metadata: Readonly<Record<string, string>>) {
  await nova(cloud).post(`/servers/${id}/metadata`, { metadata }, { repeatable: true });
  servers(cloud).touch(id);
}

/** Takes one key out of the metadata. `DELETE /servers/{id}/metadata/{key}` */
export async function removeServerMetadata(cloud: Cloud, id: string, key: string) {
  await nova(cloud).remove(`/servers/${id}/metadata/${encodeURIComponent(key)}`);
  servers(cloud).touch(id);
}

/** Puts a tag on a server. Refused with 409 while building and in ERROR. `PUT /servers/{id}/tags/{tag}` */
export async function addServerTag(cloud: Cloud, id: string, tag: string) {
  await nova(cloud).put(`/servers/${id}/tags/${encodeURIComponent(tag)}`, undefined, await versioned(cloud));
}

/** Takes a tag off a server. `DELETE /servers/{id}/tags/{tag}` */
export async function removeServerTag(cloud: Cloud, id: string, tag: string) {
  await nova(cloud).remove(`/servers/${id}/tags/${encodeURIComponent(tag)}`, await versioned(cloud));
}

/** What `POST /servers/{id}/action` can be asked for here. */
export type ServerAction =
  | { readonly "os-start": null }
  | { readonly "os-stop": null }
  | { readonly reboot: { readonly type: "HARD" } }
  | { readonly lock: { readonly locked_reason: string } }
  | { readonly unlock: null }
  | { readonly forceDelete: null }
  | { readonly rebuild: Rebuild };

/** A new installation of the same server. `user_data` null takes away what there was. */
export interface Rebuild {
  readonly imageRef: string;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly user_data: string | null;
}

/**
 * Sends an action. A rebuild is asked at 2.92 at most: from 2.93 on Nova fails it on bare metal.
 * @throws ApiError 409 where the server's state or a lock forbids it
 */
export async function actOnServer(cloud: Cloud, id: string, action: ServerAction) {
  const options =
    "rebuild" in action ? { microversion: await nova(cloud).negotiate("rebuilding") } : await versioned(cloud);
  await nova(cloud).post(`/servers/${id}/action`, action, options);
  servers(cloud).touch(id);
}

/** Gives a running server one more port. `POST /servers/{id}/os-interface` */
export async function attachPort(cloud: Cloud, id: string, portId: string) {
  await nova(cloud).post(`/servers/${id}/os-interface`, { interfaceAttachment: { port_id: portId } });
}

/** Takes a port from a server; the port stays. `DELETE /servers/{id}/os-interface/{port}` */
export async function detachPort(cloud: Cloud, id: string, portId: string) {
  await nova(cloud).remove(`/servers/${id}/os-interface/${portId}`);
}
