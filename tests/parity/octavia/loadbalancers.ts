/** Load balancers: their life, the VIP, refusals, who may what. */
import { field } from "../exchange.ts";
import { active, balancer, betaExchange, network } from "./prepare.ts";

const NOWHERE = "00000000-0000-4000-8000-000000000000";
const PATH = "/lbaas/loadbalancers";

export const exchanges = [
  betaExchange("a load balancer is made, changed and deleted", async (cloud, beta) => {
    const { subnet } = await network(cloud, beta);
    const id = await balancer(cloud, beta, {
      vip_subnet_id: subnet,
      vip_address: "10.91.0.77",
      description: "of a test",
      tags: ["one", "two"],
    });
    await beta.call("octavia", "PUT", `${PATH}/${id}`, { loadbalancer: { name: "parity-too-early" } });
    await beta.call("octavia", "DELETE", `${PATH}/${id}`);
    const shown = await active(beta, id);
    const port = String(field(shown, "body.loadbalancer.vip_port_id"));
    await beta.call(
      "neutron",
      "GET",
      `/ports/${port}?fields=name&fields=device_id&fields=device_owner&fields=fixed_ips&fields=admin_state_up&fields=project_id&fields=network_id`,
    );
    await beta.call("octavia", "GET", `${PATH}/${id}/status`);
    await beta.call("octavia", "GET", `${PATH}/${id}/statuses`);
    await beta.call("octavia", "GET", `${PATH}/${id}/stats`);
    await beta.call("octavia", "GET", `${PATH}/${id}?fields=name&fields=id&fields=vip_address`);
    await beta.call("octavia", "PUT", `${PATH}/${id}`, {
      loadbalancer: { name: "parity-octavia-renamed", description: "", admin_state_up: false, tags: ["three"] },
    });
    await beta.call("octavia", "PUT", `${PATH}/${id}`, { loadbalancer: { name: "parity-too-early" } });
    await active(beta, id);
    await beta.call("octavia", "PUT", `${PATH}/${id}`, { loadbalancer: { vip_subnet_id: subnet } });
    await beta.call("octavia", "PUT", `${PATH}/${id}/failover`);
    await beta.call("octavia", "DELETE", `${PATH}/${id}`);
    await beta.call("octavia", "DELETE", `${PATH}/${id}`);
    await beta.until("octavia", `${PATH}/${id}`, ({ status }) => status === 404);
    await beta.call("octavia", "DELETE", `${PATH}/${id}`);
    await beta.call("neutron", "GET", `/ports/${port}`);
  }),
  betaExchange("the VIP by a network, and lists", async (cloud, beta) => {
    const { id: net } = await network(cloud, beta);
    const id = await balancer(cloud, beta, {
      vip_network_id: net,
      name: "parity-octavia-a",
      tags: ["parity-x", "parity-y"],
    });
    await active(beta, id);
    await beta.call("octavia", "GET", PATH);
    await beta.call("octavia", "GET", `${PATH}?name=parity-octavia-a`);
    await beta.call("octavia", "GET", `${PATH}?name=parity-octavia-b`);
    await beta.call("octavia", "GET", `${PATH}?limit=1`);
    await beta.call("octavia", "GET", `${PATH}?limit=1&marker=${id}`);
    await beta.call("octavia", "GET", `${PATH}?fields=name&fields=provisioning_status`);
    await beta.call("octavia", "GET", `${PATH}?tags=parity-x,parity-y&fields=name`);
    await beta.call("octavia", "GET", `${PATH}?not-tags=parity-x&fields=name`);
    await beta.call("octavia", "GET", `${PATH}?tags-any=parity-x,parity-z&fields=name`);
    await beta.call("octavia", "GET", `${PATH}?vip_network_id=${net}&fields=name`);
    await beta.call("octavia", "GET", `${PATH}?provisioning_status=ACTIVE&fields=name`);
    await beta.call("octavia", "GET", `${PATH}?admin_state_up=false&fields=name`);
    await beta.call("octavia", "GET", `${PATH}?project_id=${beta.projectId}&fields=name`);
    await beta.call("octavia", "GET", `${PATH}?sort=name:desc&limit=5&fields=name`);
    await beta.call("octavia", "GET", `${PATH}?limit=x`);
    await beta.call("octavia", "GET", `${PATH}?marker=x`);
    await beta.call("octavia", "GET", `${PATH}?nope=x`);
    await beta.call("octavia", "GET", `${PATH}?sort_key=x`);
    await beta.call("octavia", "GET", `${PATH}?sort=name:foo`);
    await beta.call("octavia", "GET", `/v2${PATH}?fields=name`, undefined, { root: true });
  }),
  betaExchange("the VIP by a port, which stays", async (cloud, beta) => {
    const { id: net, subnet } = await network(cloud, beta);
    const body = {
      port: {
        network_id: net,
        name: "parity-octavia-vip",
        fixed_ips: [{ subnet_id: subnet, ip_address: "10.91.0.9" }],
      },
    };
    const port = String(
      field(await beta.call("neutron", "POST", "/ports", body, { unrecorded: true }), "body.port.id"),
    );
    cloud.cleanup(() => beta.call("neutron", "DELETE", `/ports/${port}`));
    const id = await balancer(cloud, beta, { vip_port_id: port });
    await active(beta, id);
    await beta.call("octavia", "DELETE", `${PATH}/${id}`);
    await beta.until("octavia", `${PATH}/${id}`, ({ status }) => status === 404);
    await beta.call("neutron", "GET", `/ports/${port}?fields=name&fields=fixed_ips`);
  }),
  betaExchange("load balancers that are refused", async (cloud, beta) => {
    const { id: net, subnet } = await network(cloud, beta);
    const ask = (loadbalancer: unknown) => beta.call("octavia", "POST", PATH, { loadbalancer });
    // The real one leaves the VIP's port behind when it refuses the tree.
    cloud.cleanup(async () => {
      const left = await beta.call("neutron", "GET", `/ports?network_id=${net}&device_owner=Octavia&fields=id`);
      for (const { id } of left.body["ports"] as { id: string }[]) await beta.call("neutron", "DELETE", `/ports/${id}`);
    });
    await ask({});
    await ask({ name: "parity-octavia-lb" });
    await ask({ nope: 1 });
    await ask({ vip_subnet_id: "x" });
    await ask({ vip_subnet_id: NOWHERE });
    await ask({ vip_network_id: NOWHERE });
    await ask({ vip_port_id: NOWHERE });
    await ask({ vip_network_id: net, vip_subnet_id: NOWHERE });
    await ask({ vip_network_id: net, vip_address: "10.99.0.5" });
    await ask({ vip_subnet_id: subnet, provider: "parity-none" });
    await ask({ vip_subnet_id: subnet, flavor_id: NOWHERE });
    await ask({ vip_subnet_id: subnet, availability_zone: "parity-none" });
    await ask({ vip_subnet_id: subnet, additional_vips: [{ subnet_id: subnet }] });
    await ask({ vip_subnet_id: subnet, project_id: NOWHERE });
    await ask({ name: 3, vip_subnet_id: subnet });
    await ask({ name: "x".repeat(256) });
    await ask({ admin_state_up: "x" });
    await ask({ vip_address: "x" });
    await ask({ tags: "x" });
    await ask({ tags: [1] });
    await ask({ listeners: [{ protocol: "HTTP" }] });
    await ask({
      vip_subnet_id: subnet,
      listeners: [{ protocol: "HTTP", protocol_port: 80, default_pool: { name: "parity-none" } }],
    });
    await ask({ vip_subnet_id: subnet, pools: [{ name: "p" }, { name: "p" }] });
    await ask({ vip_subnet_id: subnet, pools: [{ name: "p" }] });
    await ask({ vip_subnet_id: subnet, vip_address: "10.99.0.1" });
    const taken = { port: { network_id: net, fixed_ips: [{ ip_address: "10.91.0.44" }] } };
    const port = await beta.call("neutron", "POST", "/ports", taken, { unrecorded: true });
    cloud.cleanup(() => beta.call("neutron", "DELETE", `/ports/${field(port, "body.port.id")}`));
    await ask({ vip_subnet_id: subnet, vip_address: "10.91.0.44" });
    await beta.call("octavia", "POST", PATH, undefined);
    await beta.call("octavia", "POST", PATH, '{"loadbalancer": ');
    await beta.call("octavia", "DELETE", PATH);
    await beta.call("octavia", "PUT", `${PATH}/${NOWHERE}`, { loadbalancer: { name: "x" } });
    await beta.call("octavia", "GET", `${PATH}/nope`);
    await beta.call("octavia", "GET", `${PATH}/${NOWHERE}/status`);
    await beta.call("octavia", "GET", `${PATH}/${NOWHERE}/stats`);
    await beta.call("octavia", "PUT", `${PATH}/${NOWHERE}/failover`);
    await beta.call("octavia", "GET", PATH, undefined, { headers: { Accept: "text/html" } });
  }),
  betaExchange("who may see and change a load balancer", async (cloud, beta) => {
    const { subnet } = await network(cloud, beta);
    const id = await balancer(cloud, beta, { vip_subnet_id: subnet }, { unrecorded: true });
    await active(beta, id);
    const reader = await cloud.as("beta-reader", "beta");
    const alpha = await cloud.as("alpha");
    const { project, system } = await cloud.admin();
    for (const other of [reader, alpha, system]) {
      await other.call("octavia", "GET", `${PATH}/${id}?fields=name`);
      await other.call("octavia", "GET", `${PATH}?name=parity-octavia-lb&fields=name`);
      await other.call("octavia", "GET", `${PATH}?project_id=${beta.projectId}&name=parity-octavia-lb&fields=name`);
      await other.call("octavia", "GET", `${PATH}/${id}/status`);
      await other.call("octavia", "PUT", `${PATH}/${id}`, { loadbalancer: { description: "by another" } });
      await other.call("octavia", "DELETE", `${PATH}/${id}`);
      await other.call("octavia", "POST", PATH, { loadbalancer: { vip_subnet_id: subnet } });
    }
    await project.call("octavia", "GET", `${PATH}?name=parity-octavia-lb&fields=name`);
    await active(beta, id);
    await project.call("octavia", "PUT", `${PATH}/${id}`, { loadbalancer: { description: "by the administrator" } });
    await active(beta, id);
    await project.call("octavia", "PUT", `${PATH}/${id}/failover`);
    await active(beta, id);
    const nobody = cloud.withToken(undefined);
    await nobody.call("octavia", "GET", PATH);
  }),
];
