import type { Call, Json } from "../kernel/call.ts";
import type { Cinder } from "./core.ts";
import { urlencode } from "./python.ts";

/** Where the caller reached cinder. */
const baseOf = (cinder: Cinder, call: Call): string => call.base || `${cinder.world.url}/volume`;

/** The project, where the caller's path names it. */
const projectOf = (call: Call): string => (call.params["project"] === undefined ? "" : `/${call.params["project"]}`);

/** Where a thing is found: with the version and without it. */
export function links(cinder: Cinder, call: Call, collection: string, id: string): Json[] {
  const base = baseOf(cinder, call);
  const rest = `${projectOf(call)}/${collection}/${id}`;
  return [
    { rel: "self", href: `${base}/v3${rest}` },
    { rel: "bookmark", href: `${base}${rest}` },
  ];
}

/** The link to the next page of a list. */
export function nextLink(cinder: Cinder, call: Call, collection: string, marker: string): Json[] {
  const query = [...call.query].filter(([key]) => key !== "marker");
  const href = `${baseOf(cinder, call)}/v3${projectOf(call)}/${collection}?${urlencode([...query, ["marker", marker]])}`;
  return [{ rel: "next", href }];
}
