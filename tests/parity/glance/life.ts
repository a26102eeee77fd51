/** An image's life: made, filled, changed, shared, hidden, deleted. */
import { type Caller, type Cloud, exchange, field } from "../exchange.ts";

const PATCH = "application/openstack-images-v2.1-json-patch";

/** Makes an image and sees to its end. */
async function image(cloud: Cloud, who: Caller, body: object, unrecorded = false): Promise<string> {
  const made = await who.call("glance", "POST", "/images", body, { unrecorded });
  const id = String(field(made, "body.id"));
  cloud.cleanup(async () => {
    const { project: admin } = await cloud.admin();
    const change = [{ op: "replace", path: "/protected", value: false }];
    await admin.call("glance", "PATCH", `/images/${id}`, change, { headers: { "Content-Type": PATCH } });
    await admin.call("glance", "DELETE", `/images/${id}`);
  });
  return id;
}

const raw = { disk_format: "raw", container_format: "bare" };

async function upload(who: Caller, id: string, bytes: string, type = "application/octet-stream", unrecorded = false) {
  await who.call("glance", "PUT", `/images/${id}/file`, bytes, { headers: { "Content-Type": type }, unrecorded });
}

export const exchanges = [
  exchange(
    "an image is made, filled, read and deleted",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const id = await image(cloud, beta, {
        name: "parity-glance",
        ...raw,
        min_disk: 1,
        min_ram: 64,
        tags: ["two", "one"],
        os_distro: "debian",
        os_version: "13",
      });
      const path = `/images/${id}`;
      await beta.call("glance", "GET", path);
      await beta.call("glance", "GET", `${path}/file`);
      await upload(beta, id, "abc", "application/json");
      await upload(beta, id, "0123456789");
      await beta.call("glance", "GET", path);
      await beta.call("glance", "GET", `${path}/file`);
      await upload(beta, id, "again");
      await beta.call("glance", "GET", `/images?name=parity-glance`);
      await beta.call("glance", "GET", `${path}/tasks`);
      await beta.call("glance", "GET", `${path}/locations`);
      await beta.call("glance", "DELETE", path);
      await beta.call("glance", "GET", path);
      await beta.call("glance", "DELETE", path);
      await upload(beta, id, "again");
      await beta.call("glance", "GET", `${path}/file`);
    },
    { tenant: "beta" },
  ),
  exchange(
    "images that are refused",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const reader = await cloud.as("beta-reader", "beta");
      const id = await image(cloud, beta, {});
      const post = (body: unknown, who = beta) => who.call("glance", "POST", "/images", body);
      await post("nonsense");
      await post({ name: 5 });
      await post({ name: "parity-x", size: 5 });
      await post({ name: "parity-x", property: 5 });
      await post({ name: "parity-x", visibility: "public" });
      await post({ name: "parity-x", visibility: "parity" });
      await post({ id: "parity" });
      await post({ id });
      await post({ disk_format: "parity" });
      await post({ container_format: "parity" });
      await post({ status: "active" });
      await post({ checksum: "x" });
      await post({ owner: "00000000000000000000000000000000" });
      await post({ min_disk: -1 });
      await post({ min_ram: -1 });
      await post({ min_disk: "5" });
      await post({ self: "x" });
      await post({ tags: "a" });
      await post({ tags: [5] });
      await post({ protected: "yes" });
      await post({ os_glance_x: "1" });
      await post({ locations: [] });
      await post({ name: "parity-x" }, reader);
      await upload(beta, id, "abc");
      await reader.call("glance", "GET", `/images/${id}`);
      await reader.call("glance", "DELETE", `/images/${id}`);
      await upload(reader, id, "abc");
      await reader.call("glance", "GET", `/images/${id}/file`);
    },
    { tenant: "beta" },
  ),
  exchange(
    "an image is changed",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const id = await image(cloud, beta, { name: "parity-glance", ...raw }, true);
      const patch = (body: unknown, type = PATCH, who = beta) =>
        who.call("glance", "PATCH", `/images/${id}`, body, { headers: { "Content-Type": type } });
      const one = (op: string, path: string, value?: unknown) =>
        patch([{ op, path, ...(value !== undefined && { value }) }]);
      await one("replace", "/disk_format", "qcow2");
      await one("replace", "/disk_format", "raw");
      await upload(beta, id, "abc", undefined, true);
      await one("replace", "/name", "parity-glance-2");
      await one("add", "/colour", "red");
      await one("replace", "/colour", "blue");
      await one("replace", "/size2", "blue");
      await one("add", "/colour", 5);
      await one("remove", "/colour");
      await one("remove", "/colour");
      await one("remove", "/name");
      await one("replace", "/status", "active");
      await one("replace", "/size", 5);
      await one("replace", "/id", "x");
      await one("replace", "/owner", "00000000000000000000000000000000");
      await one("replace", "/visibility", "public");
      await one("replace", "/visibility", "parity");
      await one("replace", "/visibility", "private");
      await one("replace", "/disk_format", "qcow2");
      await one("replace", "/min_disk", 2);
      await one("replace", "/min_disk", -1);
      await one("replace", "/protected", "x");
      await one("replace", "/os_hidden", true);
      await beta.call("glance", "GET", "/images?name=parity-glance-2");
      await beta.call("glance", "GET", "/images?name=parity-glance-2&os_hidden=true");
      await one("replace", "/tags", ["b", "a"]);
      await one("test", "/name", "x");
      await one("add", "/a/b", "x");
      await one("add", "name", "x");
      await one("add", "/os_glance_x", "x");
      await one("replace", "/locations", []);
      await patch([{ op: "add", value: "x" }]);
      await patch([{ op: "add", path: "/a" }]);
      await patch([{ path: "/a", value: "x" }]);
      await patch([5]);
      await patch({});
      await patch("nonsense");
      await patch([{ op: "replace", path: "/name", value: "x" }], "application/json");
      await patch([{ replace: "/name", value: "parity-glance-3" }], "application/openstack-images-v2.0-json-patch");
      await patch([{ op: "replace", path: "/name", value: "x" }], PATCH, await cloud.as("beta-reader", "beta"));
      await patch([{ op: "replace", path: "/name", value: "x" }], PATCH, await cloud.as("alpha"));
      await one("replace", "/protected", true);
      await beta.call("glance", "DELETE", `/images/${id}`);
      await one("replace", "/protected", false);
      await beta.call("glance", "PUT", `/images/${id}/tags/parity-tag`);
      await beta.call("glance", "DELETE", `/images/${id}/tags/parity-tag`);
      await beta.call("glance", "DELETE", `/images/${id}/tags/parity-tag`);
      await beta.call("glance", "POST", `/images/${id}/actions/deactivate`);
      await beta.call("glance", "GET", `/images/${id}/file`);
      await beta.call("glance", "GET", `/images/${id}`);
      await beta.call("glance", "POST", `/images/${id}/actions/reactivate`);
      await beta.call("glance", "POST", `/images/${id}/import`, { method: { name: "glance-direct" } });
    },
    { tenant: "beta" },
  ),
  exchange(
    "who sees an image of which visibility",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const alpha = await cloud.as("alpha");
      const { project: admin } = await cloud.admin();
      const id = await image(cloud, beta, { name: "parity-glance-seen", ...raw });
      await upload(beta, id, "abc", undefined, true);
      const become = (visibility: string, who = beta) =>
        who.call("glance", "PATCH", `/images/${id}`, [{ op: "replace", path: "/visibility", value: visibility }], {
          headers: { "Content-Type": PATCH },
        });
      const look = async () => {
        await alpha.call("glance", "GET", `/images/${id}`);
        await alpha.call("glance", "GET", "/images?name=parity-glance-seen");
        await alpha.call("glance", "GET", `/images/${id}/file`);
      };
      await look();
      await alpha.call("glance", "DELETE", `/images/${id}`);
      await become("private");
      await look();
      await become("community");
      await look();
      await alpha.call("glance", "GET", "/images?name=parity-glance-seen&visibility=community");
      await alpha.call("glance", "DELETE", `/images/${id}`);
      await become("public", admin);
      await look();
      await beta.call("glance", "GET", `/images/${id}/members`);
      await beta.call("glance", "POST", `/images/${id}/members`, { member: alpha.projectId });
      await become("shared", admin);
      const member = `/images/${id}/members/${alpha.projectId}`;
      await beta.call("glance", "POST", `/images/${id}/members`, { member: alpha.projectId });
      await beta.call("glance", "POST", `/images/${id}/members`, { member: alpha.projectId });
      await beta.call("glance", "POST", `/images/${id}/members`, {});
      await beta.call("glance", "POST", `/images/${id}/members`, { member: "" });
      await beta.call("glance", "GET", `/images/${id}/members`);
      await look();
      await alpha.call("glance", "GET", "/images?name=parity-glance-seen&visibility=shared&member_status=pending");
      await beta.call("glance", "PUT", member, { status: "accepted" });
      await alpha.call("glance", "PUT", member, { status: "parity" });
      await alpha.call("glance", "PUT", member, {});
      await alpha.call("glance", "PUT", member, { status: "accepted" });
      await look();
      await alpha.call("glance", "GET", `/images/${id}/members`);
      await alpha.call("glance", "GET", member);
      await beta.call("glance", "GET", `/images/${id}/members/parity-unknown`);
      await alpha.call("glance", "DELETE", `/images/${id}`);
      await alpha.call("glance", "DELETE", member);
      await alpha.call("glance", "PUT", member, { status: "rejected" });
      await alpha.call("glance", "GET", "/images?name=parity-glance-seen");
      await beta.call("glance", "DELETE", member);
      await beta.call("glance", "DELETE", member);
      await look();
    },
    { tenant: "beta" },
  ),
];
