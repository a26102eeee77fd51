/** Life of servers on bare metal: what their API shows and takes. */
import { exchange, field } from "../exchange.ts";
import { cleanUp, ids, network, nodesComeBack, PATIENT, status } from "./kit.ts";

/** Nova's own names and numbers of hosts. */
const HOSTS = {
  varies: [
    "body.server.OS-EXT-SRV-ATTR:host",
    "body.server.OS-EXT-SRV-ATTR:hypervisor_hostname",
    "body.server.OS-EXT-SRV-ATTR:instance_name",
    "body.server.OS-EXT-SRV-ATTR:reservation_id",
  ],
};

export const exchanges = [
  exchange("a server is made, looked at and deleted", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const beta = await cloud.as("beta");
    const reader = await cloud.as("alpha-reader", "alpha");
    const { project: admin } = await cloud.admin();
    const { image, metal } = await ids(cloud, alpha);
    nodesComeBack(cloud);
    const { network: net } = await network(cloud, alpha, "10.73.0.0/24");
    const made = await alpha.call("nova", "POST", "/servers", {
      server: {
        name: "parity nova_One",
        description: "for parity",
        imageRef: image,
        flavorRef: metal,
        networks: [{ uuid: net }],
        metadata: { role: "db" },
        tags: ["parity-tag"],
        config_drive: true,
        user_data: "I2Nsb3VkLWNvbmZpZwo=",
      },
    });
    const id = String(field(made, "body.server.id"));
    cleanUp(cloud, alpha, id);
    const path = `/servers/${id}`;
    await alpha.until("nova", path, (reply) => status(reply) === "ACTIVE", {
      ...PATIENT,
      sequence: "body.server.status",
      through: ["BUILD"],
    });
    for (const version of [
      "2.1",
      "2.3",
      "2.9",
      "2.26",
      "2.47",
      "2.63",
      "2.71",
      "2.79",
      "2.90",
      "2.96",
      "2.98",
      "2.104",
    ])
      await alpha.call("nova", "GET", path, undefined, { version });
    await admin.call("nova", "GET", path, undefined, HOSTS);
    await beta.call("nova", "GET", path);
    await reader.call("nova", "GET", path);
    await beta.call("nova", "DELETE", path);
    await reader.call("nova", "DELETE", path);
    await alpha.call("nova", "GET", "/servers");
    await alpha.call("nova", "GET", "/servers/detail");
    await alpha.call("nova", "GET", "/servers/detail?tags=parity-tag&status=ACTIVE");
    await alpha.call("nova", "GET", "/servers?tags=parity-other");
    await alpha.call("nova", "GET", `${path}/ips`);
    await alpha.call("nova", "GET", `${path}/ips/parity-nova-net`);
    await alpha.call("nova", "GET", `${path}/ips/parity`);
    await alpha.call("nova", "GET", `${path}/os-security-groups`);
    await alpha.call("nova", "GET", `${path}/os-interface`);
    await alpha.call("neutron", "GET", `/ports?device_id=${id}`);
    await alpha.call("nova", "GET", `${path}/os-volume_attachments`);
    await alpha.call("nova", "GET", `${path}/diagnostics`);
    await alpha.call("nova", "GET", `${path}/topology`);
    await alpha.call("nova", "GET", `${path}/os-server-password`);
    // Ironic tells nova of changes of power, soon or late: only what the user asked for is compared.
    const all = await alpha.call("nova", "GET", `${path}/os-instance-actions`, undefined, {
      varies: ["body.instanceActions"],
    });
    const actions = field(all, "body.instanceActions") as { action: string; request_id: string }[];
    const request = actions.find(({ action }) => action === "create")?.request_id;
    await alpha.call("nova", "GET", `${path}/os-instance-actions/${request}`);
    await alpha.call("nova", "GET", `${path}/os-instance-actions/${request}`, undefined, { version: "2.1" });
    await admin.call("nova", "GET", `${path}/os-instance-actions/${request}`, undefined, {
      varies: ["body.instanceAction.events.*.host"],
    });
    await alpha.call("nova", "GET", `${path}/os-instance-actions/req-00000000-0000-0000-0000-000000000001`);
    await alpha.call("nova", "PUT", path, { server: { name: "parity-nova-two", description: null, hostname: "two" } });
    await alpha.call("nova", "PUT", path, { server: { name: "parity-nova-two" } }, { version: "2.74" });
    await alpha.call("nova", "PUT", path, { server: { name: "" } });
    await alpha.call("nova", "PUT", path, { server: { parity: 1 } });
    await alpha.call("nova", "PUT", path, {});
    await reader.call("nova", "PUT", path, { server: { name: "parity" } });
    await alpha.call("nova", "DELETE", path);
    await alpha.until("nova", path, (reply) => reply.status === 404, PATIENT);
    await alpha.call("nova", "DELETE", path);
    await alpha.call("nova", "GET", `${path}/os-instance-actions`, undefined, { varies: ["body.instanceActions"] });
    await alpha.call("neutron", "GET", `/ports?network_id=${net}`);
  }),
  exchange("metadata and tags", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const { image, metal } = await ids(cloud, alpha);
    nodesComeBack(cloud);
    const { network: net } = await network(cloud, alpha, "10.80.0.0/24");
    const made = await alpha.call("nova", "POST", "/servers", {
      server: {
        name: "parity-nova-meta",
        imageRef: image,
        flavorRef: metal,
        networks: [{ uuid: net }],
        metadata: { a: "1" },
      },
    });
    const path = `/servers/${field(made, "body.server.id")}`;
    cleanUp(cloud, alpha, String(field(made, "body.server.id")));
    const call = (method: string, rest: string, body?: unknown) => alpha.call("nova", method, path + rest, body);
    await call("POST", "/metadata", { metadata: { early: "1" } });
    await call("PUT", "/tags/early");
    await alpha.until("nova", path, (reply) => status(reply) === "ACTIVE", PATIENT);
    await call("GET", "/metadata");
    await call("POST", "/metadata", { metadata: { b: "2" } });
    await call("PUT", "/metadata", { metadata: { c: "3" } });
    await call("PUT", "/metadata/c", { meta: { c: "4" } });
    await call("PUT", "/metadata/c", { meta: { d: "4" } });
    await call("PUT", "/metadata/c", { meta: {} });
    await call("GET", "/metadata/c");
    await call("GET", "/metadata/parity");
    await call("DELETE", "/metadata/parity");
    await call("DELETE", "/metadata/c");
    await call("POST", "/metadata", { metadata: { "a/b": "2" } });
    await call("POST", "/metadata", { metadata: { a: 2 } });
    await call("POST", "/metadata", {});
    await call("GET", "/metadata");
    await call("PUT", "/tags/one");
    await call("PUT", "/tags/one");
    await call("PUT", "/tags/a,b");
    await call("PUT", "/tags", { tags: ["x", "y"] });
    await call("PUT", "/tags", { tags: ["x,y"] });
    await call("PUT", "/tags", { tags: "x" });
    await call("GET", "/tags");
    await call("GET", "/tags/x");
    await call("GET", "/tags/parity");
    await call("DELETE", "/tags/x");
    await call("DELETE", "/tags/x");
    await call("DELETE", "/tags");
    await call("GET", "/tags");
    await alpha.call("nova", "GET", `${path}/tags`, undefined, { version: "2.25" });
    await alpha.call("nova", "GET", "/servers/00000000-0000-0000-0000-000000000001/metadata");
    await alpha.call("nova", "GET", "/servers/00000000-0000-0000-0000-000000000001/tags");
  }),
  exchange("power, locks and other actions", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const { project: admin } = await cloud.admin();
    const { image, otherImage, metal, gpu } = await ids(cloud, alpha);
    nodesComeBack(cloud);
    const { network: net } = await network(cloud, alpha, "10.81.0.0/24");
    const made = await alpha.call("nova", "POST", "/servers", {
      server: { name: "parity-nova-act", imageRef: image, flavorRef: metal, networks: [{ uuid: net }] },
    });
    const id = String(field(made, "body.server.id"));
    const path = `/servers/${id}`;
    cleanUp(cloud, alpha, id);
    const act = (body: unknown, version?: string, caller = alpha) =>
      caller.call("nova", "POST", `${path}/action`, body, version ? { version } : {});
    const rests = (wanted: string) =>
      alpha.until(
        "nova",
        path,
        (reply) => status(reply) === wanted && field(reply, "body.server.OS-EXT-STS:task_state") === null,
        PATIENT,
      );
    await rests("ACTIVE");
    await act({ "os-start": null });
    await act({ "os-stop": null });
    await rests("SHUTOFF");
    await act({ "os-stop": null });
    await act({ reboot: { type: "SOFT" } });
    await act({ reboot: { type: "parity" } });
    await act({ reboot: {} });
    await act({ reboot: null });
    await act({ reboot: { type: "HARD" } });
    await rests("ACTIVE");
    await act({ reboot: { type: "SOFT" } });
    await rests("ACTIVE");
    await act({ pause: null });
    await rests("ACTIVE");
    await act({ suspend: null });
    await rests("ACTIVE");
    await act({ unpause: null });
    await act({ resume: null });
    await act({ lock: { locked_reason: "parity" } });
    await alpha.call("nova", "GET", path);
    await act({ "os-stop": null });
    await act({ rebuild: { imageRef: image } });
    await alpha.call("nova", "PUT", path, { server: { description: "locked" } });
    await alpha.call("nova", "POST", `${path}/metadata`, { metadata: { a: "b" } });
    await alpha.call("nova", "PUT", `${path}/tags/parity`);
    await alpha.call("nova", "DELETE", path);
    await act({ lock: { parity: 1 } });
    await act({ lock: null });
    await act({ unlock: null }, undefined, admin);
    await act({ unlock: null });
    await act({ "os-getConsoleOutput": { length: 5 } });
    await act({ "os-getConsoleOutput": {} });
    await act({ "os-getConsoleOutput": { length: "x" } });
    const console_ = (protocol: string, type: string) =>
      alpha.call(
        "nova",
        "POST",
        `${path}/remote-consoles`,
        { remote_console: { protocol, type } },
        {
          varies: ["body.remote_console.url"],
        },
      );
    await console_("vnc", "novnc");
    await console_("spice", "spice-html5");
    await console_("serial", "serial");
    await console_("parity", "novnc");
    await act({ confirmResize: null });
    await act({ revertResize: null });
    await act({ resize: { flavorRef: metal } });
    await act({ resize: { flavorRef: "parity" } });
    await act({ "os-migrateLive": { host: null, block_migration: "auto" } });
    await rests("ACTIVE");
    await act({ migrate: null });
    await rests("ACTIVE");
    await act({ evacuate: {} });
    await act({ restore: null });
    await act({ trigger_crash_dump: null });
    await rests("ACTIVE");
    await act({ changePassword: { adminPass: "secret" } });
    await act({ parity: null });
    await act({});
    await act({ "os-start": null, "os-stop": null });
    await act({ addSecurityGroup: { name: "parity" } });
    await act({ removeSecurityGroup: { name: "parity" } });
    await act({ "os-resetState": { state: "error" } });
    await act({ "os-resetState": { state: "error" } }, undefined, admin);
    await alpha.call("nova", "GET", path);
    await alpha.call("nova", "POST", `${path}/metadata`, { metadata: { a: "b" } });
    await alpha.call("nova", "PUT", `${path}/tags/parity`);
    await act({ "os-resetState": { state: "active" } }, undefined, admin);
    await act({ rebuild: { imageRef: "00000000-0000-0000-0000-000000000001" } });
    await act({ rebuild: {} });
    await act({ resize: { flavorRef: gpu } });
    await rests("ACTIVE");
    await act(
      { rebuild: { imageRef: otherImage, name: "parity-nova-act2", metadata: { x: "y" }, user_data: "YQ==" } },
      "2.92",
    );
    await rests("ACTIVE");
    await act({ rebuild: { imageRef: image } }, "2.93");
    await alpha.until("nova", path, (reply) => status(reply) === "ERROR", PATIENT);
    await alpha.call("nova", "GET", `${path}/os-instance-actions`, undefined, { varies: ["body.instanceActions"] });
  }),
  exchange("ports are attached and detached", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const { image, metal } = await ids(cloud, alpha);
    nodesComeBack(cloud);
    const { network: net } = await network(cloud, alpha, "10.74.0.0/24");
    const other = await network(cloud, alpha, "10.75.0.0/24", "parity-nova-net2");
    const owned = await alpha.call("neutron", "POST", "/ports", {
      port: { network_id: other.network, name: "parity-nova-own" },
    });
    const own = String(field(owned, "body.port.id"));
    cloud.name(own, "port parity-nova-own");
    cloud.cleanup(() => alpha.call("neutron", "DELETE", `/ports/${own}`));
    const made = await alpha.call("nova", "POST", "/servers", {
      server: {
        name: "parity-nova-ports",
        imageRef: image,
        flavorRef: metal,
        networks: [{ uuid: net, fixed_ip: "10.74.0.7" }],
      },
    });
    const id = String(field(made, "body.server.id"));
    const path = `/servers/${id}`;
    cleanUp(cloud, alpha, id);
    await alpha.until("nova", path, (reply) => status(reply) === "ACTIVE", PATIENT);
    const attach = (interfaceAttachment: unknown) =>
      alpha.call("nova", "POST", `${path}/os-interface`, { interfaceAttachment });
    await attach({ port_id: own });
    await attach({ port_id: own });
    await attach({ port_id: own, net_id: net });
    await attach({ port_id: "00000000-0000-0000-0000-000000000001" });
    await attach({ net_id: "00000000-0000-0000-0000-000000000001" });
    await attach({ fixed_ips: [{ ip_address: "10.74.0.9" }] });
    await attach({ parity: 1 });
    await attach({ net_id: other.network, fixed_ips: [{ ip_address: "10.75.0.77" }] });
    const anyOrder = { unordered: ["body.interfaceAttachments"] };
    await alpha.call("nova", "GET", `${path}/os-interface`, undefined, anyOrder);
    await alpha.call("nova", "GET", `${path}/os-interface`, undefined, { ...anyOrder, version: "2.1" });
    await alpha.call("nova", "GET", `${path}/os-interface/${own}`);
    await alpha.call("nova", "GET", `${path}/os-interface/00000000-0000-0000-0000-000000000001`);
    await alpha.call("nova", "GET", path);
    await alpha.call("nova", "DELETE", `${path}/os-interface/${own}`);
    await alpha.until("neutron", `/ports/${own}`, (reply) => field(reply, "body.port.device_id") === "");
    await alpha.until("nova", path, (reply) => !JSON.stringify(reply.body).includes("parity-nova-net2"));
    await alpha.call("nova", "DELETE", `${path}/os-interface/${own}`);
    await alpha.call("nova", "DELETE", `${path}/os-interface/parity`);
    await alpha.call("nova", "POST", `${path}/action`, { addSecurityGroup: { name: "default" } });
    await alpha.call("nova", "POST", `${path}/action`, { removeSecurityGroup: { name: "default" } });
    await alpha.call("nova", "POST", `${path}/action`, { removeSecurityGroup: { name: "default" } });
    await alpha.call("nova", "DELETE", path);
    await alpha.until("nova", path, (reply) => reply.status === 404, PATIENT);
    await alpha.call("neutron", "GET", `/ports?network_id=${net}`);
  }),
  exchange("lists of servers", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const { project: admin } = await cloud.admin();
    const { image, metal } = await ids(cloud, alpha);
    nodesComeBack(cloud);
    const { network: net } = await network(cloud, alpha, "10.82.0.0/24");
    // Whatever was deleted before is older than the second in which this begins.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const since = new Date(Math.floor(Date.now() / 1000) * 1000).toISOString();
    const make = async (name: string, flavorRef = metal) => {
      const made = await alpha.call(
        "nova",
        "POST",
        "/servers",
        { server: { name, imageRef: image, flavorRef, networks: [{ uuid: net }] } },
        { unrecorded: true },
      );
      const id = String(field(made, "body.server.id"));
      cloud.name(id, `server ${name}`);
      cleanUp(cloud, alpha, id);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      return id;
    };
    const a = await make("parity-nova-a");
    const b = await make("parity-nova-b");
    const c = await make("parity-nova-c");
    for (const one of [a, b, c])
      await alpha.until("nova", `/servers/${one}`, (reply) => status(reply) === "ACTIVE", PATIENT);
    const list = (query: string, version?: string, caller = alpha) =>
      caller.call("nova", "GET", `/servers${query}`, undefined, version ? { version } : {});
    await list("");
    await list("?limit=2");
    await list(`?limit=2&marker=${b}`);
    await list("/detail?limit=1&sort_key=display_name&sort_dir=asc");
    await list("?sort_key=display_name&sort_dir=asc");
    await list("?sort_key=display_name&sort_dir=desc&limit=1");
    await list("?sort_key=parity");
    await list("?sort_key=host");
    await list("?limit=0");
    await list("?limit=x");
    await list("?limit=-1");
    await list("?marker=parity");
    await list("?marker=00000000-0000-0000-0000-000000000001");
    await list("?name=nova-b");
    await list("?name=[");
    await list("?name=^parity-nova-[ab]$");
    await list(`?flavor=${metal}&name=b`);
    await list("?flavor=parity");
    await list(`?image=${image}&status=ACTIVE`);
    await list("?status=parity");
    await list("?status=parity", "2.37");
    await list("?status=SHUTOFF");
    await list("?status=DELETED");
    await list("?parity=1");
    await list("?parity=1", "2.74");
    await list("?all_tenants=1");
    await list("?all_tenants=parity");
    await list(`?all_tenants=1&project_id=${alpha.projectId}`, undefined, admin);
    await list(`?uuid=${a}`);
    await list("?deleted=true");
    await list("?changes-since=parity");
    await list(`?changes-since=${since}`);
    await list(`?changes-since=${since}&changes-before=2020-01-01T00:00:00Z`);
    await list("?tags-any=parity&not-tags=a");
    await list("?locked=true");
    await list("?power_state=1");
    await list("?vm_state=active&task_state=null");
    await alpha.call("nova", "DELETE", `/servers/${c}`);
    await alpha.until("nova", `/servers/${c}`, (reply) => reply.status === 404, PATIENT);
    await list(`?changes-since=${since}`);
    await alpha.call("nova", "GET", `/servers/detail?changes-since=${since}&name=nova-c`);
    await list("");
    await list(`?uuid=${c}&deleted=true&all_tenants=1`, undefined, admin);
  }),
];
