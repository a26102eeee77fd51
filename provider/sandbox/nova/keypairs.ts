import { createHash, generateKeyPairSync } from "node:crypto";
import type { Answer, Call, Json } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { object } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import { limitOf, longStamp, type Nova, nextLink } from "./core.ts";
import { bad, conflict, forbidden, may, missing, notAllowed } from "./errors.ts";
import type { KeypairRow } from "./rows.ts";
import { type Schema, validate } from "./schema.ts";
import * as t from "./types.ts";

function newKey(minor: number): Schema {
  const pattern = minor >= 92 ? "^[_\\-\\@\\. a-zA-Z0-9]+$" : "^[_\\- a-zA-Z0-9]+$";
  const name = { allOf: [t.name, { type: "string", pattern, minLength: 1, maxLength: 255 }] };
  return t.wrapped(
    "keypair",
    t.only(
      {
        name,
        public_key: t.text,
        ...(minor >= 2 ? { type: { type: "string", enum: ["ssh", "x509"] } } : {}),
        ...(minor >= 10
          ? { user_id: { type: "string", pattern: "^[a-zA-Z0-9-]*$", minLength: 1, maxLength: 255 } }
          : {}),
      },
      minor >= 92 ? ["name", "public_key"] : ["name"],
    ),
  );
}

/** The key pairs of nova's API. */
export class Keypairs {
  readonly #nova: Nova;

  constructor(nova: Nova) {
    this.#nova = nova;
  }

  routes(): Route[] {
    return [
      route("GET", "/v2.1/os-keypairs", (call) => this.#list(call)),
      route("POST", "/v2.1/os-keypairs", (call) => this.#create(call)),
      route("GET", "/v2.1/os-keypairs/{name}", (call) => this.#show(call)),
      route("DELETE", "/v2.1/os-keypairs/{name}", (call) => this.#delete(call)),
    ];
  }

  /** Whose keys a call is about. Throws 403 where they are somebody else's. */
  #user(call: Call, rule: string, given: string | null | undefined): string {
    const user = atLeast(call, 2, 10) && given ? given : call.caller.userId;
    if (call.caller.system || (user !== call.caller.userId && !may(call.caller, "admin")))
      throw notAllowed(`os-keypairs:${rule}`);
    return user;
  }

  #one(call: Call, rule: string): KeypairRow {
    const user = this.#user(call, rule, call.query.get("user_id"));
    const name = call.params["name"] ?? "";
    const key = this.#nova.tables.keypairs.get(`${user}/${name}`);
    if (!key) throw missing(`Keypair ${name} not found for user ${user}`);
    return key;
  }

  #view(call: Call, key: KeypairRow): Json {
    const { name, publicKey, fingerprint, type } = key;
    return { name, public_key: publicKey, fingerprint, ...(atLeast(call, 2, 2) ? { type } : {}) };
  }

  #list(call: Call): Answer {
    const user = this.#user(call, "index", call.query.get("user_id"));
    const all = this.#nova.tables.keypairs.by("user", user).sort((a, b) => (a.name < b.name ? -1 : 1));
    const paged = atLeast(call, 2, 35);
    const limit = Math.min((paged ? limitOf(call.query) : undefined) ?? 1000, 1000);
    const marker = paged ? call.query.get("marker") : null;
    const first = marker === null ? 0 : all.findIndex(({ name }) => name === marker) + 1;
    if (marker !== null && first === 0) throw bad(`Marker ${marker} could not be found.`);
    const page = all.slice(first, first + limit);
    const more = paged && call.query.has("limit") && page.length === limit && limit > 0;
    return {
      status: 200,
      body: {
        keypairs: page.map((key) => ({ keypair: this.#view(call, key) })),
        ...(more ? { keypairs_links: [nextLink(call, "os-keypairs", page.at(-1)!.name)] } : {}),
      },
    };
  }

  #show(call: Call): Answer {
    const key = this.#one(call, "show");
    return {
      status: 200,
      body: {
        keypair: {
          ...this.#view(call, key),
          user_id: key.user,
          created_at: longStamp(key.created),
          deleted: false,
          deleted_at: null,
          id: key.number,
          updated_at: null,
        },
      },
    };
  }

  #create(call: Call): Answer {
    validate(newKey(call.version[1]), call.body);
    const given = object(object(call.body)["keypair"]);
    const name = String(given["name"]);
    const user = this.#user(call, "create", given["user_id"] as string | undefined);
    const { keypairs } = this.#nova.tables;
    const imported = typeof given["public_key"] === "string" ? String(given["public_key"]) : undefined;
    const made = imported === undefined ? newRsa() : undefined;
    const publicKey = imported ?? made?.publicKey ?? "";
    const fingerprint = fingerprintOf(publicKey);
    if (fingerprint === undefined) throw bad("Keypair data is invalid: failed to generate fingerprint");
    if (keypairs.by("user", user).length >= 100) throw forbidden("Quota exceeded, too many key pairs.");
    const id = `${user}/${name}`;
    if (keypairs.get(id)) throw conflict(`Key pair '${name}' already exists.`);
    const type = given["type"] === "x509" ? "x509" : "ssh";
    keypairs.put({
      id,
      number: this.#nova.next(keypairs),
      user,
      name,
      type,
      publicKey,
      fingerprint,
      created: this.#nova.now(),
    });
    return {
      status: atLeast(call, 2, 2) ? 201 : 200,
      body: {
        keypair: {
          ...(made ? { private_key: made.privateKey } : {}),
          ...(atLeast(call, 2, 2) ? { type } : {}),
          name,
          public_key: publicKey,
          fingerprint,
          user_id: user,
        },
      },
    };
  }

  #delete(call: Call): Answer {
    this.#nova.tables.keypairs.delete(this.#one(call, "delete").id);
    return atLeast(call, 2, 2) ? { status: 204 } : { status: 202 };
  }
}

/** The MD5 fingerprint of an SSH public key; undefined where it is none. */
function fingerprintOf(key: string): string | undefined {
  const [type = "", data = ""] = key.trim().split(/\s+/);
  const bytes = Buffer.from(data, "base64");
  if (bytes.length < 24) return undefined;
  const size = bytes.readUInt32BE(0);
  if (size > 64 || bytes.subarray(4, 4 + size).toString("latin1") !== type) return undefined;
  return createHash("md5")
    .update(bytes)
    .digest("hex")
    .replace(/(..)(?!$)/g, "$1:");
}

/** A new RSA key in the forms that nova gave out before 2.92. */
function newRsa(): { publicKey: string; privateKey: string } {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { e = "", n = "" } = pair.publicKey.export({ format: "jwk" });
  const part = (bytes: Buffer) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(bytes.length);
    return Buffer.concat([size, bytes]);
  };
  const integer = (text: string) => {
    const bytes = Buffer.from(text, "base64url");
    return part(bytes[0]! >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
  };
  const blob = Buffer.concat([part(Buffer.from("ssh-rsa")), integer(e), integer(n)]);
  return {
    publicKey: `ssh-rsa ${blob.toString("base64")} Generated-by-Nova`,
    privateKey: pair.privateKey.export({ type: "pkcs1", format: "pem" }) as string,
  };
}
