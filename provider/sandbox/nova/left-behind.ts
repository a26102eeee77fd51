import { atLeast } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { allow, NovaRefusal, noSuchResource } from "./errors.ts";

/** What nova once had and gives no more. */
export function leftBehind(): Route[] {
  const gone = () => {
    throw new NovaRefusal(410, "This resource is no longer available. No forwarding address is given.");
  };
  const proxies: [string, number, string | null][] = [
    ["os-networks", 36, "networks"],
    ["os-tenant-networks", 36, "networks"],
    ["os-floating-ips", 36, "floating_ips"],
    ["os-floating-ip-pools", 36, "floating_ip_pools"],
    ["os-security-groups", 36, "security_groups"],
    ["os-volumes", 36, "volumes"],
    ["os-snapshots", 36, "snapshots"],
    ["images", 36, "images"],
    ["os-hosts", 43, null],
    ["os-baremetal-nodes", 36, null],
  ];
  return [
    ...["os-cells", "os-agents", "os-certificates", "os-cloudpipe", "os-fping", "os-consoles"].map((name) =>
      route("GET", `/v2.1/${name}`, gone),
    ),
    ...proxies.map(([name, until, list]) =>
      route("GET", `/v2.1/${name}`, (call) => {
        if (atLeast(call, 2, until)) throw noSuchResource();
        if (list === null) allow(call.caller, "admin", `${name}:list`);
        return { status: 200, body: { [list ?? name]: [] } };
      }),
    ),
    route("GET", "/v2.1/os-simple-tenant-usage", (call) => {
      allow(call.caller, "admin", "os-simple-tenant-usage:list");
      return { status: 200, body: { tenant_usages: [] } };
    }),
    route("GET", "/v2.1/os-migrations", (call) => {
      allow(call.caller, "admin", "os-migrations:index:all_projects");
      return { status: 200, body: { migrations: [] } };
    }),
    route("GET", "/v2.1/extensions", (call) => {
      allow(call.caller, "reader", "extensions");
      return { status: 200, body: { extensions: [GROUPS] } };
    }),
    route("GET", "/v2.1/extensions/{alias}", (call) => {
      if (call.params["alias"] !== GROUPS.alias) throw noSuchResource();
      return { status: 200, body: { extension: GROUPS } };
    }),
  ];
}

const GROUPS = {
  alias: "os-server-groups",
  description: "Server group support.",
  links: [],
  name: "ServerGroups",
  namespace: "http://docs.openstack.org/compute/ext/fake_xml",
  updated: "2014-12-03T00:00:00Z",
};
