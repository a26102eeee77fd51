import { type Call, Refusal, type Version } from "../kernel/call.ts";
import { type Route, route, type Service } from "../kernel/service.ts";
import type { World } from "../world.ts";
import { allocationRoutes } from "./allocations-api.ts";
import { candidateRoutes } from "./candidates.ts";
import { refuse, VERSION_HEADER, versionHeader } from "./errors.ts";
import { inventoryRoutes } from "./inventories-api.ts";
import { nameRoutes } from "./names-api.ts";
import { Placement } from "./placement.ts";
import { providerRoutes } from "./providers-api.ts";
import { usageRoutes } from "./usages-api.ts";

const NEWEST = 39;

/** Placement: who has which resources, and who uses them. */
export function placement(world: World): Service {
  const parts = new Placement(world);
  return {
    name: "placement",
    type: "placement",
    prefix: "/placement",
    suffix: "",
    daemon: "placement",
    routes: [
      ...versionRoutes(),
      ...providerRoutes(parts),
      ...inventoryRoutes(parts),
      ...nameRoutes(parts),
      ...candidateRoutes(parts),
      ...allocationRoutes(parts),
      ...usageRoutes(parts),
    ].map(varied),
    version: versionIn,
    refuse,
    headers: ({ id }) => ({ "x-openstack-request-id": id }),
  };
}

/** Answers of handlers tell the microversion, and that they depend on it. */
function varied(route: Route): Route {
  return {
    ...route,
    async handle(call) {
      const answer = await route.handle(call);
      return { ...answer, headers: { ...versionHeader(call), vary: VERSION_HEADER, ...answer.headers } };
    },
  };
}

function versionRoutes(): Route[] {
  const document = () => ({
    status: 200,
    body: {
      versions: [
        {
          id: "v1.0",
          max_version: `1.${NEWEST}`,
          min_version: "1.0",
          status: "CURRENT",
          links: [{ rel: "self", href: "" }],
        },
      ],
    },
  });
  return [route("GET", "", document, { public: true }), route("GET", "/", document, { public: true })];
}

/** The microversion that the header asks for; the oldest without one. */
function versionIn(headers: Call["headers"]): Version {
  const asked = (headers["openstack-api-version"] ?? "")
    .split(",")
    .map((part) => part.trim().split(/\s+/))
    .find(([service]) => service?.toLowerCase() === "placement")?.[1];
  if (asked === undefined) return [1, 0];
  if (asked === "latest") return [1, NEWEST];
  const found = /^(\d+)\.(\d+)$/.exec(asked);
  if (!found)
    throw new Refusal(
      400,
      `Invalid microversion: invalid version string: ${asked}; invalid literal for int() with base 10: '${asked}'`,
    );
  if (Number(found[1]) !== 1 || Number(found[2]) > NEWEST)
    throw new Refusal(406, `Invalid microversion: Unacceptable version header: ${asked}`, {
      detail: { max_version: `1.${NEWEST}`, min_version: "1.0" },
    });
  return [1, Number(found[2])];
}
