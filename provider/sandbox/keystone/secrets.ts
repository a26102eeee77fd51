import { createHash, scryptSync, timingSafeEqual } from "node:crypto";
import type { Random } from "../kernel/random.ts";

/** bcrypt, which the real Keystone uses, reads no further. */
const READ = 72;
/** Cheap: a sandbox logs in a thousand times, and its passwords protect no machine. */
const COST = { N: 512, r: 8, p: 1 };

/** A salted hash of a password or secret. */
export function hashed(secret: string, random: Random): string {
  const salt = random.hex(16);
  return `${salt}$${derive(secret, salt).toString("base64url")}`;
}

/** Whether a secret is the one that was hashed. */
export function matches(secret: string, hash: string): boolean {
  const [salt = "", wanted = ""] = hash.split("$");
  const expected = Buffer.from(wanted, "base64url");
  const got = derive(secret, salt);
  return expected.length === got.length && timingSafeEqual(expected, got);
}

function derive(secret: string, salt: string): Buffer {
  return scryptSync(Buffer.from(secret, "utf8").subarray(0, READ), salt, 24, COST);
}

/** What stands for a token in the state. */
export function tokenId(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
