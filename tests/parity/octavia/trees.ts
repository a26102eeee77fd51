/** What is below a load balancer: listeners, pools, members, health monitors, layer 7 policies and rules, and their states. */
import { field } from "../exchange.ts";
import { active, balancer, betaExchange, make, network } from "./prepare.ts";

const NOWHERE = "00000000-0000-4000-8000-000000000000";

export const exchanges = [
  betaExchange("a tree is built bottom up", async (cloud, beta) => {
    const { subnet } = await network(cloud, beta);
    const id = await balancer(cloud, beta, { vip_subnet_id: subnet }, { unrecorded: true });
    await active(beta, id);
    const status = () => beta.call("octavia", "GET", `/lbaas/loadbalancers/${id}/status`);
    const get = (path: string) => beta.call("octavia", "GET", `/lbaas${path}`);
    const put = (path: string, body: unknown) => beta.call("octavia", "PUT", `/lbaas${path}`, body);
    const remove = (path: string) => beta.call("octavia", "DELETE", `/lbaas${path}`);

    const listener = await make(cloud, beta, "/lbaas/listeners", "listener", {
      name: "listener",
      protocol: "HTTP",
      protocol_port: 80,
      loadbalancer_id: id,
      insert_headers: { "X-Forwarded-For": "true" },
      allowed_cidrs: ["10.0.0.0/8"],
    });
    await beta.call("octavia", "POST", "/lbaas/listeners", {
      listener: { protocol: "HTTP", protocol_port: 81, loadbalancer_id: id },
    });
    await active(beta, id);
    await get(`/listeners/${listener}`);
    await get(`/listeners/${listener}/stats`);
    const pool = await make(cloud, beta, "/lbaas/pools", "pool", {
      name: "pool",
      protocol: "HTTP",
      lb_algorithm: "ROUND_ROBIN",
      listener_id: listener,
      session_persistence: { type: "APP_COOKIE", cookie_name: "parity" },
    });
    await get(`/listeners/${listener}`);
    await active(beta, id);
    await get(`/pools/${pool}`);
    const member = await make(cloud, beta, `/lbaas/pools/${pool}/members`, "member", {
      name: "member",
      address: "10.91.0.50",
      protocol_port: 8080,
      subnet_id: subnet,
    });
    await status();
    await active(beta, id);
    await get(`/pools/${pool}/members/${member}`);
    const monitor = await make(cloud, beta, "/lbaas/healthmonitors", "healthmonitor", {
      name: "monitor",
      type: "HTTP",
      delay: 5,
      timeout: 3,
      max_retries: 2,
      pool_id: pool,
    });
    await status();
    await active(beta, id);
    await get(`/healthmonitors/${monitor}`);
    const policy = await make(cloud, beta, "/lbaas/l7policies", "l7policy", {
      name: "policy",
      action: "REDIRECT_TO_URL",
      redirect_url: "http://parity.example.org/",
      listener_id: listener,
    });
    await active(beta, id);
    const rule = await make(cloud, beta, `/lbaas/l7policies/${policy}/rules`, "rule", {
      type: "PATH",
      compare_type: "STARTS_WITH",
      value: "/api",
    });
    await get(`/l7policies/${policy}`);
    await active(beta, id);
    await get(`/l7policies/${policy}`);
    await get(`/l7policies/${policy}/rules/${rule}`);
    await get(`/l7policies/${policy}/rules`);
    await get("/l7policies");
    await get("/listeners");
    await get("/pools");
    await get(`/pools/${pool}/members`);
    await get("/healthmonitors");
    await status();

    await put(`/listeners/${listener}`, {
      listener: { name: "parity-renamed", connection_limit: 100, allowed_cidrs: null },
    });
    await active(beta, id);
    await get(`/listeners/${listener}`);
    await put(`/pools/${pool}`, { pool: { lb_algorithm: "SOURCE_IP", session_persistence: null } });
    await get(`/listeners/${listener}`);
    await active(beta, id);
    await get(`/pools/${pool}`);
    await put(`/pools/${pool}/members/${member}`, { member: { weight: 7, backup: true } });
    await active(beta, id);
    await put(`/healthmonitors/${monitor}`, { healthmonitor: { delay: 9, url_path: "/alive" } });
    await active(beta, id);
    await put(`/l7policies/${policy}`, { l7policy: { action: "REJECT" } });
    await active(beta, id);
    await get(`/l7policies/${policy}`);
    await put(`/l7policies/${policy}/rules/${rule}`, { rule: { value: "/other", invert: true } });
    await active(beta, id);
    await get(`/l7policies/${policy}/rules/${rule}`);

    await remove(`/loadbalancers/${id}`);
    await remove(`/l7policies/${policy}/rules/${rule}`);
    await get(`/l7policies/${policy}/rules/${rule}`);
    await active(beta, id);
    await get(`/l7policies/${policy}/rules/${rule}`);
    await remove(`/l7policies/${policy}`);
    await active(beta, id);
    await remove(`/healthmonitors/${monitor}`);
    await active(beta, id);
    await status();
    await remove(`/pools/${pool}/members/${member}`);
    await status();
    await active(beta, id);
    await remove(`/pools/${pool}`);
    await get(`/pools/${pool}`);
    await active(beta, id);
    await get(`/listeners/${listener}`);
    await remove(`/listeners/${listener}`);
    await get(`/listeners/${listener}`);
    await active(beta, id);
    await get(`/listeners/${listener}`);
  }),
  betaExchange("a whole tree in one request, deleted by cascade", async (cloud, beta) => {
    const { subnet } = await network(cloud, beta);
    // The real one does not always see the monitor that it makes in the same breath: OFFLINE or NO_MONITOR.
    const varies = { varies: ["*.members.*.operating_status"] };
    const id = await balancer(
      cloud,
      beta,
      {
        vip_subnet_id: subnet,
        vip_address: "10.91.0.66",
        listeners: [
          {
            name: "parity-a",
            protocol: "HTTP",
            protocol_port: 80,
            default_pool: {
              name: "parity-pool",
              protocol: "HTTP",
              lb_algorithm: "LEAST_CONNECTIONS",
              healthmonitor: { type: "TCP", delay: 4, timeout: 2, max_retries: 3 },
              members: [{ address: "10.91.0.51", protocol_port: 80 }],
            },
            l7policies: [
              {
                name: "parity-policy",
                action: "REDIRECT_TO_POOL",
                redirect_pool: { name: "parity-pool" },
                rules: [{ type: "HOST_NAME", compare_type: "EQUAL_TO", value: "parity.example.org" }],
              },
            ],
          },
        ],
      },
      varies,
    );
    await beta.call("octavia", "GET", `/lbaas/loadbalancers/${id}/status`, undefined, varies);
    await active(beta, id);
    await beta.call("octavia", "GET", `/lbaas/loadbalancers/${id}/status`, undefined, varies);
    await beta.call("octavia", "DELETE", `/lbaas/loadbalancers/${id}`);
    await beta.call("octavia", "DELETE", `/lbaas/loadbalancers/${id}?cascade=true`);
    await beta.until("octavia", `/lbaas/loadbalancers/${id}`, ({ status }) => status === 404);
    await beta.call("octavia", "GET", "/lbaas/listeners?name=parity-a");
    await beta.call("octavia", "GET", "/lbaas/pools?name=parity-pool");
  }),
  betaExchange("all members of a pool in one request", async (cloud, beta) => {
    const { subnet } = await network(cloud, beta);
    const id = await balancer(cloud, beta, { vip_subnet_id: subnet }, { unrecorded: true });
    await active(beta, id);
    const pool = await make(cloud, beta, "/lbaas/pools", "pool", {
      name: "pool",
      protocol: "TCP",
      lb_algorithm: "ROUND_ROBIN",
      loadbalancer_id: id,
    });
    await active(beta, id);
    const path = `/lbaas/pools/${pool}/members`;
    const put = (members: unknown[], query = "") => beta.call("octavia", "PUT", `${path}${query}`, { members });
    const show = async () => {
      await active(beta, id);
      await beta.call(
        "octavia",
        "GET",
        `${path}?sort=protocol_port&fields=address&fields=protocol_port&fields=weight&fields=name`,
      );
    };
    await put([
      { address: "10.91.0.60", protocol_port: 80, name: "a" },
      { address: "10.91.0.60", protocol_port: 81, weight: 5 },
    ]);
    await put([]);
    await show();
    await put([
      { address: "10.91.0.60", protocol_port: 80, weight: 9 },
      { address: "10.91.0.60", protocol_port: 82 },
    ]);
    await show();
    await put([{ address: "10.91.0.60", protocol_port: 83 }], "?additive_only=true");
    await show();
    await put([
      { address: "10.91.0.60", protocol_port: 83 },
      { address: "10.91.0.60", protocol_port: 83 },
    ]);
    await active(beta, id);
    await put([]);
    await show();
    await put([]);
    await active(beta, id);
  }),
  betaExchange("what is refused below a load balancer", async (cloud, beta) => {
    const { subnet } = await network(cloud, beta);
    const id = await balancer(cloud, beta, { vip_subnet_id: subnet }, { unrecorded: true });
    await active(beta, id);
    const other = await cloud.as("alpha");
    const reader = await cloud.as("beta-reader", "beta");
    const listen = (listener: unknown) => beta.call("octavia", "POST", "/lbaas/listeners", { listener });
    const good = { protocol: "HTTP", protocol_port: 80, loadbalancer_id: id, name: "listener" };
    await listen({ ...good, loadbalancer_id: NOWHERE });
    const { loadbalancer_id: _, ...nowhere } = good;
    await listen(nowhere);
    await listen({ ...good, protocol_port: 0 });
    await listen({ ...good, protocol_port: 65536 });
    await listen({ ...good, protocol_port: "a" });
    await listen({ ...good, connection_limit: -2 });
    await listen({ ...good, default_pool_id: NOWHERE });
    await listen({ ...good, protocol: "TERMINATED_HTTPS" });
    await listen({ ...good, protocol: "TCP", insert_headers: { "X-Forwarded-For": "true" } });
    await listen({ ...good, insert_headers: { "X-Parity": "true" } });
    await listen({ ...good, allowed_cidrs: ["2001:db8::/32"] });
    await listen({ ...good, allowed_cidrs: ["x"] });
    await listen({ ...good, timeout_client_data: -1 });
    await listen({ ...good, hsts_max_age: 5 });
    await listen({ ...good, nope: 1 });
    await other.call("octavia", "POST", "/lbaas/listeners", { listener: good });
    await reader.call("octavia", "POST", "/lbaas/listeners", { listener: good });
    const listener = await make(cloud, beta, "/lbaas/listeners", "listener", good);
    await active(beta, id);
    await listen(good);
    await listen({ ...good, protocol: "TCP" });
    await other.call("octavia", "GET", `/lbaas/listeners/${listener}`);
    await other.call("octavia", "DELETE", `/lbaas/listeners/${listener}`);
    await beta.call("octavia", "PUT", `/lbaas/listeners/${listener}`, { listener: { protocol_port: 90 } });
    await beta.call("octavia", "PUT", `/lbaas/listeners/${NOWHERE}`, { listener: { name: "x" } });

    const pooled = (pool: unknown) => beta.call("octavia", "POST", "/lbaas/pools", { pool });
    const basin = { protocol: "HTTP", lb_algorithm: "ROUND_ROBIN", listener_id: listener, name: "pool" };
    const { listener_id: __, ...loose } = basin;
    await pooled(loose);
    await pooled({ ...basin, protocol: "UDP" });
    await pooled({ ...basin, lb_algorithm: "SOURCE_IP_PORT" });
    const { lb_algorithm: ___, ...aimless } = basin;
    await pooled(aimless);
    await pooled({ ...basin, session_persistence: { type: "SOURCE_IP", cookie_name: "x" } });
    await pooled({ ...basin, session_persistence: { type: "APP_COOKIE" } });
    await pooled({ ...basin, session_persistence: {} });
    await pooled({ ...basin, loadbalancer_id: NOWHERE });
    const pool = await make(cloud, beta, "/lbaas/pools", "pool", basin);
    await active(beta, id);
    await pooled(basin);
    await beta.call("octavia", "GET", `/lbaas/pools/${NOWHERE}`);
    await beta.call("octavia", "GET", `/lbaas/pools/${NOWHERE}/members`);

    const path = `/lbaas/pools/${pool}/members`;
    const join = (member: unknown) => beta.call("octavia", "POST", path, { member });
    await join({ address: "10.91.0.70" });
    await join({ address: "x", protocol_port: 80 });
    await join({ address: "10.91.0.70", protocol_port: 80, weight: 257 });
    await join({ address: "10.91.0.70", protocol_port: 80, subnet_id: NOWHERE });
    await join({ address: "169.254.169.254", protocol_port: 80 });
    await join({ address: "10.91.0.70", protocol_port: 80, request_sriov: true });
    await make(cloud, beta, path, "member", { address: "10.91.0.70", protocol_port: 80, name: "member" });
    await active(beta, id);
    await join({ address: "10.91.0.70", protocol_port: 80 });
    await beta.call("octavia", "GET", `${path}/${NOWHERE}`);

    const watch = (healthmonitor: unknown) => beta.call("octavia", "POST", "/lbaas/healthmonitors", { healthmonitor });
    const check = { type: "TCP", delay: 5, timeout: 3, max_retries: 3, pool_id: pool, name: "monitor" };
    await watch({ ...check, url_path: "/x" });
    await watch({ ...check, type: "UDP-CONNECT" });
    await watch({ ...check, max_retries: 11 });
    await watch({ ...check, pool_id: NOWHERE });
    await watch({ ...check, type: "HTTP", domain_name: "parity.example.org" });
    await watch({ ...check, type: "HTTP", url_path: "x" });
    await watch({ ...check, type: "HTTP", expected_codes: "x" });
    await make(cloud, beta, "/lbaas/healthmonitors", "healthmonitor", check);
    await active(beta, id);
    await watch(check);

    const police = (l7policy: unknown) => beta.call("octavia", "POST", "/lbaas/l7policies", { l7policy });
    await police({ action: "REJECT", listener_id: NOWHERE });
    await police({ action: "REDIRECT_TO_URL", listener_id: listener });
    await police({ action: "REDIRECT_TO_POOL", listener_id: listener });
    await police({ action: "REDIRECT_TO_POOL", listener_id: listener, redirect_pool_id: NOWHERE });
    await police({ action: "REDIRECT_TO_URL", listener_id: listener, redirect_url: "x" });
    const policy = await make(cloud, beta, "/lbaas/l7policies", "l7policy", {
      name: "policy",
      action: "REDIRECT_TO_POOL",
      listener_id: listener,
      redirect_pool_id: pool,
    });
    await active(beta, id);
    await beta.call("octavia", "DELETE", `/lbaas/pools/${pool}`);
    const rules = `/lbaas/l7policies/${policy}/rules`;
    const rule = (body: unknown) => beta.call("octavia", "POST", rules, { rule: body });
    await rule({ type: "HEADER", compare_type: "EQUAL_TO", value: "x" });
    await rule({ type: "PATH", compare_type: "REGEX", value: "/x", key: "a\nb" });
    await rule({ type: "FILE_TYPE", compare_type: "CONTAINS", value: "x" });
    await rule({ type: "PATH", compare_type: "EQUAL_TO", value: "" });
    await beta.call("octavia", "GET", `${rules}/${NOWHERE}`);
    await beta.call("octavia", "GET", `/lbaas/l7policies/${NOWHERE}/rules`);
    const shown = await beta.call("octavia", "GET", `/lbaas/l7policies/${policy}`);
    if (field(shown, "status") !== 200) throw new Error("the policy is gone");
  }),
];
