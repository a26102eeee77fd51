import type { Answer, Call } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { list, object } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Nova } from "./core.ts";
import { bad, missing, NovaRefusal, noSuchResource } from "./errors.ts";
import type { Quotas } from "./quotas.ts";
import type { ServerRow, VmState } from "./rows.ts";
import { validate } from "./schema.ts";
import * as t from "./types.ts";

const SETTLED: readonly VmState[] = ["active", "paused", "suspended", "stopped"];

const TAG_WORK: Record<string, string> = {
  update: "update tag",
  update_all: "update tags",
  delete: "delete tag",
  delete_all: "delete tags",
};

const META = t.wrapped("meta", { ...t.metadata, minProperties: 1, maxProperties: 1 });
const METADATA = t.wrapped("metadata", t.metadata);

/** The metadata and the tags of servers. */
export class Items {
  readonly #nova: Nova;
  readonly #quotas: Quotas;

  constructor(nova: Nova, quotas: Quotas) {
    this.#nova = nova;
    this.#quotas = quotas;
  }

  routes(): Route[] {
    const metadata = "/v2.1/servers/{server}/metadata";
    const tags = "/v2.1/servers/{server}/tags";
    return [
      route("GET", metadata, (call) => ({
        status: 200,
        body: { metadata: this.#readable(call, "server-metadata:index").metadata },
      })),
      route("POST", metadata, (call) => this.#setAll(call, false)),
      route("PUT", metadata, (call) => this.#setAll(call, true)),
      route("GET", `${metadata}/{key}`, (call) => this.#show(call)),
      route("PUT", `${metadata}/{key}`, (call) => this.#set(call)),
      route("DELETE", `${metadata}/{key}`, (call) => this.#delete(call)),
      route("GET", tags, (call) => ({ status: 200, body: { tags: this.#tagged(call, "index").tags } })),
      route("PUT", tags, (call) => this.#setTags(call)),
      route("DELETE", tags, (call) => this.#dropTags(call)),
      route("GET", `${tags}/{tag}`, (call) => this.#tag(call)),
      route("PUT", `${tags}/{tag}`, (call) => this.#addTag(call)),
      route("DELETE", `${tags}/{tag}`, (call) => this.#dropTag(call)),
    ];
  }

  #readable(call: Call, rule: string): ServerRow {
    return this.#nova.serverFor(call, "reader", rule);
  }

  #changeable(call: Call, rule: string, action: string): ServerRow {
    const server = this.#nova.serverFor(call, "member", rule);
    this.#nova.unlocked(call, server);
    this.#nova.inState(server, action, SETTLED, null);
    return server;
  }

  #setAll(call: Call, replace: boolean): Answer {
    validate(METADATA, call.body);
    const given = object(object(call.body)["metadata"]) as Record<string, string>;
    const server = this.#changeable(call, `server-metadata:${replace ? "update_all" : "create"}`, "update metadata");
    const metadata = replace ? given : { ...server.metadata, ...given };
    this.#quotas.checkMetadata(server.project, Object.keys(metadata).length);
    server.metadata = metadata;
    this.#nova.save(server);
    return { status: 200, body: { metadata } };
  }

  #show(call: Call): Answer {
    const server = this.#readable(call, "server-metadata:show");
    const key = call.params["key"] ?? "";
    const value = server.metadata[key];
    if (value === undefined) throw missing("Metadata item was not found");
    return { status: 200, body: { meta: { [key]: value } } };
  }

  #set(call: Call): Answer {
    validate(META, call.body);
    const meta = object(object(call.body)["meta"]) as Record<string, string>;
    const key = call.params["key"] ?? "";
    if (!(key in meta)) throw bad("Request body and URI mismatch");
    const server = this.#changeable(call, "server-metadata:update", "update metadata");
    this.#quotas.checkMetadata(server.project, Object.keys({ ...server.metadata, ...meta }).length);
    server.metadata = { ...server.metadata, ...meta };
    this.#nova.save(server);
    return { status: 200, body: { meta } };
  }

  #delete(call: Call): Answer {
    const server = this.#nova.serverFor(call, "member", "server-metadata:delete");
    const key = call.params["key"] ?? "";
    if (!(key in server.metadata)) throw missing("Metadata item was not found");
    this.#nova.unlocked(call, server);
    this.#nova.inState(server, "delete metadata", SETTLED, null);
    const { [key]: _, ...rest } = server.metadata;
    server.metadata = rest;
    this.#nova.save(server);
    return { status: 204 };
  }

  #tagged(call: Call, rule: string): ServerRow {
    if (!atLeast(call, 2, 26)) throw noSuchResource();
    const id = call.params["server"] ?? "";
    if (!this.#nova.live(id)) throw missing(`Instance ${id} has no mapping to a cell.`);
    return this.#readable(call, `os-server-tags:${rule}`);
  }

  /** A server whose tags may change now. */
  #taggable(call: Call, rule: string): ServerRow {
    if (!atLeast(call, 2, 26)) throw noSuchResource();
    const server = this.#nova.serverFor(call, "member", `os-server-tags:${rule}`);
    if (!SETTLED.includes(server.vmState))
      throw new NovaRefusal(
        409,
        `Cannot '${TAG_WORK[rule]}' instance ${server.id} while it is in vm_state ${server.vmState}`,
      );
    return server;
  }

  #setTags(call: Call): Answer {
    const server = this.#taggable(call, "update_all");
    validate(t.only({ tags: t.listOf(t.tag, { maxItems: 50 }) }, ["tags"]), call.body);
    server.tags = [...new Set(list(object(call.body)["tags"]).map(String))];
    this.#nova.save(server);
    return { status: 200, body: { tags: server.tags } };
  }

  #dropTags(call: Call): Answer {
    const server = this.#taggable(call, "delete_all");
    server.tags = [];
    this.#nova.save(server);
    return { status: 204 };
  }

  #tag(call: Call): Answer {
    const server = this.#tagged(call, "show");
    const tag = call.params["tag"] ?? "";
    if (!server.tags.includes(tag)) throw missing(`Server ${server.id} has no tag '${tag}'`);
    return { status: 204 };
  }

  #addTag(call: Call): Answer {
    const server = this.#taggable(call, "update");
    const tag = call.params["tag"] ?? "";
    try {
      validate(t.tag, tag);
    } catch (error) {
      throw bad(
        `Tag '${tag}' is invalid. It must be a non empty string without characters '/' and ','. Validation error message: ${(error as Error).message}`,
      );
    }
    const html = { "content-type": "text/html; charset=UTF-8" };
    if (server.tags.includes(tag)) return { status: 204, headers: html };
    if (server.tags.length >= 50) throw bad("The number of tags exceeded the per-server limit 50");
    server.tags = [...server.tags, tag].sort();
    this.#nova.save(server);
    const path = `${call.base}/v2.1/servers/${server.id}/tags/${tag}`;
    return { status: 201, headers: { ...html, Location: path } };
  }

  #dropTag(call: Call): Answer {
    const server = this.#taggable(call, "delete");
    const tag = call.params["tag"] ?? "";
    if (!server.tags.includes(tag)) throw missing(`Instance ${server.id} has no tag '${tag}'`);
    server.tags = server.tags.filter((one) => one !== tag);
    this.#nova.save(server);
    return { status: 204 };
  }
}
