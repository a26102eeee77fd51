import { type Exchange, exchange } from "../exchange.ts";

const root = { root: true } as const;

/** What Ironic tells of itself, and how it refuses. */
export const exchanges: Exchange[] = [
  exchange("version documents", async (cloud) => {
    const nobody = cloud.withToken(undefined);
    await nobody.call("ironic", "GET", "/", undefined, root);
    await nobody.call("ironic", "GET", "/v1", undefined, root);
    const alpha = await cloud.as("alpha");
    await alpha.call("ironic", "GET", "/", undefined, { version: "1.60" });
    await alpha.call("ironic", "GET", "/", undefined);
  }),

  exchange("versions that are refused", async (cloud) => {
    const alpha = await cloud.as("alpha");
    for (const version of ["1.0", "1.200", "2.1", "abc", "1"])
      await alpha.call("ironic", "GET", "/nodes", undefined, { version });
    await alpha.call("ironic", "GET", "/nodes?limit=1&fields=uuid", undefined, { version: "latest" });
    await cloud.withToken(undefined).call("ironic", "GET", "/nodes", undefined, { version: "1.200" });
  }),

  exchange("paths, methods and bodies that are not", async (cloud) => {
    const alpha = await cloud.as("alpha");
    await alpha.call("ironic", "GET", "/nope");
    await alpha.call("ironic", "GET", "/nodes/alpha-0/nope");
    await alpha.call("ironic", "POST", "/nodes/alpha-0/states", { a: 1 });
    await alpha.call("ironic", "GET", "/nodes/a%20b");
    await alpha.call("ironic", "GET", "/nodes/nobody");
    await alpha.call("ironic", "GET", "/nodes/5b3c4b1e-0000-4000-8000-000000000000");
    const power = "/nodes/alpha-0/states/power";
    await alpha.call("ironic", "PUT", power, '{"target":', { headers: { "Content-Type": "application/json" } });
    for (const body of [[], {}, { target: 7 }, { target: "x" }, { target: "power on", x: 1 }])
      await alpha.call("ironic", "PUT", power, body);
    await alpha.call("ironic", "PUT", power, { target: "power off", timeout: 0 });
    await alpha.call("ironic", "PUT", power, { target: "power off", timeout: "x" });
    await alpha.call("ironic", "PUT", power, { target: "soft power off" }, { version: "1.26" });
  }),

  exchange("what a tenant may not see of the cloud", async (cloud) => {
    const alpha = await cloud.as("alpha");
    for (const path of ["/conductors", "/deploy_templates", "/volume", "/shards"])
      await alpha.call("ironic", "GET", path);
    await alpha.call("ironic", "POST", "/nodes", { driver: "fake-hardware" });
    await alpha.call("ironic", "DELETE", "/nodes/alpha-0");
    const { system } = await cloud.admin();
    await system.call("ironic", "GET", "/conductors");
    await system.call("ironic", "GET", "/conductors/nope");
    await system.call("ironic", "GET", "/volume");
    await system.call("ironic", "GET", "/chassis");
    await system.call("ironic", "GET", "/deploy_templates");
    await system.call("ironic", "GET", "/drivers/nope");
    await system.call("ironic", "GET", "/drivers/fake-hardware/properties");
  }),
];
