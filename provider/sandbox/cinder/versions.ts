import type { Answer, Call, Version } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { bad, malformed, versionHeaders } from "./errors.ts";

const NEWEST = 71;

/** The microversion that a request asks for: 3.0 without a header. Throws 400 and 406 in cinder's words. */
export function microversion(headers: Readonly<Record<string, string>>): Version {
  const header = headers["openstack-api-version"];
  if (header === undefined) return [3, 0];
  const wanted = header
    .split(",")
    .find((part) => part.includes("volume"))
    ?.trim()
    .split(/\s+/)[1];
  if (!wanted) throw malformed();
  if (wanted === "latest") return [3, NEWEST];
  const match = /^([1-9]\d*)\.([1-9]\d*|0)$/.exec(wanted);
  if (!match) throw bad(`API Version String ${wanted} is of invalid format. Must be of format MajorNum.MinorNum.`);
  const version: Version = [Number(match[1]), Number(match[2])];
  if (version[0] === 3 && version[1] <= NEWEST) return version;
  const message = `Version ${wanted} is not supported by the API. Minimum is 3.0 and maximum is 3.${NEWEST}.`;
  throw new Refusal(406, message, /1\.0|2\.0/.test(wanted) ? {} : { headers: versionHeaders(version) });
}

/** Whether a request asks for at least 3.`minor`. */
export const since = (call: Pick<Call, "version">, minor: number): boolean =>
  call.version[0] > 3 || (call.version[0] === 3 && call.version[1] >= minor);

/** What the service offers: `GET /` and `GET /v3/`. */
export function versionDocument(call: Call, status: number): Answer {
  const version = {
    id: "v3.0",
    status: "CURRENT",
    version: `3.${NEWEST}`,
    min_version: "3.0",
    updated: "2023-08-31T00:00:00Z",
    links: [
      { rel: "describedby", type: "text/html", href: "https://docs.openstack.org/" },
      { rel: "self", href: `${call.base}/v3/` },
    ],
    "media-types": [{ base: "application/json", type: "application/vnd.openstack.volume+json;version=3" }],
  };
  return { status, body: { versions: [version] }, headers: versionHeaders(call.version) };
}
