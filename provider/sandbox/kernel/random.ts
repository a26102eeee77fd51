import { createHash, randomBytes } from "node:crypto";

/** Where ids, addresses and secrets come from: the same seed gives the same ones in the same order. */
export class Random {
  readonly #seed: string | undefined;
  #count = 0;

  /** @param seed without one, every id is truly random */
  constructor(seed?: string) {
    this.#seed = seed;
  }

  /** So many bytes. */
  bytes(size: number): Buffer {
    if (this.#seed === undefined) return randomBytes(size);
    let out = Buffer.alloc(0);
    while (out.length < size)
      out = Buffer.concat([
        out,
        createHash("sha256")
          .update(`${this.#seed}:${this.#count++}`)
          .digest(),
      ]);
    return out.subarray(0, size);
  }

  /** A version 4 UUID. */
  uuid(): string {
    const bytes = this.bytes(16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = bytes.toString("hex");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }

  /** 32 hexadecimal digits, as Keystone's ids are. */
  hex(digits = 32): string {
    return this.bytes(Math.ceil(digits / 2))
      .toString("hex")
      .slice(0, digits);
  }

  /** A MAC address below Neutron's prefix fa:16:3e. */
  mac(): string {
    return ["fa", "16", "3e", ...[...this.bytes(3)].map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
  }

  /** An integer from 0 up to, but without, `end`. */
  below(end: number): number {
    return this.bytes(4).readUInt32BE() % end;
  }

  /** A URL-safe secret. */
  secret(): string {
    return this.bytes(32).toString("base64url");
  }
}
