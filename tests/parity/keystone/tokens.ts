/** Logging in, and what a token says. */
import { PASSWORD } from "../../cloud/client.ts";
import { exchange } from "../exchange.ts";

const domain = { id: "default" };

function passwordLogin(name: string, password: string, scope?: unknown) {
  const identity = { methods: ["password"], password: { user: { name, password, domain } } };
  return { auth: { identity, ...(scope !== undefined && { scope }) } };
}

const alphaProject = { project: { name: "alpha", domain } };

export const exchanges = [
  exchange("login with a password, then show the token and its catalog", async (cloud) => {
    await cloud.as("alpha");
    const nobody = cloud.withToken(undefined);
    const login = await nobody.call("keystone", "POST", "/auth/tokens", passwordLogin("alpha", PASSWORD, alphaProject));
    const token = login.headers.get("x-subject-token") ?? "";
    const alpha = cloud.withToken(token);
    await alpha.call("keystone", "GET", "/auth/tokens", undefined, { headers: { "X-Subject-Token": token } });
    await alpha.call("keystone", "GET", "/auth/tokens?nocatalog", undefined, { headers: { "X-Subject-Token": token } });
    await alpha.call("keystone", "HEAD", "/auth/tokens", undefined, { headers: { "X-Subject-Token": token } });
    await alpha.call("keystone", "GET", "/auth/catalog");
    await alpha.call("keystone", "GET", "/auth/projects");
  }),
  exchange("logins that are refused", async (cloud) => {
    const nobody = cloud.withToken(undefined);
    const login = (body: unknown) => nobody.call("keystone", "POST", "/auth/tokens", body);
    await login(passwordLogin("alpha", "wrong", alphaProject));
    await login(passwordLogin("parity-unknown", PASSWORD, alphaProject));
    await login(passwordLogin("alpha", PASSWORD, { project: { name: "beta", domain } }));
    await login(passwordLogin("alpha", PASSWORD, { project: { name: "parity-unknown", domain } }));
    await login(passwordLogin("alpha", PASSWORD, { system: { all: true } }));
    await login({ auth: {} });
    await login('{"auth": ');
    await nobody.call("keystone", "GET", "/auth/tokens");
  }),
  exchange("an unscoped token", async (cloud) => {
    await cloud.as("alpha");
    const nobody = cloud.withToken(undefined);
    const login = await nobody.call("keystone", "POST", "/auth/tokens", passwordLogin("alpha", PASSWORD, "unscoped"));
    const unscoped = cloud.withToken(login.headers.get("x-subject-token") ?? "");
    await unscoped.call("keystone", "GET", "/auth/catalog");
    await unscoped.call("neutron", "GET", "/networks");
  }),
  exchange("an unknown token at every service", async (cloud) => {
    const stranger = cloud.withToken("parity-unknown", "00000000000000000000000000000000");
    await stranger.call("keystone", "GET", "/auth/catalog");
    await stranger.call("ironic", "GET", "/nodes");
    await stranger.call("neutron", "GET", "/networks");
    await stranger.call("nova", "GET", "/servers");
    await stranger.call("cinder", "GET", "/volumes");
    await stranger.call("glance", "GET", "/images");
    await stranger.call("placement", "GET", "/resource_providers");
  }),
  exchange("version documents", async (cloud) => {
    const nobody = cloud.withToken(undefined);
    await nobody.call("keystone", "GET", "/", undefined, { root: true });
    await nobody.call("keystone", "GET", "/v3", undefined, { root: true });
  }),
];
