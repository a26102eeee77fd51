import type { Call } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Keystone } from "./keystone.ts";

/** The documents that tell which versions there are. */
export function versionRoutes(keystone: Keystone): Route[] {
  const version = (call: Call) => ({
    id: "v3.14",
    status: "stable",
    updated: "2020-04-07T00:00:00Z",
    links: [{ rel: "self", href: `${keystone.url(call)}/v3/` }],
    "media-types": [{ base: "application/json", type: "application/vnd.openstack.identity-v3+json" }],
  });
  const all = (call: Call) => ({
    status: 300,
    headers: { Location: `${keystone.url(call)}/v3/` },
    body: { versions: { values: [version(call)] } },
  });
  const one = (call: Call) => ({ status: 200, body: { version: version(call) } });
  return [
    route("GET", "", all, { public: true }),
    route("GET", "/", all, { public: true }),
    route("GET", "/v3", one, { public: true }),
    route("GET", "/v3/", one, { public: true }),
  ];
}
