/**
 * Secrets in state and configuration, in the format of Pulumi's passphrase provider: AES-256-GCM under a key that
 * PBKDF2-SHA256 derives from the passphrase, written as `v1:<nonce>:<ciphertext and tag>` in base64.
 */
import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { EngineError } from "./errors.ts";

const ITERATIONS = 1_000_000;
const KEY_BYTES = 32;
const SALT_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What the check value of a salt decrypts to when the passphrase is right. */
const CHECK = "pulumi";

/** Derived keys of this process; deriving one takes half a second. */
const keys = new Map<string, Buffer>();

function deriveKey(passphrase: string, salt: Buffer): Buffer {
  const id = `${salt.toString("base64")}:${passphrase}`;
  const known = keys.get(id);
  if (known) return known;
  const key = pbkdf2Sync(passphrase, salt, ITERATIONS, KEY_BYTES, "sha256");
  keys.set(id, key);
  return key;
}

/** Encrypts and decrypts what one passphrase and salt protect. */
export class Crypter {
  /** The salt with its check value, `v1:<salt>:v1:<nonce>:<check>`: what state and stack configuration hold. */
  readonly state: string;
  readonly #key: Buffer;

  private constructor(state: string, key: Buffer) {
    this.state = state;
    this.#key = key;
  }

  /** A crypter with a new salt. */
  static create(passphrase: string): Crypter {
    const salt = randomBytes(SALT_BYTES);
    const key = deriveKey(passphrase, salt);
    return new Crypter(`v1:${salt.toString("base64")}:${encryptWith(key, CHECK)}`, key);
  }

  /** The crypter of an existing salt; throws an EngineError when the passphrase is not the one it was made with. */
  static open(passphrase: string, state: string): Crypter {
    const [version, salt, ...check] = state.split(":");
    if (version !== "v1" || salt === undefined || check.length !== 3)
      throw new EngineError("the encryption salt of this stack is not in a known format");
    const key = deriveKey(passphrase, Buffer.from(salt, "base64"));
    let opened: string | undefined;
    try {
      opened = decryptWith(key, check.join(":"));
    } catch {
      // A wrong key shows as a failed authentication tag.
    }
    if (opened !== CHECK) throw new EngineError("incorrect passphrase");
    return new Crypter(state, key);
  }

  /** `v1:<nonce>:<ciphertext>` of a text. */
  encrypt(text: string): string {
    return encryptWith(this.#key, text);
  }

  /** The text of `v1:<nonce>:<ciphertext>`; throws an EngineError when it was made with another key. */
  decrypt(ciphertext: string): string {
    try {
      return decryptWith(this.#key, ciphertext);
    } catch {
      throw new EngineError("a secret of this stack cannot be decrypted with its passphrase");
    }
  }
}

function encryptWith(key: Buffer, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

function decryptWith(key: Buffer, ciphertext: string): string {
  const [version, nonce, sealed, ...rest] = ciphertext.split(":");
  if (version !== "v1" || nonce === undefined || sealed === undefined || rest.length > 0) throw new Error("bad value");
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString("utf8");
}

/** The passphrase an environment names, as the pulumi CLI looks for it; undefined when it names none. */
export function passphraseOf(env: NodeJS.ProcessEnv): string | undefined {
  if (env["PULUMI_CONFIG_PASSPHRASE"] !== undefined) return env["PULUMI_CONFIG_PASSPHRASE"];
  const file = env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  return file ? readFileSync(file, "utf8").trim() : undefined;
}
