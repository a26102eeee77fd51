/** Routers, their interfaces, gateways and routes; floating IPs. */
import type { Json } from "../../cloud/client.ts";
import { exchange } from "../exchange.ts";
import { BETA, make, NOTHING, networkWith, portOn, publicNetwork } from "./kit.ts";

export const exchanges = [
  exchange(
    "a router with interfaces, gateway and routes",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const out = await publicNetwork(beta);
      cloud.name(out.network, "network public");
      const { network, subnet } = await networkWith(cloud, beta, "parity-neutron-ra", "10.81.0.0/16");
      const router = await make(cloud, beta, "routers", { router: { name: "parity-neutron-ra" } });
      const path = `/routers/${router.id}`;
      const put = (body: Json) => beta.call("neutron", "PUT", path, { router: body });
      const plug = (body: unknown) => beta.call("neutron", "PUT", `${path}/add_router_interface`, body);
      const unplug = (body: unknown) => beta.call("neutron", "PUT", `${path}/remove_router_interface`, body);
      cloud.cleanup(() => unplug({ subnet_id: subnet }));
      cloud.cleanup(() => put({ routes: [], external_gateway_info: null }));
      await beta.call("neutron", "GET", path);
      await plug({ subnet_id: subnet });
      await plug({ subnet_id: subnet });
      const ports = await beta.call("neutron", "GET", `/ports?device_id=${router.id}`);
      const port = (ports.body["ports"] as Json[])[0] as Json;
      await beta.call("neutron", "DELETE", `/ports/${port["id"]}`);
      await beta.call("neutron", "PUT", `/ports/${port["id"]}`, { port: { name: "renamed" } });
      await beta.call("neutron", "DELETE", path);
      await beta.call("neutron", "DELETE", `/subnets/${subnet}`);
      await beta.call("neutron", "DELETE", `/networks/${network}`);
      await put({ external_gateway_info: { network_id: out.network } });
      await beta.call("neutron", "GET", path);
      await put({ external_gateway_info: { network_id: out.network, enable_snat: false } });
      await put({ routes: [{ destination: "10.200.0.0/16", nexthop: "10.81.0.77" }] });
      await put({ routes: [{ destination: "10.200.0.0/16", nexthop: "10.82.0.77" }] });
      await put({ routes: [{ destination: "10.200.0.0/16" }] });
      await put({ routes: [{ destination: "x", nexthop: "10.81.0.77" }] });
      await unplug({ subnet_id: subnet });
      await put({ routes: [] });
      await beta.call("neutron", "DELETE", path, undefined, { note: "an interface is still there" });
      await unplug({ subnet_id: subnet });
      await unplug({ subnet_id: subnet });
      const own = await portOn(cloud, beta, network, { name: "parity-neutron-rb" });
      await plug({ port_id: own.id });
      await unplug({ port_id: own.id });
      await beta.call("neutron", "GET", `/ports/${own.id}`);
      await put({ name: "parity-neutron-rb", admin_state_up: false });
      await put({ external_gateway_info: null });
      await put({ external_gateway_info: {} });
      await beta.call("neutron", "DELETE", path);
      await beta.call("neutron", "GET", path);
      await beta.call("neutron", "DELETE", path);
    },
    BETA,
  ),
  exchange(
    "what routers refuse",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const alpha = await cloud.as("alpha");
      const reader = await cloud.as("beta-reader", "beta");
      const a = await networkWith(cloud, beta, "parity-neutron-rc", "10.82.0.0/24");
      const b = await networkWith(cloud, beta, "parity-neutron-rd", "10.82.0.0/25");
      const c = await networkWith(cloud, beta, "parity-neutron-re", "10.83.0.0/25", { subnet: { gateway_ip: null } });
      const router = await make(cloud, beta, "routers", { router: { name: "parity-neutron-rc" } });
      const path = `/routers/${router.id}`;
      const plug = (body: unknown, who = beta) => who.call("neutron", "PUT", `${path}/add_router_interface`, body);
      const unplug = (body: unknown) => beta.call("neutron", "PUT", `${path}/remove_router_interface`, body);
      cloud.cleanup(() => unplug({ subnet_id: a.subnet }));
      await plug({ subnet_id: a.subnet });
      await plug({ subnet_id: b.subnet });
      await plug({ subnet_id: c.subnet });
      await plug({});
      await plug({ colour: "red" });
      await plug(undefined);
      await plug({ subnet_id: a.subnet, port_id: NOTHING });
      await plug({ subnet_id: NOTHING });
      await plug({ subnet_id: "x" });
      await plug({ port_id: NOTHING });
      await plug({ subnet_id: a.subnet }, reader);
      await plug({ subnet_id: a.subnet }, alpha);
      await unplug({});
      await unplug({ subnet_id: NOTHING });
      await unplug({ subnet_id: b.subnet });
      await unplug({ port_id: NOTHING });
      await beta.call("neutron", "PUT", `/routers/${NOTHING}/add_router_interface`, { subnet_id: a.subnet });
      const post = (body: Json) => make(cloud, beta, "routers", { router: body });
      await post({ external_gateway_info: { network_id: a.network } });
      await post({ external_gateway_info: { network_id: NOTHING } });
      await post({ external_gateway_info: { network_id: "x" } });
      await post({ external_gateway_info: { colour: "red" } });
      await post({ external_gateway_info: "x" });
      await post({ distributed: true });
      await post({ ha: true });
      await post({ routes: [] });
      await post({ name: 5 });
      await post({ flavor_id: NOTHING });
      await reader.call("neutron", "POST", "/routers", { router: {} });
      await reader.call("neutron", "PUT", path, { router: { name: "x" } });
      await reader.call("neutron", "DELETE", path);
      await alpha.call("neutron", "GET", path);
      await alpha.call("neutron", "DELETE", path);
      const { project: admin } = await cloud.admin();
      await admin.call("neutron", "GET", path);
      await admin.call("neutron", "GET", `${path}/l3-agents`);
    },
    BETA,
  ),
  exchange(
    "floating IPs",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const alpha = await cloud.as("alpha");
      const out = await publicNetwork(beta);
      cloud.name(out.network, "network public");
      cloud.name(out.subnet, "subnet public");
      const { network, subnet } = await networkWith(cloud, beta, "parity-neutron-fa", "10.84.0.0/16");
      const port = await portOn(cloud, beta, network, { name: "parity-neutron-fa" });
      const floating = await make(cloud, beta, "floatingips", {
        floatingip: { floating_network_id: out.network, description: "mine" },
      });
      const path = `/floatingips/${floating.id}`;
      const put = (body: Json) => beta.call("neutron", "PUT", path, { floatingip: body });
      await beta.call("neutron", "GET", path);
      await put({ port_id: port.id });
      const router = await make(cloud, beta, "routers", {
        router: { name: "parity-neutron-fa", external_gateway_info: { network_id: out.network } },
      });
      const unplug = () =>
        beta.call("neutron", "PUT", `/routers/${router.id}/remove_router_interface`, { subnet_id: subnet });
      cloud.cleanup(unplug);
      await beta.call("neutron", "PUT", `/routers/${router.id}/add_router_interface`, { subnet_id: subnet });
      cloud.cleanup(() => put({ port_id: null }));
      await put({ port_id: port.id });
      const other = await make(cloud, beta, "floatingips", {
        floatingip: { floating_network_id: out.network, port_id: port.id },
      });
      await beta.call("neutron", "PUT", `/routers/${router.id}/remove_router_interface`, { subnet_id: subnet });
      await beta.call("neutron", "PUT", `/routers/${router.id}`, { router: { external_gateway_info: null } });
      await put({ fixed_ip_address: "10.84.0.200", port_id: port.id });
      await put({ port_id: NOTHING });
      await put({ description: "still mine" });
      await put({ port_id: null });
      await make(cloud, beta, "floatingips", { floatingip: { floating_network_id: network } });
      await make(cloud, beta, "floatingips", { floatingip: { floating_network_id: NOTHING } });
      await make(cloud, beta, "floatingips", { floatingip: {} });
      await make(cloud, beta, "floatingips", { floatingip: { floating_network_id: out.network, port_id: NOTHING } });
      await make(cloud, beta, "floatingips", {
        floatingip: { floating_network_id: out.network, floating_ip_address: "203.0.113.77" },
      });
      await make(cloud, beta, "floatingips", {
        floatingip: { floating_network_id: out.network, floating_ip_address: "203.0.113.77" },
      });
      await make(cloud, beta, "floatingips", {
        floatingip: { floating_network_id: out.network, floating_ip_address: "198.18.0.1" },
      });
      await alpha.call("neutron", "GET", path);
      await beta.call("neutron", "GET", "/floatingips?description=still mine");
      await put({ port_id: port.id });
      await beta.call("neutron", "DELETE", `/ports/${port.id}`);
      await beta.call("neutron", "GET", path, undefined, { note: "after its port went" });
      await beta.call("neutron", "DELETE", path);
      await beta.call("neutron", "GET", path);
      await beta.call("neutron", "GET", "/floatingip_pools");
      void other;
    },
    BETA,
  ),
];
