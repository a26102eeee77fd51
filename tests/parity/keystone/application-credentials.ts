/** Application credentials: made, used, deleted, refused. */
import { exchange, field } from "../exchange.ts";

/** As long as those that Keystone makes up: only the first 72 characters count. */
const LONG = "parity-secret-".repeat(7).slice(0, 86);

export const exchanges = [
  exchange("an application credential is made, used and deleted", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const nobody = cloud.withToken(undefined);
    const path = `/users/${alpha.userId}/application_credentials`;
    const body = (thing: unknown) => ({ application_credential: thing });
    const make = async (thing: unknown) => {
      const made = await alpha.call("keystone", "POST", path, body(thing));
      const id = field(made, "body.application_credential.id");
      if (made.status === 201) cloud.cleanup(() => alpha.call("keystone", "DELETE", `${path}/${id}`));
      return { id: String(id), secret: String(field(made, "body.application_credential.secret")) };
    };
    const login = (credential: unknown, scope?: unknown) =>
      nobody.call("keystone", "POST", "/auth/tokens?nocatalog", {
        auth: {
          identity: { methods: ["application_credential"], application_credential: credential },
          ...(scope !== undefined && { scope }),
        },
      });
    await make({ name: "parity-keystone-any", description: "everything" });
    const whole = await make({ name: "parity-keystone-whole", secret: LONG });
    await make({ name: "parity-keystone-whole" });
    const part = await make({
      name: "parity-keystone-part",
      roles: [{ name: "reader" }],
      secret: "parity-secret",
      expires_at: "2037-01-01T00:00:00Z",
      unrestricted: true,
    });
    await alpha.call("keystone", "GET", `${path}?name=parity-keystone-part`, undefined, { unordered: true });
    await alpha.call("keystone", "GET", `${path}/${whole.id}`);
    await login(whole);
    await login({ ...whole, secret: `${whole.secret}x` });
    await login({ ...whole, secret: whole.secret.slice(0, 72) });
    await login({ ...whole, secret: whole.secret.slice(0, 71) });
    await login({
      name: "parity-keystone-part",
      secret: "parity-secret",
      user: { name: "alpha", domain: { id: "default" } },
    });
    await login({ ...part, secret: "wrong" });
    await login({ id: "parity-unknown", secret: "x" });
    await login({ name: "parity-unknown", secret: "x", user: { id: alpha.userId } });
    await login({ name: "parity-keystone-part", secret: "x" });
    await login({ id: whole.id });
    await login(whole, { project: { id: alpha.projectId } });
    await login(whole, "unscoped");
    const token = (await login(whole)).headers.get("x-subject-token") ?? "";
    const limited = cloud.withToken(token);
    await limited.call("keystone", "GET", "/auth/projects");
    await limited.call("keystone", "GET", path, undefined, { unordered: true });
    await limited.call("keystone", "POST", path, body({ name: "parity-keystone-more" }));
    await limited.call("keystone", "DELETE", `${path}/${part.id}`);
    await limited.call("keystone", "POST", "/auth/tokens?nocatalog", {
      auth: { identity: { methods: ["token"], token: { id: token } } },
    });
    await alpha.call("keystone", "DELETE", `${path}/${whole.id}`);
    await alpha.call("keystone", "DELETE", `${path}/${whole.id}`);
    await alpha.call("keystone", "GET", `${path}/${whole.id}`);
    await login(whole);
    await limited.call("keystone", "GET", "/auth/projects");
    await alpha.call("keystone", "DELETE", `${path}/${part.id}`);
  }),
  exchange("application credentials that are refused", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const beta = await cloud.as("beta");
    const path = `/users/${alpha.userId}/application_credentials`;
    const make = (thing: unknown, who = alpha) => who.call("keystone", "POST", path, { application_credential: thing });
    await alpha.call("keystone", "POST", path, {});
    await make({});
    await make({ name: 5 });
    await make({ name: "" });
    await make({ name: "parity-x", roles: "member" });
    await make({ name: "parity-x", roles: [{ name: "admin" }] });
    await make({ name: "parity-x", roles: [{ name: "parity-unknown" }] });
    await make({ name: "parity-x", roles: [{ id: "00000000000000000000000000000000" }] });
    await make({ name: "parity-x", expires_at: "2020-01-01T00:00:00Z" });
    await make({ name: "parity-x", expires_at: "parity" });
    await make({ name: "parity-x", unrestricted: "yes" });
    await make({ name: "parity-x", secret: 5 });
    await make({ name: "parity-x" }, beta);
    await beta.call("keystone", "GET", path);
    await beta.call("keystone", "DELETE", `${path}/parity-unknown`);
    await alpha.call("keystone", "DELETE", `${path}/parity-unknown`);
    await alpha.call("keystone", "GET", `${path}/parity-unknown`);
  }),
];
