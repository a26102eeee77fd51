/** Filters, fields, order, pages and tags. */
import type { Json } from "../../cloud/client.ts";
import { exchange, field } from "../exchange.ts";
import { BETA, make, NOTHING, publicNetwork } from "./kit.ts";

const FEW = "fields=name&fields=admin_state_up&fields=description";

export const exchanges = [
  exchange(
    "filters, fields and order",
    async (cloud) => {
      const beta = await cloud.as("beta");
      for (const [name, admin_state_up, description] of [
        ["parity-neutron-q1", true, "x"],
        ["parity-neutron-q2", false, "y"],
        ["parity-neutron-q3", true, ""],
      ])
        await make(cloud, beta, "networks", { network: { name, admin_state_up, description } }, { unrecorded: true });
      const all = "name=parity-neutron-q1&name=parity-neutron-q2&name=parity-neutron-q3";
      const ask = (query: string) => beta.call("neutron", "GET", `/networks?${query}`);
      await ask(`${all}&${FEW}`);
      await ask(`${all}&admin_state_up=true&${FEW}`);
      await ask(`${all}&admin_state_up=perhaps`);
      await ask(`${all}&description=y&${FEW}`);
      await ask(`${all}&description=&${FEW}`);
      await ask(`${all}&sort_key=name&sort_dir=desc&${FEW}`);
      await ask(`${all}&sort_key=admin_state_up&sort_dir=asc&sort_key=name&sort_dir=asc&${FEW}`);
      await ask(`${all}&sort_key=name`);
      await ask(`${all}&sort_key=colour&sort_dir=asc`);
      await ask(`${all}&sort_key=name&sort_dir=up`);
      await ask(`${all}&project_id=${beta.projectId}&fields=name`);
      await ask(`${all}&tenant_id=${NOTHING}&fields=name`);
      await ask(`${all}&project_id=${beta.projectId}&tenant_id=${beta.projectId}&fields=name`);
      await ask("colour=red");
      await ask("colour=red&shape=round");
      await ask("mtu=many");
      await ask(`${all}&mtu=1450&fields=name`);
      await ask(`${all}&status=ACTIVE&shared=false&fields=name`);
      await ask(`${all}&router:external=false&fields=name`);
      await ask("name=parity-neutron-nothing");
      await ask(`id=${NOTHING}`);
      await ask(`${all}&limit=many`);
      await ask(`${all}&limit=-1`);
      await ask(`${all}&fields=colour&fields=name`);
      await beta.call("neutron", "GET", "/networks?is_default=false&fields=name");
      await beta.call("neutron", "GET", "/subnets?colour=red");
      await beta.call("neutron", "GET", "/ports?colour=red");
      await beta.call("neutron", "GET", "/routers?colour=red");
      await beta.call("neutron", "GET", "/security-groups?colour=red");
      await beta.call("neutron", "GET", "/floatingips?colour=red");
      await beta.call("neutron", "GET", "/trunks?colour=red");
      await beta.call("neutron", "GET", "/rbac-policies?colour=red");
      await beta.call("neutron", "GET", "/subnetpools?colour=red");
    },
    BETA,
  ),
  exchange(
    "pages",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const ids: string[] = [];
      for (const name of ["parity-neutron-p1", "parity-neutron-p2", "parity-neutron-p3"])
        ids.push((await make(cloud, beta, "networks", { network: { name } }, { unrecorded: true })).id);
      for (const [n, id] of ids.entries()) cloud.name(id, `network p${n + 1}`);
      const order = `sort_key=name&sort_dir=asc&project_id=${beta.projectId}&name=parity-neutron-p1&name=parity-neutron-p2&name=parity-neutron-p3&fields=name`;
      const first = await beta.call("neutron", "GET", `/networks?${order}&limit=2`);
      const links = (field(first, "body.networks_links") ?? []) as { rel: string; href: string }[];
      const next = links.find(({ rel }) => rel === "next");
      if (next) await beta.call("neutron", "GET", next.href);
      await beta.call("neutron", "GET", `/networks?${order}&limit=3`);
      await beta.call("neutron", "GET", `/networks?${order}&limit=4`);
      await beta.call("neutron", "GET", `/networks?${order}&limit=0`);
      await beta.call("neutron", "GET", `/networks?${order}&limit=2&marker=${ids[2]}&page_reverse=True`);
      await beta.call("neutron", "GET", `/networks?${order}&marker=${NOTHING}&limit=2`);
      await beta.call("neutron", "GET", `/networks?name=parity-neutron-nothing&limit=2`);
    },
    BETA,
  ),
  exchange(
    "tags",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const alpha = await cloud.as("alpha");
      const reader = await cloud.as("beta-reader", "beta");
      const { id } = await make(cloud, beta, "networks", { network: { name: "parity-neutron-t" } });
      await make(cloud, beta, "networks", { network: { name: "parity-neutron-u" } }, { unrecorded: true });
      const tags = `/networks/${id}/tags`;
      const put = (path: string, body?: unknown) => beta.call("neutron", "PUT", path, body);
      await beta.call("neutron", "GET", tags);
      await put(tags, { tags: ["red", "blue"] });
      await put(`${tags}/green`);
      await put(`${tags}/green`);
      await beta.call("neutron", "GET", `${tags}/green`);
      await beta.call("neutron", "GET", `${tags}/black`);
      await beta.call("neutron", "POST", tags, { tags: ["white"] });
      await beta.call("neutron", "DELETE", `${tags}/green`);
      await beta.call("neutron", "DELETE", `${tags}/green`);
      await put(tags, { tags: "red" });
      await put(tags, { tags: [5] });
      await put(tags, { tags: ["x".repeat(256)] });
      await put(tags, { tags: ["red", "red"] });
      await put(tags, {});
      const named = "name=parity-neutron-t&name=parity-neutron-u&fields=name&fields=tags";
      await put(tags, { tags: ["red", "blue"] });
      for (const query of [
        "tags=red",
        "tags=red,blue",
        "tags=red,green",
        "tags-any=red,green",
        "not-tags=red",
        "not-tags-any=red,green",
      ])
        await beta.call("neutron", "GET", `/networks?${named}&${query}`);
      await reader.call("neutron", "GET", tags);
      await reader.call("neutron", "PUT", tags, { tags: [] });
      await reader.call("neutron", "DELETE", tags);
      await alpha.call("neutron", "GET", tags);
      await alpha.call("neutron", "PUT", tags, { tags: [] });
      await beta.call("neutron", "DELETE", tags);
      await beta.call("neutron", "GET", `/networks/${id}?fields=tags`);
      await make(cloud, beta, "networks", { network: { name: "parity-neutron-v", tags: ["x"] } });
    },
    BETA,
  ),
  exchange(
    "quotas",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const reader = await cloud.as("beta-reader", "beta");
      const { project: admin } = await cloud.admin();
      const path = `/quotas/${beta.projectId}`;
      await beta.call("neutron", "GET", path);
      await beta.call("neutron", "GET", `${path}/default`);
      await beta.call("neutron", "GET", `${path}/details`, undefined, { varies: ["body.quota.*.used"] });
      await beta.call("neutron", "GET", "/quotas/tenant");
      await reader.call("neutron", "GET", path);
      await beta.call("neutron", "GET", "/quotas");
      await beta.call("neutron", "PUT", path, { quota: { network: 5 } });
      await beta.call("neutron", "DELETE", path);
      await beta.call("neutron", "GET", `/quotas/${admin.projectId}`);
      cloud.cleanup(() => admin.call("neutron", "DELETE", path));
      await admin.call("neutron", "PUT", path, { quota: { colour: 5 } });
      await admin.call("neutron", "PUT", path, { quota: { network: "many" } });
      await admin.call("neutron", "PUT", path, { quota: { network: -2 } });
      // Others may use this tenant meanwhile: what is there counts as it is.
      const now = await beta.call("neutron", "GET", `${path}/details`, undefined, { unrecorded: true });
      const inUse = (kind: string) => Number(field(now, `body.quota.${kind}.used`));
      const kinds = ["network", "subnet", "port", "security_group"];
      const few = Object.fromEntries(kinds.map((kind) => [kind, inUse(kind)]));
      await admin.call("neutron", "PUT", path, { quota: few }, { unrecorded: true });
      await admin.call("neutron", "PUT", path, { quota: { router: 0, subnetpool: 5 } }, { unrecorded: true });
      await make(cloud, beta, "networks", { network: { name: "parity-neutron-w" } });
      await beta.call("neutron", "POST", "/networks", { networks: [{ name: "a" }, { name: "b" }] });
      const nets = await beta.call("neutron", "GET", "/networks?name=beta-provision-net&fields=id");
      const network_id = field(nets, "body.networks.0.id");
      await make(cloud, beta, "ports", { port: { network_id } });
      await make(cloud, beta, "subnets", { subnet: { network_id, cidr: "10.92.0.0/24", ip_version: 4 } });
      await make(cloud, beta, "routers", { router: { name: "parity-neutron-w" } });
      await make(cloud, beta, "security-groups", { security_group: { name: "parity-neutron-w" } });
      const floating_network_id = (await publicNetwork(beta)).network;
      const none = { floatingip: 0, rbac_policy: 0, trunk: 0, subnetpool: 0 };
      const varies = kinds.map((kind) => `body.*.${kind}`);
      await admin.call("neutron", "PUT", path, { quota: none }, { varies });
      await make(cloud, beta, "floatingips", { floatingip: { floating_network_id } });
      await make(cloud, beta, "subnetpools", { subnetpool: { name: "parity-neutron-w", prefixes: ["10.9.0.0/16"] } });
      await beta.call("neutron", "GET", path, undefined, { varies });
      await admin.call("neutron", "DELETE", path);
      await admin.call("neutron", "DELETE", path);
      await beta.call("neutron", "GET", path);
    },
    BETA,
  ),
  exchange(
    "what stands around networks",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const nobody = cloud.withToken(undefined);
      const { project: admin } = await cloud.admin();
      await nobody.call("neutron", "GET", "/", undefined, { root: true });
      await nobody.call("neutron", "GET", "/v2.0", undefined, { root: true });
      await beta.call("neutron", "GET", "/v2.0", undefined, { root: true });
      await beta.call("neutron", "GET", "/v2.0/", undefined, { root: true });
      await nobody.call("neutron", "GET", "/networks");
      await cloud.withToken("bad").call("neutron", "GET", "/networks");
      await beta.call("neutron", "GET", "/extensions", undefined, { unordered: true });
      await beta.call("neutron", "GET", "/extensions/security-group");
      await beta.call("neutron", "GET", "/extensions/nothing");
      await beta.call("neutron", "GET", "/agents");
      await beta.call("neutron", "GET", "/availability_zones");
      await beta.call("neutron", "GET", "/service-providers", undefined, { unordered: true });
      await beta.call("neutron", "GET", "/network-ip-availabilities");
      await beta.call("neutron", "GET", "/segments");
      await beta.call("neutron", "GET", "/address-scopes");
      await beta.call("neutron", "GET", "/flavors");
      await beta.call("neutron", "GET", "/auto-allocated-topology/null");
      await beta.call("neutron", "GET", "/metering/metering-labels");
      await beta.call("neutron", "GET", "/default-security-group-rules", undefined, { unordered: true });
      await beta.call("neutron", "GET", "/qos/rule-types", undefined, { unordered: true });
      await beta.call("neutron", "GET", "/log/logs");
      await beta.call("neutron", "GET", "/local_ips");
      for (const path of ["vpnservices", "ikepolicies", "ipsecpolicies", "endpoint-groups", "ipsec-site-connections"])
        await beta.call("neutron", "GET", `/vpn/${path}`);
      for (const path of ["firewall_rules", "firewall_policies", "firewall_groups"])
        await beta.call("neutron", "GET", `/fwaas/${path}?name=parity-nothing`);
      const agents = await admin.call("neutron", "GET", "/agents?binary=nothing");
      await admin.call("neutron", "GET", `/agents/${NOTHING}`);
      const listed = (await admin.call("neutron", "GET", "/agents", undefined, { unrecorded: true })).body["agents"];
      const one = (listed as Json[])[0] as Json;
      await admin.call("neutron", "GET", `/agents/${one["id"]}`);
      await admin.call("neutron", "GET", `/agents?host=${one["host"]}&fields=agent_type&fields=alive`);
      void agents;
    },
    BETA,
  ),
];
