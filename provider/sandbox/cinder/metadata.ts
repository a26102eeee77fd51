import { createHash } from "node:crypto";
import type { Answer, Call } from "../kernel/call.ts";
import { object } from "../kernel/input.ts";
import type { Route } from "../kernel/service.ts";
import { api, bodyOf, empty } from "./api.ts";
import { META_BODY, METADATA_BODY } from "./bodies.ts";
import { authorize, type Cinder } from "./core.ts";
import { bad, invalidVolume, notFound } from "./errors.ts";
import type { Texts } from "./rows.ts";
import { since } from "./versions.ts";

/** A thing with metadata, and what it is called. */
interface Owner {
  readonly id: string;
  readonly projectId: string;
  readonly status: string;
  metadata: Texts;
}

interface Kind {
  /** `/volumes`. */
  readonly path: string;
  /** `Volume`. */
  readonly name: string;
  /** Names of the policies. */
  readonly policies: {
    readonly get: string;
    readonly create: string;
    readonly update: string;
    readonly delete: string;
  };
  readonly find: (call: Call) => Owner;
  readonly save: (owner: Owner) => void;
  /** Answers carry an etag as of 3.15. */
  readonly etags: boolean;
}

/** Metadata as Python writes it in JSON, of which the etag is made. */
const pythonJson = (metadata: Texts): string =>
  `{"metadata": {${Object.entries(metadata)
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(", ")}}}`;

const etagOf = (metadata: Texts): string => createHash("md5").update(pythonJson(metadata)).digest("hex");

/** `/volumes/{id}/metadata` and `/snapshots/{id}/metadata`. */
export function metadataRoutes(cinder: Cinder): Route[] {
  return [
    ...routesOf({
      path: "/volumes",
      name: "Volume",
      policies: {
        get: "volume:get_volume_metadata",
        create: "volume:create_volume_metadata",
        update: "volume:update_volume_metadata",
        delete: "volume:delete_volume_metadata",
      },
      find: (call) => cinder.volume(call.caller, call.params["id"]!),
      save: (owner) => cinder.touch(cinder.volumes, cinder.volumes.get(owner.id)!),
      etags: true,
    }),
    ...routesOf({
      path: "/snapshots",
      name: "Snapshot",
      policies: {
        get: "volume:get_snapshot_metadata",
        create: "volume:update_snapshot_metadata",
        update: "volume:update_snapshot_metadata",
        delete: "volume:delete_snapshot_metadata",
      },
      find: (call) => cinder.snapshot(call.caller, call.params["id"]!),
      save: (owner) => cinder.touch(cinder.snapshots, cinder.snapshots.get(owner.id)!),
      etags: false,
    }),
  ];
}

function routesOf(kind: Kind): Route[] {
  const path = `${kind.path}/{id}/metadata`;
  const missing = (owner: Owner, key: string) => notFound(`${kind.name} ${owner.id} has no metadata with key ${key}.`);
  const get = (call: Call): Owner => {
    const owner = kind.find(call);
    authorize(call, kind.policies.get, "reader", owner.projectId);
    return owner;
  };
  const change = (call: Call, policy: string, metadata: (owner: Owner) => Texts): Owner => {
    const owner = kind.find(call);
    authorize(call, policy, "member", owner.projectId);
    if (kind.etags && ["maintenance", "uploading"].includes(owner.status))
      throw invalidVolume(`Updating volume metadata is not allowed for volumes in ${owner.status} status.`);
    owner.metadata = metadata(owner);
    kind.save(owner);
    return owner;
  };
  /** The answer where the caller's etag is an old one. */
  const stale = (call: Call): Answer | undefined => {
    const wanted = call.headers["if-match"];
    if (!kind.etags || !since(call, 15) || !wanted || wanted.trim() === "*") return undefined;
    return wanted.includes(etagOf(get(call).metadata)) ? undefined : empty(412);
  };
  return [
    ...api("GET", path, (call) => {
      const { metadata } = get(call);
      if (!kind.etags || !since(call, 15)) return { status: 200, body: { metadata } };
      const headers = { "Content-Type": "text/html; charset=UTF-8", Etag: etagOf(metadata) };
      return { status: 200, body: pythonJson(metadata), headers };
    }),
    ...api("POST", path, (call) => {
      const sent = bodyOf(call, METADATA_BODY, "metadata") as Texts;
      const { metadata } = change(call, kind.policies.create, (owner) => ({ ...owner.metadata, ...sent }));
      return { status: 200, body: { metadata } };
    }),
    ...api("PUT", path, (call) => {
      const sent = bodyOf(call, METADATA_BODY, "metadata") as Texts;
      const old = stale(call);
      if (old) return old;
      const { metadata } = change(call, kind.policies.update, () => ({ ...sent }));
      return { status: 200, body: { metadata } };
    }),
    ...api("GET", `${path}/{key}`, (call) => {
      const owner = get(call);
      const key = call.params["key"]!;
      if (!Object.hasOwn(owner.metadata, key)) throw missing(owner, key);
      return { status: 200, body: { meta: { [key]: owner.metadata[key] } } };
    }),
    ...api("PUT", `${path}/{key}`, (call) => {
      const meta = object(bodyOf(call, META_BODY, "meta")) as Texts;
      const old = stale(call);
      if (old) return old;
      if (!Object.hasOwn(meta, call.params["key"]!)) throw bad("Request body and URI mismatch");
      change(call, kind.policies.update, (owner) => ({ ...owner.metadata, ...meta }));
      return { status: 200, body: { meta } };
    }),
    ...api("DELETE", `${path}/{key}`, (call) => {
      const owner = get(call);
      const key = call.params["key"]!;
      if (!Object.hasOwn(owner.metadata, key)) throw missing(owner, key);
      change(call, kind.policies.delete, ({ metadata: { [key]: _, ...rest } }) => rest);
      return empty(200);
    }),
  ];
}
