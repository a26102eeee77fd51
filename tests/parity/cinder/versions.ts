/** Version documents, microversions, paths. */
import { exchange } from "../exchange.ts";
import { BETA, NOTHING } from "./support.ts";

export const exchanges = [
  exchange(
    "version documents",
    async (cloud) => {
      const nobody = cloud.withToken(undefined);
      await nobody.call("cinder", "GET", "/", undefined, { root: true });
      await nobody.call("cinder", "GET", "/v3", undefined, { root: true });
      await nobody.call("cinder", "GET", "/v3/", undefined, { root: true });
      await nobody.call("cinder", "GET", "/parity-unknown", undefined, { root: true });
      const beta = await cloud.as("beta");
      await beta.call("cinder", "GET", "/", undefined, { root: true });
      await beta.call("cinder", "GET", "/v3/", undefined, { root: true });
      await beta.call("cinder", "GET", "/v2/volumes", undefined, { root: true });
    },
    BETA,
  ),
  exchange(
    "microversions",
    async (cloud) => {
      const beta = await cloud.as("beta");
      for (const version of [null, "3.0", "3.71", "latest", "3.72", "2.0", "4.0", "3", "x"])
        await beta.call("cinder", "GET", "/volumes?limit=1", undefined, { version });
      await beta.call("cinder", "GET", "/volumes", undefined, {
        version: null,
        headers: { "OpenStack-API-Version": "baremetal 1.82" },
      });
      await beta.call("cinder", "GET", "/volumes", undefined, {
        version: null,
        headers: { "OpenStack-API-Version": "compute 2.90,volume 3.50" },
      });
      await beta.call("cinder", "GET", "/attachments", undefined, { version: "3.26" });
      await beta.call("cinder", "GET", `/attachments/${NOTHING}`, undefined, { version: "3.26" });
      await beta.call("cinder", "GET", "/messages", undefined, { version: "3.2" });
      await beta.call("cinder", "GET", "/volumes/summary", undefined, { version: "3.11" });
      await beta.call("cinder", "GET", "/default-types", undefined, { version: "3.61" });
      await beta.call("cinder", "GET", "/resource_filters", undefined, { version: "3.32" });
      await beta.call("cinder", "GET", "/resource_filters");
    },
    BETA,
  ),
  exchange(
    "paths and methods",
    async (cloud) => {
      const beta = await cloud.as("beta");
      await beta.call("cinder", "GET", "/v3/volumes?limit=1", undefined, { root: true });
      await beta.call("cinder", "GET", `/v3/${NOTHING.replaceAll("-", "")}/volumes`, undefined, { root: true });
      await beta.call("cinder", "GET", "/parity-unknown");
      await beta.call("cinder", "GET", "/volumes/detail/x/y");
      await beta.call("cinder", "PATCH", `/volumes/${NOTHING}`, {});
      await beta.call("cinder", "DELETE", "/volumes");
      await beta.call("cinder", "POST", "/volumes", '{"volume": ');
      await beta.call("cinder", "POST", "/volumes");
      await beta.call("cinder", "POST", `/volumes/${NOTHING}/action`, { "parity-unknown": null });
      await beta.call("cinder", "POST", `/volumes/${NOTHING}/action`, {});
      await beta.call("cinder", "POST", `/volumes/${NOTHING}/action`, "[]");
      await beta.call("cinder", "GET", "/extensions", undefined, {
        varies: ["body.extensions.*.description", "body.extensions.*.updated"],
        unordered: true,
      });
      await cloud.withToken(undefined, beta.projectId).call("cinder", "GET", "/volumes");
    },
    BETA,
  ),
];
