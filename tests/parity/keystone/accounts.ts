/** Users, projects, roles: what a tenant may see, what an administrator does. */
import { type Cloud, exchange, field } from "../exchange.ts";

const domain = { id: "default" };

async function idOf(cloud: Cloud, collection: string, name: string): Promise<string> {
  const { project: admin } = await cloud.admin();
  const path = `/${collection}?name=${name}`;
  const reply = await admin.call("keystone", "GET", path, undefined, { unrecorded: true });
  return String(field(reply, `body.${collection}.0.id`));
}

export const exchanges = [
  exchange("what a member sees of users, projects and roles", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const beta = await cloud.as("beta");
    const get = (path: string) => alpha.call("keystone", "GET", path);
    await get(`/users/${alpha.userId}`);
    await get(`/users/${beta.userId}`);
    await get("/users/parity-unknown");
    await get("/users");
    await get(`/users/${alpha.userId}/projects`);
    await get(`/users/${beta.userId}/projects`);
    await get(`/users/${alpha.userId}/groups`);
    await get(`/projects/${alpha.projectId}`);
    await get(`/projects/${beta.projectId}`);
    await get("/projects?name=alpha");
    await get("/domains");
    await get("/domains/default");
    await get("/domains/parity-unknown");
    await get("/roles");
    await get("/role_assignments");
    await get("/services");
    await get("/endpoints");
    await get("/regions");
    await get("/regions/parity-unknown");
    await get("/groups");
  }),
  exchange("what an administrator sees", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const { project: admin, system } = await cloud.admin();
    const get = (path: string) => admin.call("keystone", "GET", path);
    await get("/users?name=alpha");
    await get("/users?name=parity-unknown");
    await get("/users/parity-unknown");
    await get("/projects?name=alpha");
    await get("/projects?name=alpha&enabled=false");
    await get("/projects/parity-unknown");
    await get("/domains");
    await get("/domains?name=Default");
    await get("/roles?name=member");
    await get("/roles/parity-unknown");
    await admin.call("keystone", "GET", "/role_inferences", undefined, { unordered: true });
    await get("/services?type=network");
    await get("/services/parity-unknown");
    await get("/regions");
    await get("/regions/RegionOne");
    await get(`/users/${alpha.userId}/projects`);
    await get("/groups");
    await get("/groups/parity-unknown");
    await system.call("keystone", "GET", "/users?name=alpha");
    await system.call("keystone", "GET", `/projects/${alpha.projectId}`);
  }),
  exchange("an administrator makes a project and a user", async (cloud) => {
    const { project: admin } = await cloud.admin();
    const nobody = cloud.withToken(undefined);
    const role = await idOf(cloud, "roles", "member");
    const call = (method: string, path: string, body?: unknown) => admin.call("keystone", method, path, body);
    const made = await call("POST", "/projects", {
      project: { name: "parity-keystone", domain_id: "default", description: "made by a test", tags: ["one"] },
    });
    const project = String(field(made, "body.project.id"));
    cloud.cleanup(() => call("DELETE", `/projects/${project}`));
    await call("POST", "/projects", { project: { name: "parity-keystone", domain_id: "default" } });
    await call("POST", "/projects", { project: {} });
    // Not asked: a body without "project". The real Keystone's process dies of it.
    await call("POST", "/projects", { project: { name: "" } });
    await call("POST", "/projects", { project: { name: 7 } });
    await call("POST", "/projects", { project: { name: "parity-x", enabled: "maybe" } });
    await call("PATCH", `/projects/${project}`, { project: { description: "changed" } });
    await call("PATCH", "/projects/parity-unknown", { project: { description: "changed" } });
    const user = await call("POST", "/users", {
      user: {
        name: "parity-keystone",
        domain_id: "default",
        password: "first",
        default_project_id: project,
        email: "somebody@example.org",
      },
    });
    const id = String(field(user, "body.user.id"));
    cloud.cleanup(() => call("DELETE", `/users/${id}`));
    await call("POST", "/users", { user: { name: "parity-keystone", domain_id: "default" } });
    await call("POST", "/users", { user: { domain_id: "default" } });
    await call("POST", "/users", { user: { name: "parity-x", password: 5 } });
    const login = async (password: string, scope?: unknown) =>
      nobody.call("keystone", "POST", "/auth/tokens?nocatalog", {
        auth: {
          identity: { methods: ["password"], password: { user: { name: "parity-keystone", password, domain } } },
          ...(scope !== undefined && { scope }),
        },
      });
    await login("first", { project: { id: project } });
    await login("first");
    const grant = `/projects/${project}/users/${id}/roles/${role}`;
    await call("HEAD", grant);
    await call("GET", grant);
    await call("PUT", grant);
    await call("HEAD", grant);
    await call("GET", `/projects/${project}/users/${id}/roles`);
    await call("PUT", `/projects/${project}/users/${id}/roles/parity-unknown`);
    await call("PUT", `/projects/${project}/users/parity-unknown/roles/${role}`);
    await call("GET", `/role_assignments?user.id=${id}`);
    await call("GET", `/role_assignments?user.id=${id}&include_names=true`);
    await call("GET", `/role_assignments?user.id=${id}&effective&include_names=1`);
    const first = await login("first");
    const token = first.headers.get("x-subject-token") ?? "";
    const owner = cloud.withToken(token);
    await owner.call("keystone", "POST", `/users/${id}/password`, {
      user: { original_password: "wrong", password: "second" },
    });
    await owner.call("keystone", "POST", `/users/${id}/password`, { user: { password: "second" } });
    await owner.call("keystone", "POST", `/users/${id}/password`, {
      user: { original_password: "first", password: "second" },
    });
    // Not asked here: whether the old token still opens Keystone itself. For a second the real one answers now this, now that.
    await login("first");
    await login("second");
    await call("PATCH", `/users/${id}`, { user: { enabled: false } });
    await login("second");
    await call("PATCH", `/users/${id}`, { user: { enabled: true, password: "third", description: "changed" } });
    await login("third");
    await call("DELETE", grant);
    await call("DELETE", grant);
    await call("DELETE", `/users/${id}`);
    await call("GET", `/users/${id}`);
    await call("DELETE", `/users/${id}`);
    await call("DELETE", `/projects/${project}`);
    await call("DELETE", `/projects/${project}`);
  }),
  exchange("what a member may not change", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const role = await idOf(cloud, "roles", "member");
    const call = (method: string, path: string, body?: unknown) => alpha.call("keystone", method, path, body);
    await call("POST", "/projects", { project: { name: "parity-x" } });
    await call("PATCH", `/projects/${alpha.projectId}`, { project: { description: "x" } });
    await call("DELETE", `/projects/${alpha.projectId}`);
    await call("POST", "/users", { user: { name: "parity-x" } });
    await call("PATCH", `/users/${alpha.userId}`, { user: { description: "x" } });
    await call("DELETE", `/users/${alpha.userId}`);
    await call("PUT", `/projects/${alpha.projectId}/users/${alpha.userId}/roles/${role}`);
    await call("GET", `/projects/${alpha.projectId}/users/${alpha.userId}/roles`);
    await call("PUT", `/system/users/${alpha.userId}/roles/${role}`);
  }),
];
