import type { Answer, Call, Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { repr } from "../kernel/python.ts";
import type { World } from "../world.ts";
import { Directory } from "./directory.ts";
import { malformed } from "./errors.ts";
import { type Asker, Policy } from "./policy.ts";
import { Tokens } from "./tokens.ts";

/** What all parts of Keystone's API work with. */
export class Keystone {
  readonly world: World;
  readonly directory: Directory;
  readonly tokens: Tokens;
  readonly policy: Policy;

  constructor(world: World) {
    this.world = world;
    this.directory = new Directory(world);
    this.tokens = new Tokens(this.directory);
    this.policy = new Policy(this.directory, this.tokens);
  }

  /** A handler that only those with a good token reach. */
  as(handle: (call: Call, asker: Asker) => Answer): (call: Call) => Answer {
    return (call) => handle(call, this.policy.asker(call));
  }

  /** Keystone's own address, as the caller reached it. */
  url(call: Pick<Call, "base">): string {
    return call.base || `${this.world.url}/identity`;
  }

  /** The address below which all services stand, as the caller reached it. */
  root(call: Pick<Call, "base">): string {
    return this.url(call).slice(0, -"/identity".length);
  }

  /** A thing with the link to itself. */
  linked(call: Call, collection: string, view: Json & { id?: unknown }): Json {
    return { ...view, links: { self: `${this.url(call)}/v3/${collection}/${view.id}` } };
  }

  /** A list in Keystone's form, filtered as the query says by the fields that may be. */
  list(call: Call, key: string, views: Json[], filters: readonly string[] = []): Answer {
    let kept = views;
    for (const filter of filters) {
      const wanted = call.query.get(filter);
      if (wanted === null) continue;
      kept = kept.filter((view) => same(view[filter], wanted));
    }
    const query = [...call.query].map(([name, value]) => (value === "" ? name : `${name}=${value}`)).join("&");
    return {
      status: 200,
      body: {
        [key]: kept,
        links: { next: null, self: `${this.url(call)}${call.path}${query === "" ? "" : `?${query}`}`, previous: null },
      },
    };
  }
}

function same(value: unknown, wanted: string): boolean {
  if (typeof value === "boolean")
    return value === !["false", "0", "no", "off", "n", "f"].includes(wanted.toLowerCase());
  if (typeof value === "string") return value.toLowerCase() === wanted.toLowerCase();
  return value === undefined || value === null ? wanted === "" : String(value) === wanted;
}

/** The one thing that a body is about: `{ "user": {…} }`. Throws 400 where it is not there. */
export function given(call: Call, key: string): Json {
  if (call.body !== undefined && !isObject(call.body)) throw malformed("Expecting to find valid JSON in request body.");
  const body = (call.body ?? {}) as Json;
  if (!(key in body)) throw new Refusal(400, `'${key}' is a required property`);
  const thing = body[key];
  if (!isObject(thing)) throw invalid(key, thing, `${repr(thing)} is not of type 'object'`);
  return thing;
}

/** 400 of a field with a wrong value. */
export function invalid(field: string, value: unknown, why: string): Refusal {
  return new Refusal(
    400,
    `Invalid input for field/attribute ${field}. Value: ${typeof value === "string" ? value : repr(value)}. ${why}`,
  );
}

/** A name as a body gives it: text of 1 to `most` characters. Throws 400 otherwise. */
export function nameIn(thing: Json, field: string, most = 255): string {
  const value = thing[field];
  if (typeof value !== "string") throw invalid(field, value, `${repr(value)} is not of type 'string'`);
  if (value.length === 0) throw invalid(field, "", "'' should be non-empty");
  if (value.length > most) throw invalid(field, value, `'${value}' is too long`);
  if (!/\S/.test(value)) throw invalid(field, value, `${repr(value)} does not match '[\\\\S]+'`);
  return value;
}

const YES = [true, "True", "TRUE", "true"];
const NO = [false, "False", "FALSE", "false", ""];
const FLAGS = [...YES, ...NO, "1", "0", "y", "Y", "n", "N", "on", "ON", "off", "OFF", "yes", "no"];

/** A boolean of a body, in any of the words that stand for one; `otherwise` where it is left out. Throws 400 for anything else. */
export function flagIn(thing: Json, field: string, otherwise: boolean): boolean {
  const value = thing[field];
  if (value === undefined) return otherwise;
  if (!FLAGS.some((one) => one === value)) throw invalid(field, value, `${repr(value)} is not one of ${repr(FLAGS)}`);
  return value === true || /^(true|1|y|on|yes)$/i.test(String(value));
}

/** A text of a body, or null; `otherwise` where it is left out. Throws 400 for anything else. */
export function textIn(thing: Json, field: string, otherwise: string): string {
  const value = thing[field];
  if (value === undefined) return otherwise;
  if (value === null) return "";
  if (typeof value !== "string") throw invalid(field, value, `${repr(value)} is not of type 'string', 'null'`);
  return value;
}

/** Refuses a body that leaves out what must be there. */
export function require(key: string, thing: Json, ...fields: string[]): void {
  for (const field of fields) if (!(field in thing)) throw invalid(key, thing, `'${field}' is a required property`);
}
