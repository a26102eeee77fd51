/** What the exchanges of nova share. */
import type { Reply } from "../../cloud/client.ts";
import { type Caller, type Cloud, field } from "../exchange.ts";

/** A server's state as `GET /servers/ID` tells it. */
export const status = (reply: Reply): unknown => field(reply, "body.server.status");

/** Patience with a real cloud that several people use at once. */
export const PATIENT = { seconds: 240 };

/** Ids that exchanges need, looked up unrecorded and named in the recording. */
export interface Ids {
  readonly image: string;
  readonly otherImage: string;
  readonly tiny: string;
  readonly small: string;
  readonly metal: string;
  readonly gpu: string;
}

/** Looks up the images and flavors of the seed. */
export async function ids(cloud: Cloud, caller: Caller): Promise<Ids> {
  const images = await caller.call("glance", "GET", "/images", undefined, { unrecorded: true });
  const flavors = await caller.call("nova", "GET", "/flavors", undefined, { unrecorded: true });
  const find = (reply: Reply, list: string, name: string): string => {
    const items = field(reply, `body.${list}`) as { id: string; name: string }[];
    const id = items.find((item) => item.name === name)?.id ?? "";
    cloud.name(id, `${list.slice(0, -1)} ${name}`);
    return id;
  };
  return {
    image: find(images, "images", "tiny"),
    otherImage: find(images, "images", "tiny-2"),
    tiny: find(flavors, "flavors", "vm.tiny"),
    small: find(flavors, "flavors", "vm.small"),
    metal: find(flavors, "flavors", "baremetal"),
    gpu: find(flavors, "flavors", "baremetal-gpu"),
  };
}

/** Makes a network with a subnet, unrecorded; it goes away afterwards. */
export async function network(
  cloud: Cloud,
  caller: Caller,
  cidr: string,
  name = "parity-nova-net",
): Promise<{ network: string; subnet: string }> {
  const made = await caller.call("neutron", "POST", "/networks", { network: { name } }, { unrecorded: true });
  const id = String(field(made, "body.network.id"));
  cloud.name(id, `network ${name}`);
  cloud.cleanup(() =>
    soon(
      async () =>
        (await caller.call("neutron", "DELETE", `/networks/${id}`, undefined, { unrecorded: true })).status !== 409,
    ),
  );
  const subnet = await caller.call(
    "neutron",
    "POST",
    "/subnets",
    { subnet: { network_id: id, cidr, ip_version: 4, name } },
    { unrecorded: true },
  );
  return { network: id, subnet: String(field(subnet, "body.subnet.id")) };
}

/** Deletes a server afterwards, whatever its state, and waits until it is gone. */
export function cleanUp(cloud: Cloud, caller: Caller, server: string): void {
  cloud.cleanup(async () => {
    const quiet = { unrecorded: true };
    await caller.call("nova", "POST", `/servers/${server}/action`, { unlock: null }, quiet);
    await soon(async () => {
      const reply = await caller.call("nova", "DELETE", `/servers/${server}`, undefined, quiet);
      return reply.status === 404;
    });
  });
}

/** Waits until the node of a deleted bare metal server can be had again. */
export function nodesComeBack(cloud: Cloud): void {
  cloud.cleanup(async () => {
    const { system, project } = await cloud.admin();
    await soon(async () => {
      const reply = await system.call(
        "ironic",
        "GET",
        "/nodes?fields=uuid,name,provision_state,maintenance",
        undefined,
        {
          unrecorded: true,
        },
      );
      const nodes = field(reply, "body.nodes") as { uuid: string; name: string; provision_state: string }[];
      const ours = nodes.filter(({ name }) => name.startsWith("bm-"));
      if (!ours.every((node) => node.provision_state === "available")) return false;
      for (const { uuid } of ours) {
        const inventory = await project.call("placement", "GET", `/resource_providers/${uuid}/inventories`, undefined, {
          unrecorded: true,
        });
        const all = field(inventory, "body.inventories") as Record<string, { reserved: number }> | undefined;
        if (Object.values(all ?? {}).some(({ reserved }) => reserved > 0)) return false;
      }
      return true;
    }, 300);
  });
}

/** Asks again until it is so. */
export async function soon(test: () => Promise<boolean>, seconds = 200): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await test())) {
    if (Date.now() > end) throw new Error(`it took more than ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
