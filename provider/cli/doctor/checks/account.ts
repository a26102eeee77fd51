import { SERVICE_NAMES, type ServiceType } from "../../../openstack/index.ts";
import { compareVersions, type Feature, REQUIREMENTS, type Requirement } from "../../../openstack/microversions.ts";
import type { Facts } from "../facts.ts";
import { count, type Finding, failed, lacks, note, some, unknown, WAYS, type Way, works } from "../finding.ts";

/** Who the credential is, and where each part of it was found; names of places, never values. */
export function checkCredential({
  config,
  principal,
  regions,
}: Pick<Facts, "config" | "principal" | "regions">): Finding[] {
  const area = "Credential";
  const by = config.credential.kind.replace("-", " ");
  // Of a file its name is enough; the path inside it would be a line for each value.
  const places = [...new Set(Object.values(config.sources).map((place) => place.replace(/^(\S+\.ya?ml) .*$/, "$1")))];
  const cloud = config.cloud === undefined ? "" : `cloud ${config.cloud}: `;
  const found = [
    works(area, `${cloud}user ${principal.userName} by ${by} at ${config.authUrl}`),
    note(area, `read from ${places.join(", ")}; a stack's own configuration (openstack:…) comes before these`),
  ];
  if (principal.projectId) found.push(works(area, `project ${principal.projectName} (${principal.projectId})`));
  else
    found.push(
      lacks(area, "no-credentials", "the credential is not scoped to a project, and machines belong to one", {
        next: "set `openstack:tenantName` or OS_PROJECT_NAME.",
        shuts: WAYS,
      }),
    );
  found.push(checkRoles(principal.roles), checkRegion(config.region, regions));
  if (!config.tls.verify) found.push(note(area, "the cloud's certificates are not checked (`insecure` is set)"));
  return found;
}

/** A reader can look at everything and make nothing. */
export function checkRoles(roles: readonly string[]): Finding {
  const area = "Credential";
  const text = roles.length ? `roles ${roles.join(", ")}` : "no roles at all";
  return roles.some((role) => /^(admin|manager|member|_member_)$/i.test(role))
    ? works(area, text)
    : lacks(area, "not-allowed", `${text}: that reads, and makes nothing`, {
        next: "ask the project's owner for the role member; on nodes that the project leases, for manager.",
        shuts: WAYS,
      });
}

function checkRegion(region: string | undefined, regions: Facts["regions"]): Finding {
  const area = "Credential";
  if ("failure" in regions)
    return region === undefined ? note(area, "no region is set") : works(area, `region ${region}`);
  const all = regions.value;
  if (region === undefined)
    return all.length > 1
      ? lacks(area, "service-missing", `no region is set, and the cloud has several: ${all.join(", ")}`, {
          next: "set openstack:region, OS_REGION_NAME or region_name in clouds.yaml.",
        })
      : works(area, `region ${all[0] ?? "without a name"}, the only one`);
  return all.includes(region)
    ? works(area, `region ${region}`)
    : lacks(area, "service-missing", `the cloud has no region ${region}; it has ${all.join(", ")}`, { shuts: WAYS });
}

/** What each service is needed for. */
const NEEDED: Record<ServiceType, { readonly for: string; readonly ways: readonly Way[] }> = {
  identity: { for: "everything", ways: WAYS },
  network: { for: "networks, and every machine's ports", ways: WAYS },
  image: { for: "images", ways: WAYS },
  compute: { for: "machines by Nova", ways: ["nova"] },
  baremetal: { for: "machines by Ironic", ways: ["ironic"] },
  "block-storage": { for: "volumes", ways: [] },
  placement: { for: "nothing of a project's user", ways: [] },
  "load-balancer": { for: "nothing yet", ways: [] },
};

/** Which services are there, answer, and in which versions. */
export function checkServices(services: Facts["services"]): Finding[] {
  return (Object.keys(NEEDED) as ServiceType[]).flatMap((type): Finding[] => {
    const service = services[type];
    if (!service) return [];
    const { for: needed, ways } = NEEDED[type];
    const isNeeded = ways.length > 0 || type === "block-storage";
    const { minimum, maximum } = service.range ?? {};
    const versions = maximum === undefined ? "" : `, ${minimum === maximum ? maximum : `${minimum} to ${maximum}`}`;
    const name = SERVICE_NAMES[type];
    if (!service.failure) return [works("Services", `${name} at ${service.address}${versions}`)];
    if (isNeeded) return [failed("Services", service.failure, ways)];
    const why = service.address === undefined ? "is not in the catalog" : "does not answer";
    return [note("Services", `${name} ${why}; it is needed for ${needed}`)];
  });
}

/** What a machine of each way cannot do without. */
const MUST: Record<Way, readonly Feature[]> = {
  nova: ["servers"],
  ironic: ["reading nodes", "deploying", "allocations", "network attachments", "power control"],
};

/** Which features of this package the services' versions carry. */
export function checkVersions(services: Facts["services"]): Finding[] {
  const findings: Finding[] = [];
  const ready: string[] = [];
  for (const [feature, needs] of Object.entries(REQUIREMENTS) as [Feature, Requirement][]) {
    const service = services[needs.service];
    if (!service || service.failure) continue;
    const shuts = WAYS.filter((way) => MUST[way].includes(feature));
    const { range } = service;
    if (!range) {
      findings.push(unknown("Versions", `${feature}: ${SERVICE_NAMES[needs.service]} does not tell its versions`));
      continue;
    }
    if (compareVersions(range.maximum, needs.minimum) >= 0) ready.push(feature);
    else {
      const text = `${feature}: needs ${SERVICE_NAMES[needs.service]} ${needs.minimum}, this cloud has ${range.maximum}`;
      findings.push(
        shuts.length
          ? lacks("Versions", "version-too-old", text, { shuts })
          : note("Versions", `${text}; without it: ${needs.without}`),
      );
    }
  }
  return ready.length
    ? [works("Versions", `${count(ready.length, "feature")}: ${some(ready, 40)}`), ...findings]
    : findings;
}
