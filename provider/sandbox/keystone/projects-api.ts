import type { Call, Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { repr } from "../kernel/python.ts";
import { type Route, route } from "../kernel/service.ts";
import { duplicate, notFound } from "./errors.ts";
import { flagIn, given, invalid, type Keystone, nameIn, require, textIn } from "./keystone.ts";
import type { DomainRow, ProjectRow } from "./rows.ts";

/** A project in its API form. */
export function projectView(keystone: Keystone, call: Call, project: ProjectRow): Json {
  const { id, name, domain_id, description, enabled, parent_id, tags, options } = project;
  const view = { id, name, domain_id, description, enabled, parent_id, is_domain: false, tags, options };
  return keystone.linked(call, "projects", view);
}

function domainView(keystone: Keystone, call: Call, domain: DomainRow): Json {
  const { id, name, description, enabled, tags, options } = domain;
  return keystone.linked(call, "domains", { id, name, description, enabled, tags, options });
}

/** Projects and domains. */
export function projectRoutes(keystone: Keystone): Route[] {
  const { directory, policy, world } = keystone;
  const view = (call: Call, project: ProjectRow) => projectView(keystone, call, project);
  const nameIsFree = (domainId: string, name: string, own?: string) => {
    const other = directory.projectByName(domainId, name);
    if (other && other.id !== own)
      throw duplicate(
        "project",
        `it is not permitted to have two projects with either the same name or same id in the same domain: name is ${name}, project id ${own ?? world.random.hex()}.`,
      );
  };
  const tagsIn = (thing: Json, otherwise: string[]): string[] => {
    const tags = thing["tags"];
    if (tags === undefined) return otherwise;
    if (!Array.isArray(tags)) throw invalid("tags", tags, `${repr(tags)} is not of type 'array'`);
    for (const tag of tags)
      if (typeof tag !== "string") throw invalid("tags", tags, `${repr(tag)} is not of type 'string'`);
    return tags as string[];
  };
  const find = (id: string): ProjectRow => {
    const project = directory.projects.get(id);
    if (!project) throw notFound("project", id);
    return project;
  };

  return [
    route(
      "GET",
      "/v3/projects",
      keystone.as((call, asker) => {
        const domain = call.query.get("domain_id") ?? asker.domainId;
        policy.must("list_projects", policy.reads(asker), policy.inDomain(asker, "reader", domain));
        const projects = directory.projects.filter(({ domain_id }) => !asker.domainId || domain_id === asker.domainId);
        const shown = call.query.get("is_domain") === "true" ? [] : projects.map((project) => view(call, project));
        return keystone.list(call, "projects", shown, ["name", "domain_id", "enabled", "parent_id"]);
      }),
    ),
    route(
      "GET",
      "/v3/projects/{project}",
      keystone.as((call, asker) => {
        const id = call.params["project"]!;
        const project = directory.projects.get(id);
        policy.must(
          "get_project",
          policy.reads(asker),
          policy.inDomain(asker, "reader", project?.domain_id),
          project !== undefined && asker.caller.projectId === project.id,
        );
        return { status: 200, body: { project: view(call, find(id)) } };
      }),
    ),
    route(
      "POST",
      "/v3/projects",
      keystone.as((call, asker) => {
        const thing = given(call, "project");
        require("project", thing, "name");
        const domainId = (thing["domain_id"] as string | undefined) ?? policy.homeDomain(asker) ?? "default";
        policy.must("create_project", policy.admin(asker), policy.inDomain(asker, "manager", domainId));
        const name = nameIn(thing, "name", 64);
        const enabled = flagIn(thing, "enabled", true);
        if (!directory.domains.get(domainId)) throw notFound("domain", domainId);
        nameIsFree(domainId, name);
        const project = directory.projects.put({
          id: world.random.hex(),
          name,
          domain_id: domainId,
          description: textIn(thing, "description", ""),
          enabled,
          parent_id: textIn(thing, "parent_id", domainId) || domainId,
          tags: tagsIn(thing, []),
          options: {},
        });
        return { status: 201, body: { project: view(call, project) } };
      }),
    ),
    route(
      "PATCH",
      "/v3/projects/{project}",
      keystone.as((call, asker) => {
        const project = directory.projects.get(call.params["project"]!);
        policy.must("update_project", policy.admin(asker), policy.inDomain(asker, "manager", project?.domain_id));
        const found = find(call.params["project"]!);
        const thing = given(call, "project");
        if ("domain_id" in thing && thing["domain_id"] !== found.domain_id)
          throw new Refusal(400, "Cannot change Domain ID");
        const name = "name" in thing ? nameIn(thing, "name", 64) : found.name;
        nameIsFree(found.domain_id, name, found.id);
        const updated = directory.projects.put({
          ...found,
          name,
          description: textIn(thing, "description", found.description),
          enabled: flagIn(thing, "enabled", found.enabled),
          tags: tagsIn(thing, found.tags),
        });
        return { status: 200, body: { project: { ...view(call, updated), extra: {} } } };
      }),
    ),
    route(
      "DELETE",
      "/v3/projects/{project}",
      keystone.as((call, asker) => {
        const project = directory.projects.get(call.params["project"]!);
        policy.must("delete_project", policy.admin(asker), policy.inDomain(asker, "manager", project?.domain_id));
        const { id } = find(call.params["project"]!);
        const assigned = directory.assignments.filter(({ scope }) => scope.kind === "project" && scope.id === id);
        for (const row of assigned) directory.assignments.delete(row.id);
        for (const row of directory.credentials.filter(({ project_id }) => project_id === id))
          directory.credentials.delete(row.id);
        directory.projects.delete(id);
        return { status: 204 };
      }),
    ),
    route(
      "GET",
      "/v3/domains",
      keystone.as((call, asker) => {
        policy.must("list_domains", policy.reads(asker), policy.inDomain(asker, "reader", asker.domainId));
        const domains = directory.domains
          .filter(({ id }) => policy.reads(asker) || id === asker.domainId)
          .map((domain) => domainView(keystone, call, domain));
        return keystone.list(call, "domains", domains, ["name", "enabled"]);
      }),
    ),
    route(
      "GET",
      "/v3/domains/{domain}",
      keystone.as((call, asker) => {
        const id = call.params["domain"]!;
        const domain = directory.domains.get(id);
        const own = domain !== undefined && policy.homeDomain(asker) === domain.id;
        policy.must("get_domain", policy.reads(asker), own);
        if (!domain) throw notFound("domain", id);
        return { status: 200, body: { domain: domainView(keystone, call, domain) } };
      }),
    ),
  ];
}
