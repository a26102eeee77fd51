/** Volumes given to another project. */
import { exchange, field } from "../exchange.ts";
import { BETA, gone, NOTHING, volume } from "./support.ts";

export const exchanges = [
  exchange(
    "a volume is given to another project",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const alpha = await cloud.as("alpha");
      const id = await volume(cloud, beta);
      const offered = await beta.call("cinder", "POST", "/volume-transfers", {
        transfer: { volume_id: id, name: "parity-cinder-transfer" },
      });
      const path = `/volume-transfers/${field(offered, "body.transfer.id")}`;
      cloud.cleanup(() => beta.call("cinder", "DELETE", path));
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "GET", path);
      await beta.call("cinder", "GET", "/volume-transfers");
      await beta.call("cinder", "GET", "/volume-transfers/detail");
      await beta.call("cinder", "GET", "/os-volume-transfer/detail", undefined, { version: "3.0" });
      await beta.call("cinder", "DELETE", `/volumes/${id}`);
      await beta.call("cinder", "POST", "/volume-transfers", { transfer: { volume_id: id } });
      await alpha.call("cinder", "GET", path);
      await alpha.call("cinder", "POST", `${path}/accept`, { accept: { auth_key: "wrong" } });
      await alpha.call("cinder", "POST", `${path}/accept`, { accept: {} });
      await alpha.call("cinder", "POST", `${path}/accept`, {
        accept: { auth_key: field(offered, "body.transfer.auth_key") },
      });
      gone(cloud, alpha, `/volumes/${id}`);
      await alpha.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "GET", path);
    },
    BETA,
  ),
  exchange(
    "a transfer is taken back",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const id = await volume(cloud, beta);
      const offered = await beta.call(
        "cinder",
        "POST",
        "/os-volume-transfer",
        { transfer: { volume_id: id } },
        { version: "3.0" },
      );
      const path = `/os-volume-transfer/${field(offered, "body.transfer.id")}`;
      await beta.call("cinder", "DELETE", path);
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "DELETE", path);
      await beta.call("cinder", "POST", "/volume-transfers", { transfer: { volume_id: NOTHING } });
      await beta.call("cinder", "POST", "/volume-transfers", { transfer: {} });
    },
    BETA,
  ),
];
