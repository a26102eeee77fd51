import type { Caller } from "../kernel/call.ts";
import type { Service } from "../kernel/service.ts";
import type { World } from "../world.ts";
import { credentialRoutes } from "./application-credentials-api.ts";
import { authRoutes } from "./auth-api.ts";
import { enterServices } from "./catalog.ts";
import { catalogRoutes } from "./catalog-api.ts";
import { refuse, unauthorized } from "./errors.ts";
import { grantRoutes } from "./grants-api.ts";
import { Keystone } from "./keystone.ts";
import { projectRoutes } from "./projects-api.ts";
import { roleRoutes } from "./roles-api.ts";
import { SERVICE_USER, seed } from "./seed.ts";
import { userRoutes } from "./users-api.ts";
import { versionRoutes } from "./versions-api.ts";

/** Keystone: who is who, and where the services are. */
export function keystone(world: World): Service {
  const parts = new Keystone(world);
  const { directory, tokens } = parts;
  let serviceCaller: Caller | undefined;
  world.identity = {
    callerOf: (token) => tokens.callerOf(token),
    serviceCaller: () => {
      serviceCaller ??= administrator(parts);
      return serviceCaller;
    },
    project: (idOrName) => directory.projects.get(idOrName) ?? directory.projectByName("default", idOrName),
  };
  return {
    name: "keystone",
    type: "identity",
    prefix: "/identity",
    suffix: "/v3",
    daemon: "keystone",
    routes: [
      ...versionRoutes(parts),
      ...authRoutes(parts),
      ...projectRoutes(parts),
      ...userRoutes(parts),
      ...credentialRoutes(parts),
      ...roleRoutes(parts),
      ...grantRoutes(parts),
      ...catalogRoutes(parts),
    ],
    refuse: (refusal, call) => refuse(refusal, call, `${world.url}/identity`),
    unauthenticated: (call) => refuse(unauthorized(), call, `${world.url}/identity`),
    headers: ({ id }) => ({ Vary: "X-Auth-Token", "x-openstack-request-id": id }),
    seed: (fleet) => seed(directory, fleet),
    start() {
      enterServices(directory);
      tokens.start();
    },
  };
}

/** What the services are to each other. */
function administrator({ directory }: Keystone): Caller {
  const project = directory.projectByName("default", "service");
  const user = directory.userByName("default", SERVICE_USER);
  return {
    userId: user?.id ?? "",
    userName: user?.name ?? SERVICE_USER,
    projectId: project?.id ?? "",
    projectName: project?.name ?? "service",
    system: true,
    roles: new Set(["admin", "manager", "member", "reader", "service"]),
    token: "",
  };
}
