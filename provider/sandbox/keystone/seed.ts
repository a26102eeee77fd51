import type { Fleet } from "../fleet.ts";
import type { Directory } from "./directory.ts";
import type { Scope } from "./rows.ts";
import { hashed } from "./secrets.ts";

const ROLES = ["admin", "manager", "member", "reader", "service"];
const FURTHER_ROLES = ["load-balancer_admin", "load-balancer_member", "baremetal_admin"];

/** Users that the services are to each other; nobody knows a password of theirs. */
const SERVICES = ["ironic", "neutron", "cinder", "glance", "nova", "placement", "octavia"];

/** Name of the user that {@link seed} makes for calls among services. */
export const SERVICE_USER = "nova";

/** Fills Keystone with the fleet's projects, users and roles. */
export function seed(directory: Directory, fleet: Fleet): void {
  const { random } = directory.world;
  directory.domains.put({
    id: "default",
    name: "Default",
    description: "The default domain",
    enabled: true,
    tags: [],
    options: {},
  });
  const named = fleet.users.flatMap(({ roles, system = [] }) => [...Object.values(roles).flat(), ...system]);
  for (const name of new Set([...ROLES, ...FURTHER_ROLES, ...named]))
    directory.roles.put({
      id: random.hex(),
      name,
      description: null,
      options: ROLES.includes(name) ? { immutable: true } : {},
    });
  const roleId = (name: string) => directory.roleByName(name)!.id;
  for (const name of new Set(["admin", "service", ...fleet.projects.map((project) => project.name)]))
    directory.projects.put({
      id: random.hex(),
      name,
      domain_id: "default",
      description: name === "admin" ? "Bootstrap project for initializing the cloud." : "",
      enabled: true,
      parent_id: "default",
      tags: [],
      options: {},
    });
  const project = (name: string): Scope => ({
    kind: "project",
    id: directory.projectByName("default", name)!.id,
  });
  const add = (name: string, home: string | undefined, secret: string | undefined): string =>
    directory.users.put({
      id: random.hex(),
      name,
      domain_id: "default",
      enabled: true,
      ...(home && name !== "admin" ? { default_project_id: project(home).id } : {}),
      ...(secret === undefined ? {} : { secret: hashed(secret, random) }),
      options: {},
      extra: {},
    }).id;
  for (const { name, password, roles, system = [] } of fleet.users) {
    const id = add(name, Object.keys(roles)[0], password);
    for (const [where, given] of Object.entries(roles))
      for (const role of given) directory.assign(id, project(where), roleId(role));
    for (const role of system) directory.assign(id, { kind: "system", id: "all" }, roleId(role));
    // The administrator looks into every project, as the operator of a small cloud has it.
    if (system.includes("admin"))
      for (const { id: home, name: other } of directory.projects.values())
        if (other !== "service") directory.assign(id, { kind: "project", id: home }, roleId("admin"));
  }
  for (const name of SERVICES) {
    if (directory.userByName("default", name)) continue;
    const id = add(name, "service", undefined);
    for (const role of ["admin", "service"]) directory.assign(id, project("service"), roleId(role));
  }
}
