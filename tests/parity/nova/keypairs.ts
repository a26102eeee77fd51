/** Key pairs and server groups: what a user has beside servers. */
import { exchange, field } from "../exchange.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGwKh6oCyMBJKxAIuYhSpxpHBXYI9aU3oqJNSfgxW7ll parity";
const RSA =
  "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCzUYoaR+lFMRJxTuxSyD+wiAvIZz6hIO9jS8M+H2BNxD6ZLRFn3gxRLkxTANMjv3XL+sS8lEnwFLkdvcCjYX3b0/aMDw9vWTgvPsM9vgPNKh1ZJvJEfVcJYbKfVJdmnKmXgJ4x+0MNVZYq8F8Z1C2UGkxvwPiOuNXy/LKpX3lQCWWGqBw2oBYO0Wm9Q7lG8xtS8nD3xJYwGgwLAxdpHyW2nPYU3W1cYCFl3f1ocVZJ6VFJg0UUOEsJ9W3pKx1hhWYxTT7oGVkyTIcZlLT5x0V0s6x6f7J1WmvFhoh+pMkpLWlGDzNQC4YHHPV2XxZbDbTU1C8hSYMmzQjIzD5yR3dL parity";

export const exchanges = [
  exchange("key pairs", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const reader = await cloud.as("alpha-reader", "alpha");
    const { project: admin } = await cloud.admin();
    const create = (keypair: unknown, version?: string) =>
      alpha.call("nova", "POST", "/os-keypairs", { keypair }, version ? { version } : {});
    const name = "parity-nova-key";
    for (const one of [name, "parity-nova-rsa", "parity nova@key", "parity-nova-made"])
      cloud.cleanup(() => alpha.call("nova", "DELETE", `/os-keypairs/${encodeURIComponent(one)}`));
    await create({ name, public_key: KEY });
    await create({ name, public_key: KEY });
    await create({ name: "parity-nova-rsa", public_key: RSA }, "2.1");
    await create({ name: "parity nova@key", public_key: KEY });
    await create({ name: "parity nova@key", public_key: KEY }, "2.91");
    await create({ name: "parity-nova-made" });
    await alpha.call(
      "nova",
      "POST",
      "/os-keypairs",
      { keypair: { name: "parity-nova-made" } },
      {
        version: "2.91",
        varies: ["body.keypair.public_key"],
      },
    );
    await alpha.call("nova", "DELETE", "/os-keypairs/parity-nova-made");
    await create({ name: "parity-nova-bad", public_key: "parity" });
    await create({ name: "parity-nova-bad", public_key: "ssh-rsa AAAA parity" });
    await create({ name: "parity/bad", public_key: KEY });
    await create({ public_key: KEY });
    await create({ name, public_key: KEY, type: "parity" });
    await create({ name, public_key: KEY, user_id: alpha.userId });
    await alpha.call("nova", "GET", "/os-keypairs");
    await alpha.call("nova", "GET", "/os-keypairs", undefined, { version: "2.1" });
    await alpha.call("nova", "GET", "/os-keypairs?limit=1");
    await alpha.call("nova", "GET", "/os-keypairs?limit=1&marker=parity-nova-key");
    await alpha.call("nova", "GET", "/os-keypairs?marker=parity-unknown");
    await alpha.call("nova", "GET", `/os-keypairs/${name}`);
    await alpha.call("nova", "GET", `/os-keypairs/${name}`, undefined, { version: "2.1" });
    await alpha.call("nova", "GET", "/os-keypairs/parity-unknown");
    await alpha.call("nova", "GET", `/os-keypairs?user_id=${reader.userId}`);
    await reader.call("nova", "GET", `/os-keypairs/${name}`);
    await reader.call("nova", "POST", "/os-keypairs", { keypair: { name, public_key: KEY } });
    await reader.call("nova", "DELETE", `/os-keypairs/${name}`);
    await admin.call("nova", "GET", `/os-keypairs?user_id=${alpha.userId}&limit=1`);
    await alpha.call("nova", "DELETE", `/os-keypairs/${name}`);
    await alpha.call("nova", "DELETE", `/os-keypairs/${name}`);
    await alpha.call("nova", "DELETE", "/os-keypairs/parity-nova-rsa", undefined, { version: "2.1" });
  }),
  exchange("server groups", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const beta = await cloud.as("beta");
    const reader = await cloud.as("alpha-reader", "alpha");
    const create = (server_group: unknown, version?: string, caller = alpha) =>
      caller.call("nova", "POST", "/os-server-groups", { server_group }, version ? { version } : {});
    const made = await create({ name: "parity-nova-group", policy: "anti-affinity" });
    const path = `/os-server-groups/${field(made, "body.server_group.id")}`;
    cloud.cleanup(() => alpha.call("nova", "DELETE", path));
    await alpha.call("nova", "GET", path);
    await alpha.call("nova", "GET", path, undefined, { version: "2.13" });
    await alpha.call("nova", "GET", "/os-server-groups");
    await reader.call("nova", "GET", "/os-server-groups");
    await beta.call("nova", "GET", path);
    await create({ name: "parity-nova-group", policies: ["affinity"] });
    await create({ name: "parity-nova-group", policy: "parity" });
    await create({ name: "parity-nova-group", policy: "affinity", rules: { max_server_per_host: 1 } });
    await create({ name: "parity-nova-group", policy: "affinity" }, undefined, reader);
    await create({ name: "parity-nova-group", policies: ["soft-affinity"] }, "2.1");
    await create({ name: "parity-nova-group", policies: [] }, "2.1");
    const old = await create({ name: "parity-nova-group", policies: ["anti-affinity"] }, "2.1");
    await alpha.call("nova", "DELETE", `/os-server-groups/${field(old, "body.server_group.id")}`);
    const rules = { name: "parity-nova-group", policy: "anti-affinity", rules: { max_server_per_host: "3" } };
    const ruled = await create(rules);
    await alpha.call("nova", "DELETE", `/os-server-groups/${field(ruled, "body.server_group.id")}`);
    await beta.call("nova", "DELETE", path);
    await alpha.call("nova", "DELETE", path);
    await alpha.call("nova", "DELETE", path);
    await alpha.call("nova", "GET", path);
  }),
];
