/** The seeded images, read. */
import type { Json } from "../../cloud/client.ts";
import { exchange } from "../exchange.ts";

export const exchanges = [
  exchange("list and show an image", async (cloud) => {
    const alpha = await cloud.as("alpha");
    await alpha.call("glance", "GET", "/images?sort=name:asc");
    const found = await alpha.call("glance", "GET", "/images?name=tiny");
    const [tiny] = found.body["images"] as [Json];
    await alpha.call("glance", "GET", `/images/${tiny["id"]}`);
    await alpha.call("glance", "GET", "/images?name=parity-unknown");
    const page = await alpha.call("glance", "GET", "/images?sort=name:asc&limit=1");
    await alpha.call("glance", "GET", String(page.body["next"]), undefined, { root: true });
  }),
  exchange("an image that is not there", async (cloud) => {
    const alpha = await cloud.as("alpha");
    await alpha.call("glance", "GET", "/images/00000000-0000-4000-8000-000000000000");
    await alpha.call("glance", "GET", "/images/not-an-id");
    await alpha.call("glance", "DELETE", "/images/00000000-0000-4000-8000-000000000000");
    await alpha.call("glance", "GET", "/parity-unknown");
  }),
];
