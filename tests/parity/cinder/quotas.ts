/** Quotas, limits, zones, services, pools. */
import { resetQuota, setQuota } from "../../cloud/faults.ts";
import { exchange } from "../exchange.ts";
import { BETA, NOTHING, snapshot, volume } from "./support.ts";

export const exchanges = [
  exchange(
    "quotas read and set",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { project } = await cloud.admin();
      const path = `/os-quota-sets/${beta.projectId}`;
      cloud.cleanup(() => resetQuota("cinder", "beta"));
      await beta.call("cinder", "GET", path);
      await beta.call("cinder", "GET", `${path}?usage=true`, undefined, { varies: ["body.quota_set.*.reserved"] });
      await beta.call("cinder", "GET", `${path}/defaults`);
      await beta.call("cinder", "GET", "/limits");
      await beta.call("cinder", "PUT", path, { quota_set: { volumes: 1 } });
      const alpha = await cloud.as("alpha");
      await alpha.call("cinder", "GET", path);
      await project.call("cinder", "PUT", path, { quota_set: { volumes: 5, gigabytes_iscsi: 7 } });
      await beta.call("cinder", "GET", path);
      await project.call("cinder", "PUT", path, { quota_set: { parity: 5 } });
      await project.call("cinder", "PUT", path, { quota_set: { volumes: -2 } });
      await project.call("cinder", "PUT", path, { quota_set: { volumes: "many" } });
      await project.call("cinder", "PUT", path, { quota_set: {} });
      await project.call("cinder", "PUT", path, {});
      await project.call("cinder", "DELETE", path);
      await beta.call("cinder", "GET", path);
    },
    BETA,
  ),
  exchange(
    "over the quota",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { project } = await cloud.admin();
      cloud.cleanup(() => resetQuota("cinder", "beta"));
      const id = await volume(cloud, beta);
      const snap = await snapshot(cloud, beta, id);
      const create = (body: unknown) => beta.call("cinder", "POST", "/volumes", { volume: body });
      await beta.call("cinder", "GET", `/os-quota-sets/${beta.projectId}?usage=true`);
      await beta.call("cinder", "GET", "/limits");
      await setQuota("cinder", "beta", { volumes: 1 });
      await create({ size: 1 });
      await setQuota("cinder", "beta", { volumes: 5, gigabytes: 2 });
      await create({ size: 1 });
      await beta.call("cinder", "POST", `/volumes/${id}/action`, { "os-extend": { new_size: 5 } });
      await beta.call("cinder", "POST", "/snapshots", { snapshot: { volume_id: id } });
      await setQuota("cinder", "beta", { gigabytes: 10, snapshots: 1, backups: 0 });
      await beta.call("cinder", "POST", "/snapshots", { snapshot: { volume_id: id } });
      await beta.call("cinder", "POST", "/backups", { backup: { volume_id: id } });
      await setQuota("cinder", "beta", { backups: 3, backup_gigabytes: 0 });
      await beta.call("cinder", "POST", "/backups", { backup: { volume_id: id } });
      await setQuota("cinder", "beta", { per_volume_gigabytes: 2 });
      await create({ size: 3 });
      await beta.call("cinder", "POST", `/volumes/${id}/action`, { "os-extend": { new_size: 5 } });
      await setQuota("cinder", "beta", { per_volume_gigabytes: -1, gigabytes_iscsi: 2 });
      await create({ size: 1 });
      await setQuota("cinder", "beta", { gigabytes_iscsi: -1, volumes_iscsi: 1 });
      await create({ size: 1 });
      await project.call("cinder", "PUT", `/os-quota-sets/${beta.projectId}`, { quota_set: { gigabytes: 1 } });
      await beta.call("cinder", "DELETE", `/snapshots/${snap}`);
    },
    BETA,
  ),
  exchange(
    "zones, services, pools",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { project } = await cloud.admin();
      await beta.call("cinder", "GET", "/os-availability-zone");
      await beta.call("cinder", "GET", "/os-services");
      await beta.call("cinder", "GET", "/scheduler-stats/get_pools");
      await beta.call("cinder", "GET", "/capabilities/oscloud@iscsi1");
      await beta.call("cinder", "GET", `/messages/${NOTHING}`);
      await beta.call("cinder", "DELETE", `/messages/${NOTHING}`);
      await project.call("cinder", "GET", "/os-services", undefined, { unordered: true });
      await project.call("cinder", "GET", "/os-services?binary=cinder-volume", undefined, {
        version: "3.0",
        unordered: true,
      });
      await project.call("cinder", "GET", "/scheduler-stats/get_pools", undefined, { unordered: true });
    },
    BETA,
  ),
];
