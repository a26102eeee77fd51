/** Random requests that the same seed repeats. */
import { Seeded } from "../interruption/seeded.ts";

/** Words that services know, so that a random body gets past the first look. */
const KEYS = [
  "name",
  "id",
  "uuid",
  "description",
  "metadata",
  "properties",
  "extra",
  "status",
  "size",
  "volume",
  "volume_id",
  "server",
  "port",
  "network",
  "network_id",
  "subnet",
  "subnet_id",
  "fixed_ips",
  "ip_address",
  "cidr",
  "ip_version",
  "gateway_ip",
  "allocation_pools",
  "security_groups",
  "tags",
  "target",
  "node",
  "node_uuid",
  "resource_class",
  "traits",
  "candidate_nodes",
  "connector",
  "type",
  "imageRef",
  "flavorRef",
  "networks",
  "block_device_mapping_v2",
  "user_data",
  "configdrive",
  "clean_steps",
  "deploy_steps",
  "service_steps",
  "op",
  "path",
  "value",
  "address",
  "owner",
  "lessee",
  "driver",
  "driver_info",
  "instance_info",
  "volume_type",
  "snapshot_id",
  "source_volid",
  "backup_id",
  "instance_uuid",
  "attachment",
  "backup",
  "snapshot",
  "listeners",
  "pools",
  "members",
  "protocol",
  "protocol_port",
  "vip_subnet_id",
  "delay",
  "timeout",
  "quota_set",
  "quota",
  "inventories",
  "allocations",
  "resources",
  "generation",
  "admin_state_up",
  "binding:host_id",
  "binding:profile",
  "device_id",
  "auth",
  "identity",
  "scope",
  "user",
  "project",
  "os-start",
  "os-stop",
  "reboot",
  "rebuild",
  "os-reserve",
  "os-attach",
  "os-detach",
  "os-extend",
  "new_size",
  "limit",
  "remote_console",
];

/** Values that break what trusts them. */
const ODD: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  2 ** 53,
  3.5,
  "",
  " ",
  "\0",
  "a".repeat(300),
  "ÿ☃",
  "../../etc/passwd",
  "'; drop table",
  "%s%n",
  [],
  {},
  [null],
  [[]],
  [{}],
  { "": "" },
  "__proto__",
  "constructor",
  "00000000-0000-0000-0000-000000000000",
  "10.0.0.0/99",
  "::1/200",
  "2026-99-99T00:00:00",
  "NaN",
  [1, "2", null],
  { id: {} },
  { a: { b: { c: { d: [] } } } },
];

/** A seeded die that throws requests. */
export class Dice extends Seeded {
  /** What stands in a path in place of an id. */
  name(): string {
    return this.pick([
      "alpha-0",
      "bm-0",
      "detail",
      "00000000-0000-4000-8000-000000000000",
      "x",
      "%00",
      "a".repeat(300),
      "ÿ☃",
      "-1",
      "tiny",
    ]);
  }

  query(): string {
    const one = () =>
      `${encodeURIComponent(this.pick(["limit", "marker", "fields", "sort_key", "sort_dir", "sort", "detail", "owner", "all_tenants", "changes-since", "status", "name", "tags", "fixed_ips", "page_reverse", "provision_state", ...KEYS]))}=${encodeURIComponent(String(this.pick(ODD)))}`;
    return Array.from({ length: 1 + Math.floor(this.number() * 3) }, one).join("&");
  }

  versionHeader(): Record<string, string> {
    if (this.chance(0.3)) return {};
    return {
      "X-OpenStack-Ironic-API-Version": this.pick(["1.1", "1.50", "1.82", "1.115"]),
      "OpenStack-API-Version": this.pick([
        "compute 2.1",
        "compute 2.90",
        "compute 2.104",
        "volume 3.0",
        "volume 3.71",
        "placement 1.39",
        "baremetal 1.115",
      ]),
    };
  }

  /** A body: no JSON at all, JSON of a wrong kind, or nested objects of known words with odd values. */
  body(path: string): string {
    if (this.chance(0.08)) return this.pick(["{", "nonsense", "\u0000", '{"a": }', "[[[[", '{"a":1}{"b":2}']);
    if (this.chance(0.12)) return JSON.stringify(this.pick(ODD));
    const segments = path.split("/").filter((segment) => segment && !segment.startsWith("{"));
    const subject = (segments.at(-1) ?? "thing").replace(/ies$/, "y").replace(/s$/, "").replaceAll("-", "_");
    const inner = this.#object(0);
    if (this.chance(0.3)) return JSON.stringify(inner);
    if (this.chance(0.15))
      return JSON.stringify([
        {
          op: this.pick(["add", "replace", "remove", "move", 5]),
          path: this.pick(["/name", "/extra/x", "name", "", "/", 7, "/instance_info"]),
          value: this.pick(ODD),
        },
      ]);
    return JSON.stringify({
      [this.chance(0.7) ? subject : this.pick(KEYS)]: this.chance(0.8) ? inner : this.pick(ODD),
    });
  }

  #object(depth: number): object {
    const entries = Array.from({ length: Math.floor(this.number() * 6) }, () => {
      const nested = depth < 3 && this.chance(0.25);
      return [
        this.pick(KEYS),
        nested ? (this.chance(0.5) ? this.#object(depth + 1) : [this.#object(depth + 1)]) : this.pick(ODD),
      ] as const;
    });
    return Object.fromEntries(entries);
  }
}
