/** The configuration of a stack: Pulumi.<stack>.yaml over the project's defaults, secrets encrypted in the file. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Document, parseDocument } from "yaml";
import { EngineError } from "./errors.ts";
import { parsePath } from "./property-path.ts";
import { Refusal } from "./refusals.ts";
import type { Crypter } from "./secrets.ts";
import type { PropertyMap } from "./values.ts";
import { makeSecret } from "./values.ts";

/** One configuration value. */
export interface ConfigValue {
  /** The text programs see; objects and lists as JSON. */
  text: string;
  secret: boolean;
}

/** Configuration by full key, `namespace:name`. */
export type Config = Record<string, ConfigValue>;

/** A stack's configuration file. */
export class StackConfigFile {
  readonly #path: string;
  readonly #project: string;
  readonly #document: Document;

  /** @param path where it is written; @param fallback what is read while there is nothing, and never written */
  constructor(path: string, project: string, fallback = path) {
    this.#path = path;
    this.#project = project;
    const source = [path, fallback].find(existsSync);
    this.#document = source ? parseDocument(readFileSync(source, "utf8")) : new Document({});
    if (this.#document.contents === null) this.#document.contents = this.#document.createNode({}) as never;
    if (this.#document.has("environment")) throw new Refusal("environment");
    const provider = this.#document.get("secretsprovider");
    if (provider && provider !== "passphrase") throw new Refusal("secrets-provider", String(provider));
    if (this.#document.has("encryptedkey")) throw new Refusal("key-service");
  }

  /** The encryption salt with its check value, or undefined in a stack without secrets. */
  get salt(): string | undefined {
    return this.#document.get("encryptionsalt") as string | undefined;
  }

  /** Stores the salt of a new stack. */
  setSalt(salt: string): void {
    this.#document.set("encryptionsalt", salt);
    this.#save();
  }

  /** All values, over the project's defaults, secrets decrypted. */
  read(defaults: Record<string, unknown>, crypter: Crypter): Config {
    const stored = (this.#document.toJS() as { config?: Record<string, unknown> }).config ?? {};
    const entries = {
      ...defaults,
      ...Object.fromEntries(Object.entries(stored).map(([k, v]) => [this.fullKey(k), v])),
    };
    return Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, readValue(value, crypter)]));
  }

  /** Stores a value; `path` says that the key goes on as a property path, as in `obj.list[0]`. */
  set(key: string, value: string, options: { crypter?: Crypter; path?: boolean } = {}): void {
    const stored = options.crypter ? { secure: options.crypter.encrypt(value) } : value;
    const [namespace, name] = splitKey(this.fullKey(key));
    const path = options.path ? parsePath(name) : [name];
    this.#document.setIn(["config", `${namespace}:${path[0]}`, ...path.slice(1)], this.#document.createNode(stored));
    this.#save();
  }

  /** The key with its namespace; a key without one belongs to the project. */
  fullKey(key: string): string {
    return key.includes(":") ? key : `${this.#project}:${key}`;
  }

  #save(): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, this.#document.toString());
  }
}

function splitKey(key: string): [string, string] {
  const at = key.indexOf(":");
  return [key.slice(0, at), key.slice(at + 1)];
}

function readValue(value: unknown, crypter: Crypter): ConfigValue {
  let secret = false;
  const open = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(open);
    if (typeof item !== "object" || item === null) return item;
    const entries = Object.entries(item);
    const sealed = entries.length === 1 && entries[0]?.[0] === "secure" ? entries[0][1] : undefined;
    if (typeof sealed !== "string") return Object.fromEntries(entries.map(([key, inner]) => [key, open(inner)]));
    secret = true;
    return crypter.decrypt(sealed);
  };
  const opened = open(value);
  if (opened === undefined || opened === null) throw new EngineError("a configuration value is empty");
  return { text: typeof opened === "object" ? JSON.stringify(opened) : String(opened), secret };
}

/** The configuration as the inputs of the dynamic provider, which gets all of it. */
export function providerInputs(config: Config): PropertyMap {
  return Object.fromEntries(
    Object.entries(config).map(([key, { text, secret }]) => [key, secret ? makeSecret(text) : text]),
  );
}

/** The configuration as users may see it. */
export function blindedConfig(config: Config): Record<string, string> {
  return Object.fromEntries(Object.entries(config).map(([key, { text, secret }]) => [key, secret ? "[secret]" : text]));
}

/** The environment variables in which a Node.js program finds its configuration. */
export function programEnvironment(config: Config): Record<string, string> {
  const values = Object.entries(config).map(([key, { text }]) => {
    const [namespace, name] = splitKey(key);
    return [`${namespace}:config:${name}`, text];
  });
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(values)),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(Object.keys(config).filter((key) => config[key]?.secret)),
  };
}
