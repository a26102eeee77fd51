/** Bodies of POST /servers that are refused. Nothing is made. */
import { exchange, field } from "../exchange.ts";
import { ids, network } from "./kit.ts";

export const exchanges = [
  exchange("server bodies that are refused", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const { image, tiny, small } = await ids(cloud, alpha);
    const good = { name: "parity-nova-refused", imageRef: image, flavorRef: tiny, networks: "none" };
    const create = (server: unknown, version?: string) =>
      alpha.call("nova", "POST", "/servers", { server }, version ? { version } : {});
    await alpha.call("nova", "POST", "/servers", {});
    await create({});
    await create("parity");
    await create({ ...good, name: "" });
    await create({ ...good, name: 5 });
    await create({ ...good, name: " parity" });
    await create({ ...good, name: "x".repeat(256) });
    await create({ ...good, flavorRef: "parity" });
    await create({ ...good, flavorRef: "" });
    await create({ ...good, flavorRef: null });
    await create({ ...good, imageRef: "parity" });
    await create({ ...good, imageRef: "" });
    await create({ ...good, imageRef: "00000000-0000-0000-0000-000000000001" });
    await create({ ...good, networks: "parity" });
    await create({ ...good, networks: [{ uuid: "parity" }] });
    await create({ ...good, networks: [{}] });
    await create({ ...good, networks: [{ uuid: tiny, parity: 1 }] });
    await create({ ...good, networks: [{ uuid: "00000000-0000-0000-0000-000000000001" }] });
    await create({ ...good, networks: [{ port: "00000000-0000-0000-0000-000000000001" }] });
    const { networks: _, ...without } = good;
    await create(without);
    await create({ ...good, networks: "none" }, "2.36");
    await create({ ...good, parity: true });
    await create({ ...good, parity: true, other: true });
    await create({ ...good, metadata: { "a/b": "c" } });
    await create({ ...good, metadata: { a: 1 } });
    await create({ ...good, metadata: { a: "x".repeat(256) } });
    await create({ ...good, metadata: "parity" });
    await create({ ...good, tags: ["a,b"] });
    await create({ ...good, tags: ["x".repeat(61)] });
    await create({ ...good, tags: Array.from({ length: 51 }, (_, index) => `t${index}`) });
    await create({ ...good, tags: ["a"] }, "2.51");
    await create({ ...good, description: "x".repeat(256) });
    await create({ ...good, description: 5 });
    await create({ ...good, description: "a" }, "2.18");
    await create({ ...good, config_drive: "parity" });
    await create({ ...good, key_name: "parity-unknown" });
    await create({ ...good, key_name: "" });
    await create({ ...good, min_count: 2, max_count: 1 });
    await create({ ...good, min_count: 0 });
    await create({ ...good, min_count: "x" });
    await create({ ...good, availability_zone: "parity" });
    await create({ ...good, availability_zone: "nova:fake" });
    await create({ ...good, host: "parity" });
    await create({ ...good, hostname: "a_b" });
    await create({ ...good, hostname: "a" }, "2.89");
    await create({ ...good, security_groups: [{ name: "parity-unknown" }] });
    await create({ ...good, security_groups: "default" });
    await create({ ...good, block_device_mapping_v2: [{ parity: 1 }] });
    await create({ ...good, block_device_mapping_v2: [{ source_type: "parity" }] });
    await create({ ...good, block_device_mapping_v2: [{ source_type: "volume", destination_type: "volume" }] });
    const volume = { source_type: "volume", destination_type: "volume", uuid: "00000000-0000-0000-0000-000000000001" };
    await create({ ...good, block_device_mapping_v2: [{ ...volume, boot_index: 0 }] });
    await create({ ...good, block_device_mapping_v2: [volume] });
    await create({ ...good, imageRef: "", block_device_mapping_v2: [{ ...volume, boot_index: 0 }] });
    await create({ ...good, imageRef: "", block_device_mapping_v2: [{ ...volume, boot_index: -1 }] });
    await create({ ...good, flavorRef: small, accessIPv4: "parity" });
    await create({ ...good, "OS-DCF:diskConfig": "parity" });
    await create({ ...good, personality: [] });
    await alpha.call("nova", "POST", "/servers", { server: good, parity: {} });
    await alpha.call("nova", "POST", "/servers", { server: good, "os:scheduler_hints": { group: "parity" } });
    await alpha.call("nova", "POST", "/servers", {
      server: good,
      "os:scheduler_hints": { group: "00000000-0000-0000-0000-000000000001" },
    });
  }),
  exchange("servers that quota, role or network forbid", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const reader = await cloud.as("alpha-reader", "alpha");
    const beta = await cloud.as("beta");
    const { project: admin } = await cloud.admin();
    const { image, tiny } = await ids(cloud, alpha);
    const { network: net } = await network(cloud, alpha, "10.71.0.0/24");
    await network(cloud, alpha, "10.72.0.0/24", "parity-nova-net2");
    const empty = await alpha.call(
      "neutron",
      "POST",
      "/networks",
      { network: { name: "parity-nova-empty" } },
      {
        unrecorded: true,
      },
    );
    const bare = String(field(empty, "body.network.id"));
    cloud.cleanup(() => alpha.call("neutron", "DELETE", `/networks/${bare}`));
    const quota = `/os-quota-sets/${alpha.projectId}`;
    cloud.cleanup(() => admin.call("nova", "DELETE", quota));
    const good = { name: "parity-nova-refused", imageRef: image, flavorRef: tiny };
    const create = (server: unknown, caller = alpha) => caller.call("nova", "POST", "/servers", { server });
    await create({ ...good, networks: [{ uuid: bare }] });
    await create({ ...good, networks: [{ uuid: net }] }, beta);
    await create({ ...good, networks: [{ uuid: net, fixed_ip: "10.71.0.9" }], max_count: 2 });
    await create({ ...good, networks: "none" }, reader);
    await admin.call("nova", "PUT", quota, { quota_set: { instances: 0 } }, { unrecorded: true });
    await create({ ...good, networks: "none" });
    await admin.call("nova", "PUT", quota, { quota_set: { instances: 20, cores: 0, ram: 0 } }, { unrecorded: true });
    await create({ ...good, networks: "none" });
    await admin.call(
      "nova",
      "PUT",
      quota,
      { quota_set: { cores: -1, ram: -1, metadata_items: 1 } },
      { unrecorded: true },
    );
    await create({ ...good, networks: "none", metadata: { a: "b", c: "d" } });
    await admin.call("nova", "DELETE", quota, undefined, { unrecorded: true });
    const network_id = net;
    const bound = await alpha.call(
      "neutron",
      "POST",
      "/ports",
      { port: { network_id, device_id: "parity" } },
      { unrecorded: true },
    );
    cloud.cleanup(() => alpha.call("neutron", "DELETE", `/ports/${field(bound, "body.port.id")}`));
    await create({ ...good, networks: [{ port: field(bound, "body.port.id") }] });
    await create({
      ...good,
      networks: [{ port: field(bound, "body.port.id") }, { port: field(bound, "body.port.id") }],
    });
    await create({ ...good, networks: [{ port: field(bound, "body.port.id"), fixed_ip: "10.71.0.8" }] });
  }),
];
