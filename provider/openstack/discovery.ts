import { compareVersions } from "./microversions.ts";
import type { ServiceType } from "./types.ts";

/** The microversions that a service answers to. */
export interface VersionRange {
  minimum: string;
  maximum: string;
}

/** Where a service's requests go, and what is known of its versions. */
export interface Endpoint {
  /** With the version (and for cinder the project) in it, without a slash at its end. */
  root: string;
  /** Absent where it has not been asked for yet or the service has none. */
  range?: VersionRange;
}

interface Shape {
  /** The major version that is spoken. */
  major: number;
  /** The path of that version where the service does not say. */
  path: string;
  /** Cinder wants the project in its path before 3.67, and takes it ever after. */
  project?: boolean;
}

const SHAPES: Record<ServiceType, Shape> = {
  identity: { major: 3, path: "v3" },
  baremetal: { major: 1, path: "v1" },
  compute: { major: 2, path: "v2.1" },
  network: { major: 2, path: "v2.0" },
  "block-storage": { major: 3, path: "v3", project: true },
  image: { major: 2, path: "v2" },
  placement: { major: 1, path: "" },
  "load-balancer": { major: 2, path: "v2" },
};

const VERSION_SEGMENT = /^v\d+(\.\d+)?$/;

/** What an address of the catalog says about itself. */
export interface EndpointParts {
  /** The address without version and project. */
  base: string;
  /** `v3`; absent where the address has none. */
  version?: string;
}

/** Takes version and project (or a `%(tenant_id)s` left by an operator) off an address of the catalog. */
export function splitEndpoint(url: string, projectId: string | undefined): EndpointParts {
  const parsed = new URL(url);
  const segments = parsed.pathname.split("/").filter(Boolean);
  const last = segments.at(-1);
  if (last && segments.length > 0) {
    const isProject = projectId ? [projectId, `AUTH_${projectId}`].includes(last) : false;
    const isTemplate = /^(%|%25|\$)(\(|%28)(tenant|project)_id(\)|%29)s$/.test(last);
    const afterVersion =
      segments.length > 1 && VERSION_SEGMENT.test(segments.at(-2)!) && /^[0-9a-f-]{32,36}$/.test(last);
    if (isProject || isTemplate || afterVersion) segments.pop();
  }
  const tail = segments.at(-1);
  const version = tail && VERSION_SEGMENT.test(tail) ? segments.pop() : undefined;
  const path = segments.length ? `/${segments.join("/")}` : "";
  return { base: `${parsed.origin}${path}`, ...(version && { version }) };
}

/** The address that requests go to, given the version's path. */
export function rootOf(type: ServiceType, base: string, version: string, projectId: string | undefined): string {
  const shape = SHAPES[type];
  const path = [base, version, shape.project && projectId ? projectId : ""].filter(Boolean).join("/");
  return path;
}

/** The version path to use: the address's own where its major version is the right one, else the usual one. */
export function usualVersion(type: ServiceType, version: string | undefined): string {
  if (type === "placement") return "";
  // Nova's v2 is the old API without microversions; v2.1 stands beside it.
  if (type === "compute" && version === "v2") return SHAPES.compute.path;
  return version && majorOf(version) === SHAPES[type].major ? version : SHAPES[type].path;
}

interface VersionDocument {
  id?: string;
  status?: string;
  version?: string;
  max_version?: string;
  min_version?: string;
  links?: readonly { rel?: string; href?: string }[];
}

/**
 * The right version out of a version document, in all its forms: `{versions: [...]}`, `{versions: {values: [...]}}`
 * (keystone), `{version: {...}}`, ironic's `{default_version, versions}`. The addresses inside are not trusted (behind a
 * TLS proxy they name another host), only the path of the version is.
 */
export function readVersions(
  type: ServiceType,
  body: unknown,
): { path: string; range: VersionRange | undefined } | undefined {
  const shape = SHAPES[type];
  const candidates = documents(body).filter(
    (document) => document.id !== undefined && majorOf(document.id) === shape.major && document.status !== "DELETED",
  );
  // Glance and octavia list each minor version; nova lists v2.0 beside v2.1.
  candidates.sort((left, right) => compareVersions(newest(right), newest(left)));
  const best = candidates[0];
  if (!best?.id) return undefined;
  const oldest = candidates.at(-1) ?? best;
  const maximum = newest(best);
  const minimum = best.min_version || (candidates.length > 1 && !best.version ? newest(oldest) : maximum);
  return { path: pathOfVersion(type, best), range: { minimum: plain(minimum), maximum: plain(maximum) } };
}

function documents(body: unknown): VersionDocument[] {
  if (typeof body !== "object" || body === null) return [];
  const { versions, version } = body as { versions?: unknown; version?: unknown };
  const listed = Array.isArray(versions) ? versions : (versions as { values?: unknown } | undefined)?.values;
  if (Array.isArray(listed))
    return listed.filter((one): one is VersionDocument => typeof one === "object" && one !== null);
  return typeof version === "object" && version !== null ? [version as VersionDocument] : [];
}

function newest(document: VersionDocument): string {
  return document.version || document.max_version || document.id || "0";
}

function plain(version: string): string {
  return version.replace(/^v/, "");
}

function pathOfVersion(type: ServiceType, document: VersionDocument): string {
  if (SHAPES[type].path === "") return "";
  for (const link of document.links ?? []) {
    if (link.rel !== "self" || !link.href || !URL.canParse(link.href, "http://nowhere")) continue;
    const segments = new URL(link.href, "http://nowhere").pathname.split("/").filter(Boolean);
    const version = segments.findLast((segment) => VERSION_SEGMENT.test(segment));
    if (version && majorOf(version) === SHAPES[type].major) return version;
  }
  return SHAPES[type].path;
}

function majorOf(version: string): number {
  return Number(/^v?(\d+)/.exec(version)?.[1] ?? Number.NaN);
}
