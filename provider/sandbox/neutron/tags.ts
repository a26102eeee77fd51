import type { Answer, Call } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { str } from "../kernel/python.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Collection } from "./collection.ts";
import { forbidden, invalidInput, refusal } from "./errors.ts";
import { may } from "./policy.ts";
import type { Resource } from "./rows.ts";
import type { State } from "./state.ts";

/** `/v2.0/networks/ID/tags` and the like, for each collection that has tags. */
export function tagRoutes<T extends Resource>(state: State, collection: Collection<T>): Route[] {
  const all = `/v2.0/${collection.path}/{id}/tags`;
  const rule = collection.rule ?? collection.resource;
  const row = (call: Call, verb: string): T => {
    const found = collection.table.get(call.params["id"]!);
    if (!found) throw collection.missing(call.params["id"]!);
    if (!may(call.caller, `${verb}_${rule}:tags`, collection.target(call.caller, found)))
      throw forbidden(`rule:${verb}_${rule}:tags`);
    return found;
  };
  const write = (found: T, tags: string[]): Answer => {
    if (tags.length > 50) throw invalidInput("The number of tags exceed the per-resource limit of 50");
    found.tags = [...tags].sort();
    state.touch(collection.table, found);
    return { status: 200, body: { tags: found.tags } };
  };
  const tagOf = (found: T, call: Call): string => {
    const tag = call.params["tag"]!;
    if (!found.tags.includes(tag)) throw refusal(404, "TagNotFound", `Tag ${tag} could not be found.`);
    return tag;
  };
  return [
    route("GET", all, (call) => ({ status: 200, body: { tags: row(call, "get").tags } })),
    route("PUT", all, (call) => {
      const tags = given(call);
      return write(row(call, "update"), tags);
    }),
    route("POST", all, (call) => {
      const tags = given(call);
      const found = row(call, "create");
      write(found, [...new Set([...found.tags, ...tags])]);
      return { status: 200, body: { tags } };
    }),
    route("DELETE", all, (call) => {
      write(row(call, "delete"), []);
      return { status: 204 };
    }),
    route("GET", `${all}/{tag}`, (call) => {
      tagOf(row(call, "get"), call);
      return { status: 204 };
    }),
    route("PUT", `${all}/{tag}`, (call) => {
      const found = row(call, "update");
      const tag = call.params["tag"]!;
      if (!found.tags.includes(tag)) write(found, [...found.tags, tag]);
      return { status: 201, body: "null", headers: { "Content-Type": "application/json" } };
    }),
    route("DELETE", `${all}/{tag}`, (call) => {
      const found = row(call, "delete");
      const tag = tagOf(found, call);
      write(
        found,
        found.tags.filter((one) => one !== tag),
      );
      return { status: 204 };
    }),
  ];
}

/** The tags of a request's body. */
function given(call: Call): string[] {
  if (!isObject(call.body) || !("tags" in call.body)) throw invalidInput("Invalid tags body");
  const { tags } = call.body;
  if (!Array.isArray(tags)) throw invalidInput(`'${str(tags)}' is not a list`);
  const twice = tags.filter((one, n) => tags.indexOf(one) !== n);
  if (twice.length > 0) throw invalidInput(`Duplicate items in the list: '${twice.map(str).join(", ")}'`);
  for (const tag of tags) {
    if (typeof tag !== "string") throw invalidInput(`'${str(tag)}' is not a valid string`);
    if (tag.length > 255) throw invalidInput(`'${tag}' exceeds maximum length of 255`);
  }
  return tags as string[];
}
