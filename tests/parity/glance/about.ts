/** What Glance says of itself, and how it lists. */
import { exchange } from "../exchange.ts";

export const exchanges = [
  exchange("versions, schemas and import methods", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const nobody = cloud.withToken(undefined);
    await nobody.call("glance", "GET", "/", undefined, { root: true });
    await nobody.call("glance", "GET", "/versions", undefined, { root: true });
    await nobody.call("glance", "GET", "/v2", undefined, { root: true });
    await alpha.call("glance", "GET", "/schemas/image");
    await alpha.call("glance", "GET", "/schemas/images");
    await alpha.call("glance", "GET", "/schemas/member");
    await alpha.call("glance", "GET", "/schemas/members");
    await alpha.call("glance", "GET", "/schemas/parity-unknown");
    await alpha.call("glance", "GET", "/info/import");
    await alpha.call("glance", "GET", "/info/stores");
    await alpha.call("glance", "GET", "/info/usage");
    await alpha.call("glance", "GET", "/tasks");
    await alpha.call("glance", "PUT", "/images", {});
    await alpha.call("glance", "POST", "/images/parity-unknown", {});
    await nobody.call("glance", "GET", "/images");
  }),
  exchange("lists with filters, order and pages", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const get = (query: string) => alpha.call("glance", "GET", `/images?${query}`);
    await get("name=in:tiny,parity-unknown");
    await get("name=tiny&status=active&disk_format=raw&container_format=bare");
    await get("name=tiny&status=queued");
    await get("name=tiny&visibility=private");
    await get("name=tiny&os_distro=debian");
    await get("name=tiny&os_distro=ubuntu");
    await get("name=tiny&size_min=2000000");
    await get("name=tiny&size_max=2000000&sort_key=name&sort_dir=desc");
    await get("name=tiny&protected=false");
    await get("name=tiny&tag=parity-unknown");
    await get("name=tiny&created_at=gt:2020-01-01T00:00:00Z");
    await get("name=tiny&limit=0");
    await get("limit=-1");
    await get("limit=parity");
    await get("marker=parity-unknown");
    await get("sort=parity");
    await get("sort=name:parity");
    await get("sort_key=parity");
    await get("sort=name&sort_key=name");
    await get("visibility=parity");
    await get("member_status=parity");
    await get("protected=parity");
    await get("name=tiny&size_min=-1");
    await get("size_min=parity");
    await get("created_at=parity");
    await get("name=gt:parity");
  }),
];
