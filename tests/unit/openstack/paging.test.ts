import t from "tap";
import type { Query } from "../../../provider/openstack/index.ts";
import { nextLink, nextQuery, readPages } from "../../../provider/openstack/paging.ts";

t.test("the next link of every service", async (t) => {
  const href = "http://x/next?marker=1";
  t.equal(nextLink({ servers: [], servers_links: [{ rel: "next", href }] }, "servers"), href, "nova, cinder, octavia");
  t.equal(
    nextLink(
      {
        networks: [],
        networks_links: [
          { rel: "previous", href: "p" },
          { rel: "next", href },
        ],
      },
      "networks",
    ),
    href,
    "neutron",
  );
  t.equal(
    nextLink({ volume_types: [], volume_type_links: [{ rel: "next", href }] }, "volume_types"),
    href,
    "cinder's types",
  );
  t.equal(nextLink({ nodes: [], next: href }, "nodes"), href, "ironic");
  t.equal(
    nextLink({ images: [], next: "/v2/images?marker=1", first: "/v2/images" }, "images"),
    "/v2/images?marker=1",
    "glance",
  );
  t.equal(nextLink({ users: [], links: { next: href, self: "s" } }, "users"), href, "keystone");
  for (const body of [{ servers: [] }, { links: { next: null } }, { next: "" }, { servers_links: [] }, null]) {
    t.equal(nextLink(body, "servers"), undefined);
  }
});

t.test("only the marker of a next link is used, else its query; our own filters stay", async (t) => {
  t.strictSame(nextQuery("http://elsewhere.example/steal?marker=5&limit=2&fields=name", { limit: 1, fields: "uuid" }), {
    limit: 1,
    fields: "uuid",
    marker: "5",
  });
  t.strictSame(nextQuery("/v2/images?tag=a&tag=b", {}), { tag: ["a", "b"] });
});

const pages =
  (all: Record<string, unknown>[], asked: Query[] = []) =>
  async (query: Query) => {
    asked.push(query);
    return all[asked.length - 1];
  };

t.test("all pages are read, one after the other", async (t) => {
  const asked: Query[] = [];
  const found = await readPages(
    pages(
      [{ nodes: [1, 2], next: "http://x?marker=2" }, { nodes: [], next: "http://x?marker=3" }, { nodes: [3] }],
      asked,
    ),
    "nodes",
    { limit: 2 },
  );
  t.strictSame(found, [1, 2, 3]);
  t.strictSame(asked, [{ limit: 2 }, { limit: 2, marker: "2" }, { limit: 2, marker: "3" }]);
});

t.test("a service that leads in a circle is stopped", async (t) => {
  await t.rejects(
    readPages(async () => ({ nodes: [1], next: "http://x?marker=1" }), "nodes"),
    {
      code: "service-broken",
      message: /lead back to one already read/,
    },
  );
});

t.test("an answer without the list says what it has instead", async (t) => {
  await t.rejects(
    readPages(async () => ({ hosts: [] }), "nodes"),
    { message: /no list "nodes" \(it has: hosts\)/ },
  );
  await t.rejects(
    readPages(async () => "<html>", "nodes"),
    { message: /it has: string/ },
  );
});
