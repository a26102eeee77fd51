import { type Call, Refusal } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { notAllowed } from "./errors.ts";
import type { Glance } from "./glance.ts";
import { SCHEMAS } from "./schema.ts";

const CURRENT = "v2.17";
const SUPPORTED = ["v2.15", "v2.9", "v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1", "v2.0"];

/** What Glance says of itself: versions, schemas, ways to import. */
export function aboutRoutes(glance: Glance): Route[] {
  const versions = (call: Call) => {
    const one = (id: string, status: string) => ({
      id,
      status,
      links: [{ rel: "self", href: `${call.base || `${glance.world.url}/image`}/v2/` }],
    });
    return { versions: [one(CURRENT, "CURRENT"), ...SUPPORTED.map((id) => one(id, "SUPPORTED"))] };
  };
  const choices = (call: Call) => ({ status: 300, body: versions(call) });
  return [
    route("GET", "", choices, { public: true }),
    route("GET", "/", choices, { public: true }),
    route("GET", "/versions", (call) => ({ status: 200, body: versions(call) }), { public: true }),
    // Whatever is no path of version 2 gets the versions to choose from.
    route(
      "GET",
      "/{rest*}",
      (call) => {
        if (!/^\/v2(\/|$)/.test(call.path)) return choices(call);
        throw call.caller.userId === "" ? new Refusal(401, "") : new Refusal(404, "The resource could not be found.");
      },
      { public: true },
    ),
    route("GET", "/v2/schemas/{schema}", (call) => {
      const body = SCHEMAS[call.params["schema"]!];
      if (!body) throw new Refusal(404, "The resource could not be found.");
      return { status: 200, body };
    }),
    route("GET", "/v2/info/import", () => ({
      status: 200,
      body: {
        "import-methods": { description: "Import methods available.", type: "array", value: ["glance-direct"] },
      },
    })),
    route("GET", "/v2/info/stores", () => {
      throw new Refusal(404, "Multi backend is not supported at this site.");
    }),
    route("GET", "/v2/info/usage", () => ({ status: 200, body: { usage: {} } })),
    route("GET", "/v2/tasks", (call) => {
      if (!call.caller.roles.has("admin")) throw notAllowed("tasks_api_access");
      return { status: 200, body: { tasks: [], first: "/v2/tasks", schema: "/v2/schemas/tasks" } };
    }),
    route("GET", "/v2/images/{image}/locations", (call) => {
      const image = glance.find(call);
      if (!call.caller.roles.has("service") && !call.caller.roles.has("admin"))
        throw notAllowed("fetch_image_location");
      const url = `file://${glance.world.file("image", image.id)}`;
      return { status: 200, body: image.status === "active" ? [{ url, metadata: {} }] : [] };
    }),
  ];
}
