import type { Cloud } from "../cloud.ts";

/** A flavor as `GET /flavors/detail` shows it from microversion 2.61 on. */
export interface NovaFlavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  /** MiB. */
  readonly ram: number;
  /** GiB. */
  readonly disk: number;
  readonly "OS-FLV-DISABLED:disabled"?: boolean;
  /** Left out where this credential may not see them. */
  readonly extra_specs?: Readonly<Record<string, string>>;
}

/** The flavors that this credential may use. `GET /flavors/detail` */
export async function listFlavors(cloud: Cloud): Promise<NovaFlavor[]> {
  const nova = cloud.service("compute");
  const microversion = await nova.negotiate("choosing hardware by flavor");
  return nova.list<NovaFlavor>("/flavors/detail", "flavors", { microversion });
}
