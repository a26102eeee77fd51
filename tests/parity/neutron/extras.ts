/** What Neutron's further services keep: VPN, firewalls, address scopes, metering. */
import { exchange } from "../exchange.ts";
import { BETA, make, NOTHING, networkWith, portOn, publicNetwork } from "./kit.ts";

export const exchanges = [
  exchange(
    "VPN policies and endpoint groups",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const alpha = await cloud.as("alpha");
      const ike = await make(cloud, beta, "vpn/ikepolicies", {
        ikepolicy: { name: "parity-neutron-ike", auth_algorithm: "sha256", pfs: "group14" },
      });
      await beta.call("neutron", "GET", `/vpn/ikepolicies/${ike.id}`);
      await beta.call("neutron", "PUT", `/vpn/ikepolicies/${ike.id}`, { ikepolicy: { description: "d" } });
      await alpha.call("neutron", "GET", `/vpn/ikepolicies/${ike.id}`);
      await make(cloud, beta, "vpn/ipsecpolicies", {
        ipsecpolicy: { name: "parity-neutron-ipsec", auth_algorithm: "sha256", pfs: "group14" },
      });
      await make(cloud, beta, "vpn/endpoint-groups", {
        endpoint_group: { name: "parity-neutron-ep", type: "cidr", endpoints: ["10.1.0.0/24"] },
      });
      await make(cloud, beta, "vpn/endpoint-groups", { endpoint_group: { type: "pigeon", endpoints: [] } });
      await make(cloud, beta, "vpn/ikepolicies", { ikepolicy: { colour: "red" } });
      await make(cloud, beta, "vpn/vpnservices", { vpnservice: { name: "parity-neutron-vpn", router_id: NOTHING } });
      await make(cloud, beta, "vpn/vpnservices", { vpnservice: {} });
      await beta.call("neutron", "GET", `/vpn/vpnservices/${NOTHING}`);
      await beta.call("neutron", "DELETE", `/vpn/ipsec-site-connections/${NOTHING}`);
      await beta.call("neutron", "DELETE", `/vpn/ikepolicies/${ike.id}`);
      await beta.call("neutron", "GET", `/vpn/ikepolicies/${ike.id}`);
    },
    BETA,
  ),
  exchange(
    "firewall rules and policies",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const rule = await make(cloud, beta, "fwaas/firewall_rules", {
        firewall_rule: { name: "parity-neutron-fw", protocol: "tcp", destination_port: "22", action: "allow" },
      });
      await beta.call("neutron", "GET", `/fwaas/firewall_rules/${rule.id}`);
      await make(cloud, beta, "fwaas/firewall_rules", { firewall_rule: { action: "fly" } });
      const policy = await make(cloud, beta, "fwaas/firewall_policies", {
        firewall_policy: { name: "parity-neutron-fw", firewall_rules: [] },
      });
      await beta.call("neutron", "GET", `/fwaas/firewall_policies/${policy.id}`);
      await beta.call("neutron", "GET", `/fwaas/firewall_groups/${NOTHING}`);
      await beta.call("neutron", "DELETE", `/fwaas/firewall_rules/${rule.id}`);
      await beta.call("neutron", "GET", `/fwaas/firewall_rules/${rule.id}`);
    },
    BETA,
  ),
  exchange(
    "address scopes, and actions of subnet pools and ports that are less usual",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const scope = await make(cloud, beta, "address-scopes", {
        address_scope: { name: "parity-neutron-scope", ip_version: 4 },
      });
      await beta.call("neutron", "GET", `/address-scopes/${scope.id}`);
      await make(cloud, beta, "address-scopes", { address_scope: { ip_version: 5 } });
      await beta.call("neutron", "DELETE", `/address-scopes/${scope.id}`);
      await beta.call("neutron", "GET", `/address-scopes/${scope.id}`);
      const { network } = await networkWith(cloud, beta, "parity-neutron-x", "10.111.0.0/24");
      const port = await make(cloud, beta, "ports", { port: { network_id: network, tags: ["b", "a"] } });
      await beta.call("neutron", "GET", `/ports/${port.id}/tags`);
      await beta.call("neutron", "PUT", `/ports/${port.id}`, { port: { mac_address: null } });
      await beta.call("neutron", "GET", `/ports?network_id=${network}&fixed_ips=subnet_id=${NOTHING}`);
      await beta.call("neutron", "GET", `/ports?network_id=${network}&tags=a&fields=tags`);
      await beta.call("neutron", "GET", `/ports?network_id=${network}&fixed_ips=x`);
      await beta.call("neutron", "GET", `/ports?network_id=${network}&device_owner=&fields=device_owner`);
      await beta.call("neutron", "GET", `/ports?network_id=${network}&admin_state_up=true&fields=admin_state_up`);
      await beta.call("neutron", "GET", `/ports?network_id=${network}&security_groups=${NOTHING}`);
      await beta.call("neutron", "GET", `/subnets?network_id=${network}&ip_version=4&fields=cidr`);
      await beta.call("neutron", "GET", `/subnets?cidr=10.111.0.0/24&fields=cidr`);
      await beta.call("neutron", "GET", `/subnets?gateway_ip=10.111.0.1&enable_dhcp=true&fields=cidr`);
    },
    BETA,
  ),
  exchange(
    "port forwardings of a floating IP",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const reader = await cloud.as("beta-reader", "beta");
      const out = await publicNetwork(beta);
      cloud.name(out.network, "network public");
      const unrecorded = { unrecorded: true };
      const { network, subnet } = await networkWith(cloud, beta, "parity-neutron-z", "10.112.0.0/24", unrecorded);
      const internal_ip_address = "10.112.0.9";
      const port = await portOn(cloud, beta, network, { fixed_ips: [{ ip_address: internal_ip_address }] }, unrecorded);
      const gateway = { router: { external_gateway_info: { network_id: out.network } } };
      const router = await make(cloud, beta, "routers", gateway, unrecorded);
      const plug = (action: string) =>
        beta.call("neutron", "PUT", `/routers/${router.id}/${action}`, { subnet_id: subnet }, unrecorded);
      await plug("add_router_interface");
      cloud.cleanup(() => plug("remove_router_interface"));
      const floating = await make(cloud, beta, "floatingips", { floatingip: { floating_network_id: out.network } });
      const list = `floatingips/${floating.id}/port_forwardings`;
      const forward = (more: object) =>
        make(cloud, beta, list, {
          port_forwarding: {
            protocol: "tcp",
            external_port: 2222,
            internal_port: 22,
            internal_port_id: port.id,
            internal_ip_address,
            ...more,
          },
        });
      await beta.call("neutron", "GET", `/${list}`);
      const made = await forward({});
      await forward({ internal_port: 23 });
      await forward({ external_port: 2223 });
      await forward({ external_port: 0 });
      await forward({ internal_port_id: NOTHING });
      await beta.call("neutron", "GET", `/floatingips/${floating.id}`);
      await beta.call("neutron", "GET", `/${list}/${made.id}`);
      await beta.call("neutron", "PUT", `/${list}/${made.id}`, { port_forwarding: { description: "d" } });
      await reader.call("neutron", "DELETE", `/${list}/${made.id}`);
      await beta.call("neutron", "PUT", `/floatingips/${floating.id}`, { floatingip: { port_id: port.id } });
      await beta.call("neutron", "DELETE", `/floatingips/${floating.id}`);
      await beta.call("neutron", "DELETE", `/${list}/${made.id}`);
      await beta.call("neutron", "GET", `/${list}/${made.id}`);
    },
    BETA,
  ),
];
