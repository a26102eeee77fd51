/** Volume types, their specs and access, default types, qos. */
import { exchange, field } from "../exchange.ts";
import { BETA, NOTHING, volume } from "./support.ts";

export const exchanges = [
  exchange(
    "types as a tenant sees them",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { project } = await cloud.admin();
      const all = await beta.call("cinder", "GET", "/types?sort_key=name&sort_dir=asc");
      const types = all.body["volume_types"] as { id: string; name: string }[];
      for (const { id, name } of types) cloud.name(id, `type ${name}`);
      const iscsi = types.find(({ name }) => name === "iscsi")?.id;
      await beta.call("cinder", "GET", "/types?sort=name:asc&limit=1");
      await beta.call("cinder", "GET", `/types/${iscsi}`);
      await beta.call("cinder", "GET", "/types/default");
      await beta.call("cinder", "GET", `/types/${NOTHING}`);
      await beta.call("cinder", "GET", "/types/iscsi");
      await beta.call("cinder", "GET", `/types/${iscsi}/extra_specs`);
      await beta.call("cinder", "GET", `/types/${iscsi}/extra_specs/volume_backend_name`);
      await beta.call("cinder", "GET", `/types/${iscsi}/os-volume-type-access`);
      await beta.call("cinder", "GET", "/types?parity=1");
      await beta.call("cinder", "GET", "/types?is_public=None", undefined, { unordered: ["body.volume_types"] });
      await beta.call("cinder", "POST", "/types", { volume_type: { name: "parity-cinder-type" } });
      await beta.call("cinder", "PUT", `/types/${iscsi}`, { volume_type: { name: "x" } });
      await beta.call("cinder", "DELETE", `/types/${iscsi}`);
      await beta.call("cinder", "POST", `/types/${iscsi}/extra_specs`, { extra_specs: { a: "b" } });
      await beta.call("cinder", "GET", "/default-types");
      await beta.call("cinder", "GET", `/default-types/${beta.projectId}`);
      await beta.call("cinder", "GET", "/qos-specs");
      await project.call("cinder", "GET", `/types/${iscsi}`);
      await project.call("cinder", "GET", `/types/${iscsi}/extra_specs`);
      await project.call("cinder", "GET", `/types/${iscsi}/extra_specs/volume_backend_name`);
      await project.call("cinder", "GET", `/types/${iscsi}/extra_specs/parity`);
      await project.call("cinder", "GET", `/types/${iscsi}/os-volume-type-access`);
      await project.call("cinder", "DELETE", `/types/${iscsi}`);
      await project.call("cinder", "GET", "/types?is_public=maybe");
    },
    BETA,
  ),
  exchange(
    "a private type",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const alpha = await cloud.as("alpha");
      const { project } = await cloud.admin();
      const made = await project.call("cinder", "POST", "/types", {
        volume_type: {
          name: "parity-cinder-private",
          description: "d",
          extra_specs: { volume_backend_name: "iscsi1" },
          "os-volume-type-access:is_public": false,
        },
      });
      const id = String(field(made, "body.volume_type.id"));
      const path = `/types/${id}`;
      cloud.cleanup(() => project.call("cinder", "DELETE", path));
      await project.call("cinder", "POST", "/types", { volume_type: { name: "parity-cinder-private" } });
      await beta.call("cinder", "GET", path);
      await project.call("cinder", "POST", `${path}/action`, { addProjectAccess: { project: beta.projectId } });
      await project.call("cinder", "POST", `${path}/action`, { addProjectAccess: { project: beta.projectId } });
      await project.call("cinder", "GET", `${path}/os-volume-type-access`);
      await project.call("cinder", "GET", path);
      await beta.call("cinder", "GET", path);
      await beta.call("cinder", "GET", "/types?sort=name:asc");
      await alpha.call("cinder", "GET", "/types?sort=name:asc");
      await alpha.call("cinder", "GET", path);
      await alpha.call("cinder", "POST", "/volumes", { volume: { size: 1, volume_type: "parity-cinder-private" } });
      const kept = await volume(cloud, beta, { volume_type: "parity-cinder-private" }, { unrecorded: false });
      await beta.call("cinder", "GET", `/volumes/${kept}`);
      await project.call("cinder", "DELETE", path);
      await project.call("cinder", "POST", `${path}/extra_specs`, { extra_specs: { a: "b" } });
      await project.call("cinder", "POST", `${path}/action`, { removeProjectAccess: { project: beta.projectId } });
      await project.call("cinder", "POST", `${path}/action`, { removeProjectAccess: { project: beta.projectId } });
      await project.call("cinder", "PUT", path, { volume_type: { description: "e", is_public: true } });
      await project.call("cinder", "PUT", path, { volume_type: {} });
      await project.call("cinder", "PUT", path, { volume_type: { name: "iscsi" } });
      await project.call("cinder", "POST", `${path}/action`, { addProjectAccess: { project: beta.projectId } });
      await beta.call("cinder", "GET", `/volumes/${kept}`);
    },
    BETA,
  ),
  exchange(
    "extra specs, default types and qos",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { project } = await cloud.admin();
      const made = await project.call("cinder", "POST", "/types", { volume_type: { name: "parity-cinder-specs" } });
      const id = String(field(made, "body.volume_type.id"));
      cloud.cleanup(() => project.call("cinder", "DELETE", `/types/${id}`));
      const specs = `/types/${id}/extra_specs`;
      await project.call("cinder", "POST", specs, {
        extra_specs: { volume_backend_name: "iscsi1", multiattach: "no" },
      });
      await project.call("cinder", "PUT", `${specs}/multiattach`, { multiattach: "<is> True" });
      await project.call("cinder", "PUT", `${specs}/multiattach`, { other: "x" });
      await beta.call("cinder", "GET", `/types/${id}`);
      await project.call("cinder", "GET", specs);
      await project.call("cinder", "DELETE", `${specs}/multiattach`);
      await project.call("cinder", "DELETE", `${specs}/multiattach`);
      await project.call("cinder", "POST", specs, { extra_specs: { a: 1 } });
      await project.call("cinder", "POST", "/types", { volume_type: {} });
      await project.call("cinder", "POST", "/types", { volume_type: { name: "" } });
      await project.call("cinder", "GET", `/default-types/${beta.projectId}`);
      await project.call("cinder", "PUT", `/default-types/${beta.projectId}`, { default_type: { volume_type: id } });
      cloud.cleanup(() => project.call("cinder", "DELETE", `/default-types/${beta.projectId}`));
      await project.call("cinder", "GET", `/default-types/${beta.projectId}`);
      await project.call("cinder", "GET", "/default-types");
      await beta.call("cinder", "GET", "/types/default");
      await project.call("cinder", "DELETE", `/types/${id}`);
      await project.call("cinder", "DELETE", `/default-types/${beta.projectId}`);
      await project.call("cinder", "PUT", `/default-types/${beta.projectId}`, {
        default_type: { volume_type: NOTHING },
      });
      const qos = await project.call("cinder", "POST", "/qos-specs", {
        qos_specs: { name: "parity-cinder-qos", consumer: "back-end", read_iops_sec: "100" },
      });
      const qosId = String(field(qos, "body.qos_specs.id"));
      cloud.cleanup(() => project.call("cinder", "DELETE", `/qos-specs/${qosId}?force=true`));
      await project.call("cinder", "GET", "/qos-specs");
      await project.call("cinder", "GET", `/qos-specs/${qosId}`);
      await project.call("cinder", "PUT", `/qos-specs/${qosId}`, { qos_specs: { more: "1" } });
      await project.call("cinder", "GET", `/qos-specs/${qosId}/associate?vol_type_id=${id}`);
      await project.call("cinder", "GET", `/qos-specs/${qosId}/associations`);
      await project.call("cinder", "GET", `/types/${id}`);
      await project.call("cinder", "DELETE", `/qos-specs/${qosId}`);
      await project.call("cinder", "GET", `/qos-specs/${qosId}/disassociate?vol_type_id=${id}`);
      await project.call("cinder", "PUT", `/qos-specs/${qosId}/delete_keys`, { keys: ["more"] });
      await project.call("cinder", "DELETE", `/qos-specs/${qosId}`);
      await project.call("cinder", "GET", `/qos-specs/${qosId}`);
    },
    BETA,
  ),
];
