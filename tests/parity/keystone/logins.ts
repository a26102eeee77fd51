/** Logins besides the ordinary one: rescoping, the system, a body that says too little, a revoked token. */
import { PASSWORD } from "../../cloud/client.ts";
import { type Cloud, exchange } from "../exchange.ts";

const domain = { id: "default" };
const alphaProject = { project: { name: "alpha", domain } };

const passwordOf = (user: unknown) => ({ methods: ["password"], password: { user } });
const alphaUser = { name: "alpha", password: PASSWORD, domain };

/** Logs in without recording it; answers the token. */
async function tokenOf(cloud: Cloud, scope: unknown = alphaProject, name = "alpha"): Promise<string> {
  const user = { name, password: PASSWORD, domain };
  const body = { auth: { identity: passwordOf(user), scope } };
  const reply = await cloud.withToken(undefined).call("keystone", "POST", "/auth/tokens", body, { unrecorded: true });
  return reply.headers.get("x-subject-token") ?? "";
}

export const exchanges = [
  exchange("a token for another token", async (cloud) => {
    await cloud.as("alpha");
    const nobody = cloud.withToken(undefined);
    const token = await tokenOf(cloud);
    const login = (id: string, scope?: unknown) =>
      nobody.call("keystone", "POST", "/auth/tokens?nocatalog", {
        auth: { identity: { methods: ["token"], token: { id } }, ...(scope !== undefined && { scope }) },
      });
    await login(token, alphaProject);
    await login(token);
    await login(token, "unscoped");
    await login(token, { project: { name: "beta", domain } });
    await login("parity-unknown", alphaProject);
  }),
  exchange("logins by ids, without a scope, for a domain and for the system", async (cloud) => {
    const alpha = await cloud.as("alpha");
    await cloud.as("admin", "system");
    const nobody = cloud.withToken(undefined);
    const login = (user: unknown, scope?: unknown) =>
      nobody.call("keystone", "POST", "/auth/tokens?nocatalog", {
        auth: { identity: passwordOf(user), ...(scope !== undefined && { scope }) },
      });
    await login({ id: alpha.userId, password: PASSWORD }, { project: { id: alpha.projectId } });
    await login({ name: "alpha", password: PASSWORD, domain: { name: "Default" } });
    await login({ name: "ALPHA", password: PASSWORD, domain: { name: "default" } }, alphaProject);
    await login({ name: "admin", password: PASSWORD, domain });
    await login({ name: "admin", password: PASSWORD, domain }, { system: { all: true } });
    await login(alphaUser, { domain });
    await login(alphaUser, { domain: { name: "parity-unknown" } });
  }),
  exchange("logins with a body that is wrong", async (cloud) => {
    const nobody = cloud.withToken(undefined);
    const post = (body: unknown) => nobody.call("keystone", "POST", "/auth/tokens", body);
    await post({});
    await post([]);
    await post({ auth: { identity: { methods: ["password"] } } });
    await post({ auth: { identity: { methods: ["password"], password: {} } } });
    await post({ auth: { identity: passwordOf({ name: "alpha", password: PASSWORD }) } });
    await post({ auth: { identity: passwordOf({ password: PASSWORD }) } });
    await post({ auth: { identity: passwordOf({ name: "alpha", password: PASSWORD, domain: {} }) } });
    await post({ auth: { identity: passwordOf({ name: "alpha", domain }) } });
    await post({ auth: { identity: passwordOf({ name: "alpha", password: PASSWORD, domain: { name: "none" } }) } });
    await post({ auth: { identity: { methods: ["parity-unknown"], "parity-unknown": {} } } });
    await post({ auth: { identity: { methods: [] } } });
    await post({ auth: { identity: passwordOf(alphaUser), scope: {} } });
    await post({ auth: { identity: passwordOf(alphaUser), scope: { project: { name: "alpha" } } } });
    await post({ auth: { identity: passwordOf(alphaUser), scope: { project: {} } } });
    await post({ auth: { identity: passwordOf(alphaUser), scope: { ...alphaProject, system: { all: true } } } });
  }),
  exchange("a token is revoked", async (cloud) => {
    await cloud.as("alpha");
    const token = await tokenOf(cloud);
    const subject = { headers: { "X-Subject-Token": token } };
    const owner = cloud.withToken(token);
    const { project: admin } = await cloud.admin();
    await admin.call("keystone", "GET", "/auth/tokens?nocatalog", undefined, subject);
    const reader = await cloud.as("beta");
    await reader.call("keystone", "GET", "/auth/tokens", undefined, subject);
    await reader.call("keystone", "DELETE", "/auth/tokens", undefined, subject);
    await reader.call("keystone", "DELETE", "/auth/tokens");
    await owner.call("keystone", "DELETE", "/auth/tokens", undefined, subject);
    // Not asked here: whether the revoked token still opens Keystone itself. For a second the real one answers now this, now that.
    await owner.call("keystone", "GET", "/auth/tokens", undefined, subject);
    await admin.call("keystone", "HEAD", "/auth/tokens", undefined, subject);
    await admin.call("keystone", "DELETE", "/auth/tokens", undefined, subject);
    await cloud
      .withToken(undefined)
      .call("keystone", "POST", "/auth/tokens", { auth: { identity: { methods: ["token"], token: { id: token } } } });
  }),
  exchange("what a token may look at of itself", async (cloud) => {
    const alpha = await cloud.as("alpha");
    await alpha.call("keystone", "GET", "/auth/domains");
    await alpha.call("keystone", "GET", "/auth/system");
    const { system } = await cloud.admin();
    await system.call("keystone", "GET", "/auth/system");
    await alpha.call("keystone", "PUT", "/auth/tokens", {});
    await alpha.call("keystone", "GET", "/parity-unknown");
  }),
];
