import { type Answer, type Call, Refusal } from "../kernel/call.ts";
import type { Route, Service } from "../kernel/service.ts";
import type { World } from "../world.ts";
import { aboutRoutes } from "./about-api.ts";
import { afterRestart, dataRoutes } from "./data-api.ts";
import { refuse } from "./errors.ts";
import { Glance } from "./glance.ts";
import { imageRoutes } from "./images-api.ts";
import { memberRoutes } from "./members-api.ts";
import { seed } from "./seed.ts";

/** Glance: images. */
export function glance(world: World): Service {
  const parts = new Glance(world);
  return {
    name: "glance",
    type: "image",
    prefix: "/image",
    suffix: "",
    daemon: "glance-api",
    routes: [
      ...aboutRoutes(parts).map((route) => (route.public ? route : named(route))),
      ...[...imageRoutes(parts), ...dataRoutes(parts), ...memberRoutes(parts)].map(named),
    ],
    refuse: (refusal, call) => refuse(refusal, call, `${world.url}/identity`),
    unauthenticated: (call) => refuse(new Refusal(401, ""), call, `${world.url}/identity`),
    stateOf({ params }) {
      const image = params["image"] === undefined ? undefined : parts.images.get(params["image"]);
      return image && { status: image.status };
    },
    seed: (fleet) => seed(parts, fleet),
    start(restarted) {
      if (restarted) afterRestart(parts);
    },
  };
}

/** Answers carry the request's id, but not those of the versions and of a refused token. */
function named(route: Route): Route {
  const withId = (call: Call, answer: Answer): Answer => ({
    ...answer,
    headers: { "x-openstack-request-id": call.id, ...answer.headers },
  });
  return {
    ...route,
    async handle(call) {
      return withId(call, await route.handle(call));
    },
  };
}
