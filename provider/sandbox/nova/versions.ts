import type { Answer, Call, Json, Version } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { NovaRefusal } from "./errors.ts";

/** The newest microversion. */
export const NEWEST: Version = [2, 104];

/** The microversion that the headers ask for; 2.1 where they ask for none. */
export function askedVersion(headers: Readonly<Record<string, string>>): Version {
  let asked: string | undefined;
  for (const part of (headers["openstack-api-version"] ?? "").split(",")) {
    const [service, version] = part.trim().split(/\s+/);
    if (service?.toLowerCase() === "compute" && version) asked = version;
  }
  asked ??= headers["x-openstack-nova-api-version"]?.trim();
  if (asked === undefined || asked === "") return [2, 1];
  if (asked === "latest") return NEWEST;
  const parts = /^([1-9]\d*|0)\.([1-9]\d*|0)$/.exec(asked);
  if (!parts)
    throw new NovaRefusal(
      400,
      `API Version String ${asked} is of invalid format. Must be of format MajorNum.MinorNum.`,
      { type: "version" },
    );
  const [major, minor] = [Number(parts[1]), Number(parts[2])];
  if (major !== 2 || minor < 1 || minor > NEWEST[1])
    throw new NovaRefusal(
      406,
      `Version ${asked} is not supported by the API. Minimum is 2.1 and maximum is ${NEWEST.join(".")}.`,
      { headers: versionHeaders(asked) },
    );
  return [major, minor];
}

/** The headers that name the microversion of an answer. */
export function versionHeaders(version: string): Record<string, string> {
  return {
    "OpenStack-API-Version": `compute ${version}`,
    "X-OpenStack-Nova-API-Version": version,
    Vary: "OpenStack-API-Version, X-OpenStack-Nova-API-Version",
  };
}

const describedBy = { rel: "describedby", type: "text/html", href: "http://docs.openstack.org/" };

function summary(id: "v2.0" | "v2.1", base: string): Json {
  const old = id === "v2.0";
  return {
    id,
    status: old ? "DEPRECATED" : "CURRENT",
    version: old ? "" : NEWEST.join("."),
    min_version: old ? "" : "2.1",
    updated: old ? "2025-07-04T12:00:00Z" : "2013-07-23T11:33:21Z",
    links: [{ rel: "self", href: `${base}/${old ? "v2" : id}/` }],
  };
}

function version(id: "v2.0" | "v2.1", base: string): Answer {
  const short = summary(id, base);
  const type = `application/vnd.openstack.compute+json;version=${id === "v2.0" ? "2" : "2.1"}`;
  return {
    status: 200,
    body: {
      version: {
        ...short,
        links: [...(short["links"] as Json[]), describedBy],
        "media-types": [{ base: "application/json", type }],
      },
    },
  };
}

/**
 * The version documents, which need no token.
 * @param mark told which headers the answer to a call carries: none, those of every answer, or the microversion too
 */
export function documents(mark: (call: object, headers: "none" | "plain" | "versioned") => void): Route[] {
  const open = { public: true };
  const at = (paths: string[], answer: (call: Call) => Answer) => paths.map((path) => route("GET", path, answer, open));
  return [
    ...at(["", "/"], (call) => {
      mark(call, "none");
      return { status: 200, body: { versions: [summary("v2.0", call.base), summary("v2.1", call.base)] } };
    }),
    ...at(["/v2", "/v2/"], (call) => {
      mark(call, "plain");
      return version("v2.0", call.base);
    }),
    ...at(["/v2.1", "/v2.1/"], (call) => {
      mark(call, "versioned");
      return version("v2.1", call.base);
    }),
  ];
}
