import type { Facts } from "../facts.ts";
import { count, type Finding, failed, lacks, some, unknown, WAYS, works } from "../finding.ts";

/** Images that can be installed. */
export function checkImages({ images, services }: Pick<Facts, "images" | "services">): Finding[] {
  const area = "Images";
  if ("failure" in images) return services.image?.failure ? [] : [failed(area, images.failure, WAYS)];
  const active = images.value.filter((image) => image.status === "active");
  const others = images.value.filter((image) => image.status !== "active");
  const names = active.map((image) => image.name ?? image.id);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  return [
    active.length
      ? works(area, `${count(active.length, "image")}: ${some(names)}`)
      : lacks(area, "not-found", "there is no image that this credential may use", {
          next: "upload one (`openstack image create`), or ask the operator for one.",
          shuts: WAYS,
        }),
    ...(twice.length
      ? [
          lacks(area, "ambiguous", `several images are called ${some([...new Set(twice)])}`, {
            next: "name them by their ids.",
          }),
        ]
      : []),
    ...(others.length
      ? [
          lacks(
            area,
            "image-unusable",
            `not usable: ${some(others.map((image) => `${image.name ?? image.id} is ${image.status}`))}`,
          ),
        ]
      : []),
  ];
}

/** Networks that machines can stand on, the way out, and segments for new ones where that shows. */
export function checkNetworks(
  { networks, segments, services }: Pick<Facts, "networks" | "segments" | "services">,
  projectId: string,
): Finding[] {
  const area = "Networks";
  if ("failure" in networks) return services.network?.failure ? [] : [failed(area, networks.failure, WAYS)];
  const own = networks.value.filter((network) => network.project_id === projectId);
  const outside = networks.value.filter((network) => network["router:external"]);
  const broken = own.filter((network) => network.status === "ERROR");
  const external = outside.length
    ? `external: ${some(outside.map((network) => network.name))}`
    : "no external network: `externalNetwork` has nothing to lead to";
  return [
    works(
      area,
      `${count(own.length, "network")} of this project${own.length ? `: ${some(own.map((one) => one.name))}` : ""}; ${external}`,
    ),
    ...broken.map((network) =>
      lacks(area, "network-failed", `network ${network.name} (${network.id}) is in status ERROR`),
    ),
    checkSegments(segments),
  ];
}

function checkSegments(segments: Facts["segments"]): Finding {
  const area = "Networks";
  if ("failure" in segments || segments.value === undefined)
    return unknown(area, "how many network segments are free this credential cannot see");
  const free = new Map<string, number>();
  for (const { network_type, available } of segments.value) {
    const ids = Array.isArray(available) ? available.length : Object.keys(available).length;
    free.set(network_type, (free.get(network_type) ?? 0) + ids);
  }
  const text = [...free].map(([type, number]) => `${number} ${type}`).join(", ");
  return [...free.values()].some((number) => number > 0)
    ? works(area, `free segments: ${text}`)
    : lacks(area, "no-segments", `no free network segment: ${text || "no range of them"}`);
}

/** Volume types and the default one. */
export function checkVolumeTypes({
  volumeTypes,
  defaultType,
  services,
}: Pick<Facts, "volumeTypes" | "defaultType" | "services">): Finding[] {
  const area = "Volumes";
  if ("failure" in volumeTypes) return services["block-storage"]?.failure ? [] : [failed(area, volumeTypes.failure)];
  const types = volumeTypes.value.map(({ name }) => name).filter((name) => name !== "__DEFAULT__");
  const usual = "value" in defaultType ? defaultType.value : undefined;
  const listed = types.length ? `${count(types.length, "type")}: ${some(types)}` : "no types";
  return usual === undefined
    ? [
        lacks(area, "volume-failed", `${listed}; there is no default type`, {
          next: "set `type` on every Volume.",
          mover: "you",
        }),
      ]
    : [works(area, `${listed}; default ${usual}`)];
}
