import type { Schema } from "./schema.ts";

/** The bodies that cinder's API takes. */

const BOOLEAN: Schema = {
  type: ["boolean", "string"],
  enum: [
    ...[true, "True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes", "y", "t"],
    ...[false, "False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no", "n", "f"],
  ],
};
const UUID: Schema = { type: "string", format: "uuid" };
const UUID_OR_NULL: Schema = { oneOf: [UUID, { type: "null" }] };
const SIZE: Schema = { type: ["integer", "string"], pattern: "^[0-9]+$", minimum: 1, maximum: 2147483647 };
const TEXT_OR_NULL: Schema = { type: ["string", "null"], minLength: 0, maxLength: 255 };
const NAME: Schema = { type: "string", minLength: 1, maxLength: 255, format: "name" };
const TRIMMED_NAME: Schema = { type: ["string", "null"], format: "name_non_mandatory_remove_white_spaces" };
const TRIMMED_DESCRIPTION: Schema = {
  type: ["string", "null"],
  format: "description_non_mandatory_remove_white_spaces",
};

const texts = (pattern: string, item: Schema, type: string | string[] = "object"): Schema => ({
  type,
  patternProperties: { [pattern]: item },
  additionalProperties: false,
});
const KEY = "^[a-zA-Z0-9-_:. /]{1,255}$";
const METADATA = texts(KEY, { type: "string", maxLength: 255 });
const METADATA_OR_NULL = texts(KEY, { type: "string", maxLength: 255 }, ["object", "null"]);
const SPECS_OR_NULL = texts(KEY, { type: ["string", "null"], maxLength: 255 });
const SPECS = texts("^[a-zA-Z0-9-_:.]{1,255}$", { type: ["string", "null"], minLength: 0, maxLength: 255 });

/** A body `{name: {…}}` and nothing beside it. */
const wrapped = (name: string, inner: Schema): Schema => ({
  type: "object",
  properties: { [name]: inner },
  required: [name],
  additionalProperties: false,
});
const closed = (properties: Record<string, Schema>, required: string[] = [], more: Schema = {}): Schema => ({
  type: "object",
  properties,
  ...(required.length > 0 ? { required } : {}),
  ...more,
  additionalProperties: false,
});

/** `POST /volumes`, as of 3.`minor`. */
export function createVolumeBody(minor: number): Schema {
  const properties: Record<string, Schema> = {
    name: TRIMMED_NAME,
    description: TRIMMED_DESCRIPTION,
    display_name: TRIMMED_NAME,
    display_description: TRIMMED_DESCRIPTION,
    volume_type: TEXT_OR_NULL,
    metadata: METADATA_OR_NULL,
    snapshot_id: UUID_OR_NULL,
    source_volid: UUID_OR_NULL,
    consistencygroup_id: UUID_OR_NULL,
    size: { ...SIZE, type: ["integer", "string", "null"] },
    availability_zone: { type: ["string", "null"], minLength: 1, maxLength: 255 },
    multiattach: { oneOf: [{ type: "null" }, BOOLEAN] },
    image_id: TEXT_OR_NULL,
    imageRef: TEXT_OR_NULL,
    ...(minor >= 13 ? { group_id: TEXT_OR_NULL } : {}),
    ...(minor >= 47 ? { backup_id: UUID_OR_NULL } : {}),
  };
  return {
    type: "object",
    properties: {
      volume: { type: "object", properties, additionalProperties: minor < 53 },
      "OS-SCH-HNT:scheduler_hints": { type: ["object", "null"] },
    },
    required: ["volume"],
    additionalProperties: false,
  };
}

/** `PUT /volumes/{id}`, as of 3.`minor`. */
export function updateVolumeBody(minor: number): Schema {
  const properties = {
    name: TRIMMED_NAME,
    description: TRIMMED_DESCRIPTION,
    display_name: TRIMMED_NAME,
    display_description: TRIMMED_DESCRIPTION,
    metadata: METADATA,
  };
  const some = Object.keys(properties).map((name) => ({ required: [name] }));
  return wrapped("volume", {
    type: "object",
    properties,
    additionalProperties: false,
    ...(minor >= 53 ? { anyOf: some } : {}),
  });
}

/** Bodies of `POST /volumes/{id}/action` by the action's name. */
export const VOLUME_ACTIONS: Readonly<Record<string, Schema>> = {
  "os-attach": closed(
    {
      instance_uuid: UUID,
      mountpoint: { type: "string", minLength: 1, maxLength: 255 },
      host_name: { type: "string", maxLength: 255 },
      mode: { type: "string", enum: ["rw", "ro"] },
    },
    ["mountpoint"],
    { anyOf: [{ required: ["instance_uuid"] }, { required: ["host_name"] }] },
  ),
  "os-detach": { type: ["object", "null"], properties: { attachment_id: UUID_OR_NULL }, additionalProperties: false },
  "os-reserve": {},
  "os-unreserve": {},
  "os-begin_detaching": {},
  "os-roll_detaching": {},
  "os-initialize_connection": closed({ connector: { type: ["object", "string"] } }, ["connector"]),
  "os-terminate_connection": closed({ connector: { type: ["string", "object", "null"] } }, ["connector"]),
  "os-force_detach": closed({
    connector: { type: ["string", "object", "null"] },
    attachment_id: { type: ["string", "null"] },
  }),
  "os-extend": closed({ new_size: SIZE }, ["new_size"]),
  "os-retype": closed(
    {
      new_type: { type: "string" },
      migration_policy: { type: ["string", "null"], enum: ["on-demand", "never"] },
    },
    ["new_type"],
  ),
  "os-set_bootable": closed({ bootable: BOOLEAN }, ["bootable"]),
  "os-update_readonly_flag": closed({ readonly: BOOLEAN }, ["readonly"]),
  "os-reset_status": {
    type: "object",
    format: "validate_volume_reset_body",
    properties: {
      status: { type: ["string", "null"], format: "volume_status" },
      attach_status: { type: ["string", "null"], format: "volume_attach_status" },
      migration_status: { type: ["string", "null"], format: "volume_migration_status" },
    },
    additionalProperties: false,
  },
  "os-force_delete": {},
  "os-migrate_volume": closed(
    { host: { type: ["string", "null"], maxLength: 255 }, force_host_copy: BOOLEAN, lock_volume: BOOLEAN },
    [],
    {},
  ),
  revert: {
    type: "object",
    properties: { snapshot_id: { type: ["string", "null"] } },
    additionalProperties: true,
  },
  "os-set_image_metadata": closed({ metadata: texts(KEY, { type: "string" }) }, ["metadata"]),
  "os-show_image_metadata": {},
  "os-unset_image_metadata": closed({ key: { type: "string", minLength: 1, maxLength: 255 } }, ["key"]),
};

/** Body of an action: its name and nothing beside it. */
export const actionBody = (name: string, inner: Schema): Schema => wrapped(name, inner);

/** `POST …/metadata` and `PUT …/metadata`. */
export const METADATA_BODY = wrapped("metadata", METADATA);

/** `PUT …/metadata/{key}`. */
export const META_BODY = wrapped("meta", { ...METADATA, minProperties: 1, maxProperties: 1 });

/** `POST /snapshots`. */
export const CREATE_SNAPSHOT = wrapped(
  "snapshot",
  closed(
    {
      name: TEXT_OR_NULL,
      display_name: TEXT_OR_NULL,
      description: TEXT_OR_NULL,
      volume_id: UUID_OR_NULL,
      force: BOOLEAN,
      metadata: METADATA_OR_NULL,
    },
    ["volume_id"],
  ),
);

/** `PUT /snapshots/{id}`. */
export const UPDATE_SNAPSHOT = wrapped("snapshot", {
  type: "object",
  properties: {
    name: TEXT_OR_NULL,
    description: TEXT_OR_NULL,
    display_name: TEXT_OR_NULL,
    display_description: TEXT_OR_NULL,
  },
  additionalProperties: false,
  anyOf: ["name", "description", "display_name", "display_description"].map((name) => ({ required: [name] })),
});

/** Bodies of `POST /snapshots/{id}/action`. */
export const SNAPSHOT_ACTIONS: Readonly<Record<string, Schema>> = {
  "os-reset_status": closed({ status: { type: "string", format: "snapshot_status" } }, ["status"]),
  "os-force_delete": {},
};

/** `POST /attachments`, as of 3.`minor`. */
export const createAttachmentBody = (minor: number): Schema =>
  wrapped(
    "attachment",
    closed(
      {
        instance_uuid: UUID,
        connector: { type: ["object", "null"] },
        volume_uuid: UUID,
        ...(minor >= 54 ? { mode: { type: "string", enum: ["rw", "ro"] } } : {}),
      },
      ["volume_uuid"],
    ),
  );

/** `PUT /attachments/{id}`. */
export const UPDATE_ATTACHMENT = wrapped(
  "attachment",
  closed({ connector: { type: "object", minProperties: 1 } }, ["connector"]),
);

/** `POST /backups`, as of 3.`minor`. */
export const createBackupBody = (minor: number): Schema =>
  wrapped(
    "backup",
    closed(
      {
        volume_id: UUID,
        container: TEXT_OR_NULL,
        description: TEXT_OR_NULL,
        incremental: BOOLEAN,
        force: BOOLEAN,
        name: TEXT_OR_NULL,
        snapshot_id: UUID_OR_NULL,
        ...(minor >= 43 ? { metadata: METADATA_OR_NULL } : {}),
        ...(minor >= 51 ? { availability_zone: TEXT_OR_NULL } : {}),
      },
      ["volume_id"],
    ),
  );

/** `PUT /backups/{id}`, as of 3.`minor`. */
export const updateBackupBody = (minor: number): Schema =>
  wrapped("backup", {
    type: ["object", "null"],
    properties: { name: TEXT_OR_NULL, description: TEXT_OR_NULL, ...(minor >= 43 ? { metadata: METADATA } : {}) },
    additionalProperties: false,
  });

/** `POST /backups/{id}/restore`. */
export const RESTORE_BACKUP = wrapped("restore", {
  type: ["object", "null"],
  properties: { name: TEXT_OR_NULL, volume_id: UUID_OR_NULL },
  additionalProperties: false,
});

/** `POST /backups/import_record`. */
export const IMPORT_BACKUP = wrapped(
  "backup-record",
  closed(
    {
      backup_service: { type: "string", minLength: 0, maxLength: 255 },
      backup_url: { type: "string", minLength: 1, format: "base64" },
    },
    ["backup_service", "backup_url"],
  ),
);

/** Bodies of `POST /backups/{id}/action`. */
export const BACKUP_ACTIONS: Readonly<Record<string, Schema>> = {
  "os-reset_status": closed({ status: { type: "string", format: "backup_status" } }, ["status"]),
  "os-force_delete": {},
};

/** `POST /volume-transfers`, as of 3.`minor`. */
export const createTransferBody = (minor: number): Schema =>
  wrapped(
    "transfer",
    closed(
      {
        volume_id: UUID,
        name: { oneOf: [{ type: "string", format: "name_skip_leading_trailing_spaces" }, { type: "null" }] },
        ...(minor >= 55 ? { no_snapshots: BOOLEAN } : {}),
      },
      ["volume_id"],
    ),
  );

/** `POST /volume-transfers/{id}/accept`. */
export const ACCEPT_TRANSFER = wrapped("accept", closed({ auth_key: { type: ["string", "integer"] } }, ["auth_key"]));

/** `POST /types`. */
export const CREATE_TYPE = wrapped(
  "volume_type",
  closed(
    {
      name: NAME,
      description: TEXT_OR_NULL,
      extra_specs: SPECS_OR_NULL,
      "os-volume-type-access:is_public": BOOLEAN,
    },
    ["name"],
  ),
);

/** `PUT /types/{id}`. */
export const UPDATE_TYPE = wrapped(
  "volume_type",
  closed({
    name: { type: ["string", "null"], minLength: 1, maxLength: 255 },
    description: TEXT_OR_NULL,
    is_public: BOOLEAN,
  }),
);

/** Bodies of `POST /types/{id}/action`. */
export const TYPE_ACTIONS: Readonly<Record<string, Schema>> = {
  addProjectAccess: closed({ project: { type: "string", minLength: 1, maxLength: 255 } }, ["project"]),
  removeProjectAccess: closed({ project: { type: "string", minLength: 1, maxLength: 255 } }, ["project"]),
};

/** `POST /types/{id}/extra_specs`. */
export const CREATE_SPECS = wrapped("extra_specs", SPECS);

/** `PUT /types/{id}/extra_specs/{key}`. */
export const UPDATE_SPEC: Schema = { ...SPECS, minProperties: 1, maxProperties: 1 };

/** `PUT /default-types/{project}`. */
export const DEFAULT_TYPE: Schema = {
  type: "object",
  properties: { default_type: closed({ volume_type: NAME }, ["volume_type"]) },
  required: ["default_type"],
};

/** `POST /qos-specs`. */
export const CREATE_QOS = wrapped("qos_specs", {
  type: "object",
  properties: { name: { type: "string", format: "name_skip_leading_trailing_spaces" } },
  required: ["name"],
  additionalProperties: true,
});

/** `PUT /qos-specs/{id}`. */
export const UPDATE_QOS = wrapped("qos_specs", SPECS_OR_NULL);

/** `PUT /qos-specs/{id}/delete_keys`. */
export const QOS_KEYS = wrapped("keys", {
  type: "array",
  items: { type: "string", minLength: 1, maxLength: 255 },
  uniqueItems: true,
});

/** `PUT /os-quota-sets/{project}`. */
export const QUOTA_SET = wrapped("quota_set", { type: "object", minProperties: 1 });
