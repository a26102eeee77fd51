/** Version documents, microversions, and requests that fit nothing. */
import { exchange } from "../exchange.ts";

export const exchanges = [
  exchange("version documents", async (cloud) => {
    const nobody = cloud.withToken(undefined);
    const alpha = await cloud.as("alpha");
    await nobody.call("nova", "GET", "/", undefined, { root: true });
    await nobody.call("nova", "GET", "/v2.1", undefined, { root: true });
    await nobody.call("nova", "GET", "/v2.1/", undefined, { root: true });
    await nobody.call("nova", "GET", "/v2", undefined, { root: true });
    await alpha.call("nova", "GET", "/v2.1/", undefined, { root: true });
    await alpha.call("nova", "GET", "/v2.1/parity", undefined, { root: true });
    await nobody.call("nova", "GET", "/v2.1/servers", undefined, { root: true });
  }),
  exchange("microversions that are not there", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const get = (headers: Record<string, string>) =>
      alpha.call("nova", "GET", "/servers", undefined, { version: null, headers });
    await get({});
    await get({ "OpenStack-API-Version": "compute latest" });
    await get({ "OpenStack-API-Version": "compute 2.104" });
    await get({ "OpenStack-API-Version": "compute 2.105" });
    await get({ "OpenStack-API-Version": "compute 1.0" });
    await get({ "OpenStack-API-Version": "compute parity" });
    await get({ "OpenStack-API-Version": "volume 3.1" });
    await get({ "OpenStack-API-Version": "volume 3.1, compute 2.50" });
    await get({ "X-OpenStack-Nova-API-Version": "2.26" });
    await get({ "X-OpenStack-Nova-API-Version": "2.200" });
  }),
  exchange("requests that fit nothing", async (cloud) => {
    const alpha = await cloud.as("alpha");
    await alpha.call("nova", "GET", "/parity");
    await alpha.call("nova", "PATCH", "/servers", {});
    await alpha.call("nova", "PUT", "/flavors", {});
    await alpha.call("nova", "POST", "/servers", '{"server": ');
    await alpha.call("nova", "POST", "/servers");
    await alpha.call("nova", "POST", "/servers", "[]");
    await alpha.call("nova", "POST", "/servers", "null");
    await alpha.call("nova", "GET", "/servers/parity");
    await alpha.call("nova", "GET", "/os-networks");
    await alpha.call("nova", "GET", "/os-floating-ips", undefined, { version: "2.1" });
    await alpha.call("nova", "GET", "/os-volumes");
    await alpha.call("nova", "GET", "/images");
    await alpha.call("nova", "GET", "/os-cells");
    await alpha.call("nova", "GET", "/os-agents");
    await alpha.call("nova", "GET", "/os-hosts");
    await alpha.call("nova", "GET", "/os-baremetal-nodes");
    await alpha.call("nova", "GET", "/os-security-groups", undefined, { version: "2.36" });
    await alpha.call("nova", "GET", "/os-simple-tenant-usage");
    await alpha.call("nova", "GET", "/os-migrations");
  }),
];
