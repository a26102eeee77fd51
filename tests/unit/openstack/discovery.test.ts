import t from "tap";
import { findEndpoint } from "../../../provider/openstack/catalog.ts";
import { readVersions, rootOf, splitEndpoint, usualVersion } from "../../../provider/openstack/discovery.ts";
import type { ServiceType } from "../../../provider/openstack/index.ts";
import { compareVersions, microversionHeaders } from "../../../provider/openstack/microversions.ts";

const PROJECT = "0123456789abcdef0123456789abcdef";

t.test("an address of the catalog, with or without version and project", async (t) => {
  const rows: [type: ServiceType, url: string, root: string][] = [
    ["block-storage", `http://x:8776/v3/${PROJECT}`, `http://x:8776/v3/${PROJECT}`],
    ["block-storage", "http://x:8776/v3", `http://x:8776/v3/${PROJECT}`],
    ["block-storage", "http://x:8776/", `http://x:8776/v3/${PROJECT}`],
    ["block-storage", "https://x/volume", `https://x/volume/v3/${PROJECT}`],
    ["block-storage", `https://x/volume/v3/${PROJECT}/`, `https://x/volume/v3/${PROJECT}`],
    ["block-storage", "http://x:8776/v3/%(tenant_id)s", `http://x:8776/v3/${PROJECT}`],
    ["block-storage", "http://x:8776/v3/$(project_id)s", `http://x:8776/v3/${PROJECT}`],
    ["block-storage", "http://x:8776/v2", `http://x:8776/v3/${PROJECT}`],
    ["compute", `http://x/compute/v2.1/${PROJECT}`, "http://x/compute/v2.1"],
    ["compute", "http://x/compute/v2.1", "http://x/compute/v2.1"],
    ["compute", "http://x/compute/v2/", "http://x/compute/v2.1"],
    ["compute", "http://x:8774", "http://x:8774/v2.1"],
    ["baremetal", "http://x:6385", "http://x:6385/v1"],
    ["baremetal", "https://x/baremetal/v1/", "https://x/baremetal/v1"],
    ["network", "http://x:9696", "http://x:9696/v2.0"],
    ["network", "http://x:9696/v2.0", "http://x:9696/v2.0"],
    ["image", "http://x:9292/v2", "http://x:9292/v2"],
    ["image", "http://x/image", "http://x/image/v2"],
    ["load-balancer", "http://x:9876/v2.0", "http://x:9876/v2.0"],
    ["placement", "http://x/placement", "http://x/placement"],
    ["identity", "http://x/identity/v3", "http://x/identity/v3"],
  ];
  for (const [type, url, root] of rows) {
    const { base, version } = splitEndpoint(url, PROJECT);
    t.equal(rootOf(type, base, usualVersion(type, version), PROJECT), root, `${type} ${url}`);
  }
});

t.test("version documents as the services write them", async (t) => {
  const link = (href: string) => [{ rel: "self", href }];
  const rows: [what: string, type: ServiceType, body: unknown, path: string, minimum: string, maximum: string][] = [
    [
      "ironic",
      "baremetal",
      {
        default_version: {},
        versions: [
          { id: "v1", links: link("http://inside/v1/"), status: "CURRENT", min_version: "1.1", version: "1.115" },
        ],
      },
      "v1",
      "1.1",
      "1.115",
    ],
    [
      "nova's list",
      "compute",
      {
        versions: [
          { id: "v2.0", status: "DEPRECATED", version: "", min_version: "", links: link("http://inside/v2/") },
          {
            id: "v2.1",
            status: "CURRENT",
            version: "2.104",
            min_version: "2.1",
            links: link("http://inside/compute/v2.1/"),
          },
        ],
      },
      "v2.1",
      "2.1",
      "2.104",
    ],
    [
      "nova's own version",
      "compute",
      { version: { id: "v2.1", version: "2.93", min_version: "2.1", links: link("http://x/v2.1/") } },
      "v2.1",
      "2.1",
      "2.93",
    ],
    [
      "cinder",
      "block-storage",
      {
        versions: [{ id: "v3.0", status: "CURRENT", version: "3.71", min_version: "3.0", links: link("http://x/v3/") }],
      },
      "v3",
      "3.0",
      "3.71",
    ],
    [
      "placement",
      "placement",
      { versions: [{ id: "v1.0", max_version: "1.39", min_version: "1.0", links: link("") }] },
      "",
      "1.0",
      "1.39",
    ],
    [
      "neutron",
      "network",
      { versions: [{ id: "v2.0", status: "CURRENT", links: link("http://x/v2.0/") }] },
      "v2.0",
      "2.0",
      "2.0",
    ],
    [
      "glance",
      "image",
      {
        versions: [
          { id: "v2.15", links: link("http://x/v2/") },
          { id: "v2.9", links: link("http://x/v2/") },
          { id: "v2.17", links: link("http://x/v2/") },
        ],
      },
      "v2",
      "2.9",
      "2.17",
    ],
    [
      "keystone",
      "identity",
      { versions: { values: [{ id: "v3.14", links: link("http://x/v3/") }] } },
      "v3",
      "3.14",
      "3.14",
    ],
  ];
  for (const [what, type, body, path, minimum, maximum] of rows) {
    t.strictSame(readVersions(type, body), { path, range: { minimum, maximum } }, what);
  }
  for (const body of [undefined, "<html>", {}, { versions: [] }, { versions: [{ id: "v1" }] }]) {
    t.equal(readVersions("compute", body), undefined);
  }
});

t.test("1.9 is older than 1.82", async (t) => {
  t.ok(compareVersions("1.9", "1.82") < 0);
  t.equal(compareVersions("2.1", "v2.1"), 0);
  t.ok(compareVersions("3.0", "2.104") > 0);
});

t.test("each service gets only its own version header", async (t) => {
  t.strictSame(microversionHeaders("baremetal", "1.82"), {
    "X-OpenStack-Ironic-API-Version": "1.82",
    "OpenStack-API-Version": "baremetal 1.82",
  });
  t.strictSame(microversionHeaders("compute", "2.90"), { "OpenStack-API-Version": "compute 2.90" });
  t.strictSame(microversionHeaders("block-storage", "3.54"), { "OpenStack-API-Version": "volume 3.54" });
  t.strictSame(microversionHeaders("placement", "1.36"), { "OpenStack-API-Version": "placement 1.36" });
  for (const type of ["network", "image", "identity", "load-balancer"] as const) {
    t.strictSame(microversionHeaders(type, "2.0"), {});
  }
  t.strictSame(microversionHeaders("baremetal", undefined), {});
});

const endpoint = (region: string, url: string, face = "public") => ({ interface: face, region_id: region, url });
const catalog = [
  { type: "volumev3", endpoints: [endpoint("A", "http://volumev3")] },
  { type: "block-storage", endpoints: [endpoint("A", "http://block")] },
  {
    type: "compute",
    endpoints: [endpoint("A", "http://a"), endpoint("B", "http://b"), endpoint("A", "http://in", "internal")],
  },
  { type: "bare-metal", endpoints: [endpoint("A", "http://iron", "publicURL")] },
];
const any = { interface: "public", endpointOverrides: {} } as const;

t.test("a service is found by its names, region and interface", async (t) => {
  t.equal(findEndpoint(catalog, "block-storage", any).url, "http://block", "the official name first");
  t.equal(findEndpoint(catalog.slice(0, 1), "block-storage", any).url, "http://volumev3", "then the old ones");
  t.equal(findEndpoint(catalog, "baremetal", any).url, "http://iron");
  t.equal(findEndpoint(catalog, "compute", { ...any, region: "B" }).url, "http://b");
  t.equal(findEndpoint(catalog, "compute", { ...any, region: "A", interface: "internal" }).url, "http://in");
  t.equal(findEndpoint([], "compute", { ...any, endpointOverrides: { compute: "http://o" } }).url, "http://o");
  t.equal(findEndpoint([], "block-storage", { ...any, endpointOverrides: { volumev3: "http://o" } }).url, "http://o");
});

t.test("a service that is not there is told apart from a wrong region or interface", async (t) => {
  const fails = (pattern: RegExp, ...args: Parameters<typeof findEndpoint>) =>
    t.throws(() => findEndpoint(...args), { code: "service-missing", message: pattern });
  fails(/several regions \(A, B\) and none is chosen/, catalog, "compute", any);
  fails(/in region C; there is one in A, B/, catalog, "compute", { ...any, region: "C" });
  fails(/with a admin address; it has internal, public ones/, catalog, "compute", {
    ...any,
    region: "A",
    interface: "admin",
  });
  fails(/it has bare-metal, block-storage, compute, volumev3/, catalog, "image", any);
  fails(/may be unscoped/, [], "image", any);
});
