/** What is of no load balancer: versions, providers, flavors, zones, quotas, unknown paths. */
import { betaExchange } from "./prepare.ts";

export const exchanges = [
  betaExchange("versions and unknown paths", async (cloud, beta) => {
    const nobody = cloud.withToken(undefined);
    await nobody.call("octavia", "GET", "/", undefined, { root: true });
    await beta.call("octavia", "GET", "/v2.0", undefined, { root: true });
    await beta.call("octavia", "GET", "/v2", undefined, { root: true });
    await beta.call("octavia", "GET", "/lbaas");
    await beta.call("octavia", "GET", "/lbaas/parity-none");
    await beta.call("octavia", "GET", "/parity-none");
    await nobody.call("octavia", "GET", "/v2.0/lbaas/loadbalancers", undefined, { root: true });
    await beta.call("octavia", "PATCH", "/lbaas/loadbalancers");
  }),
  betaExchange("providers, flavors and availability zones", async (cloud, beta) => {
    const { project } = await cloud.admin();
    await beta.call("octavia", "GET", "/lbaas/providers", undefined, { varies: ["body.providers.*.description"] });
    await beta.call("octavia", "GET", "/lbaas/flavors");
    await beta.call("octavia", "GET", "/lbaas/availabilityzones");
    await beta.call("octavia", "GET", "/lbaas/flavorprofiles");
    await beta.call("octavia", "GET", "/lbaas/availabilityzoneprofiles");
    await beta.call("octavia", "GET", "/octavia/amphorae");
    await beta.call("octavia", "POST", "/lbaas/flavors", {
      flavor: { name: "x", flavor_profile_id: "00000000-0000-4000-8000-000000000000" },
    });
    await project.call("octavia", "GET", "/lbaas/flavorprofiles");
    await beta.call("octavia", "GET", "/lbaas/flavors/00000000-0000-4000-8000-000000000001");
  }),
  betaExchange("quotas", async (cloud, beta) => {
    const { project } = await cloud.admin();
    const path = `/lbaas/quotas/${beta.projectId}`;
    cloud.cleanup(() => project.call("octavia", "DELETE", path));
    await beta.call("octavia", "GET", path);
    await beta.call("octavia", "GET", `${path}/default`);
    await beta.call("octavia", "PUT", path, { quota: { loadbalancer: 3 } });
    await beta.call("octavia", "DELETE", path);
    await beta.call("octavia", "GET", `/lbaas/quotas/${project.projectId}`);
    await project.call("octavia", "PUT", path, { quota: { loadbalancer: 0, pool: 5 } });
    await beta.call("octavia", "GET", path);
    await beta.call("octavia", "GET", "/lbaas/quotas");
    await project.call("octavia", "PUT", path, { quota: { loadbalancer: -2 } });
    await project.call("octavia", "PUT", path, { quota: { nope: 2 } });
    await project.call("octavia", "DELETE", path);
    await beta.call("octavia", "GET", path);
  }),
  betaExchange("a quota that is used up", async (cloud, beta) => {
    const { project } = await cloud.admin();
    const path = `/lbaas/quotas/${beta.projectId}`;
    cloud.cleanup(() => project.call("octavia", "DELETE", path));
    await project.call("octavia", "PUT", path, { quota: { loadbalancer: 0 } }, { unrecorded: true });
    const made = await beta.call(
      "neutron",
      "POST",
      "/networks",
      { network: { name: "parity-octavia-net" } },
      { unrecorded: true },
    );
    const id = (made.body["network"] as { id: string }).id;
    cloud.cleanup(() => beta.call("neutron", "DELETE", `/networks/${id}`));
    const subnet = { network_id: id, ip_version: 4, cidr: "10.91.0.0/24" };
    await beta.call("neutron", "POST", "/subnets", { subnet }, { unrecorded: true });
    await beta.call("octavia", "POST", "/lbaas/loadbalancers", { loadbalancer: { vip_network_id: id } });
  }),
];
