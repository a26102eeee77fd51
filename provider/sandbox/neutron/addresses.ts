import ipaddr from "ipaddr.js";

/** An IP address as a number, with its version. */
export interface Address {
  readonly version: 4 | 6;
  readonly value: bigint;
}

/** A prefix: its first address and its length. */
export interface Prefix extends Address {
  readonly length: number;
}

/** First and last address. */
export interface Range {
  readonly start: string;
  readonly end: string;
}

/** The address that a text is; undefined where it is none. */
export function parseAddress(text: unknown): Address | undefined {
  if (typeof text !== "string" || !/^[0-9a-f:.]+$/i.test(text)) return undefined;
  if (!text.includes(":") && !/^\d+(\.\d+){3}$/.test(text)) return undefined;
  if (!ipaddr.isValid(text)) return undefined;
  const parsed = ipaddr.parse(text);
  let value = 0n;
  for (const byte of parsed.toByteArray()) value = (value << 8n) | BigInt(byte);
  return { version: parsed.kind() === "ipv4" ? 4 : 6, value };
}

/** The address as text, in its usual short form. */
export function formatAddress({ version, value }: Address): string {
  const bytes = Array.from({ length: version === 4 ? 4 : 16 }, (_, n, size = version === 4 ? 4 : 16) =>
    Number((value >> BigInt(8 * (size - 1 - n))) & 255n),
  );
  const parsed = ipaddr.fromByteArray(bytes);
  return parsed.kind() === "ipv4" ? parsed.toString() : (parsed as ipaddr.IPv6).toRFC5952String();
}

/** The address in its usual short form; undefined where it is none. */
export function canonicalAddress(text: unknown): string | undefined {
  const parsed = parseAddress(text);
  return parsed && formatAddress(parsed);
}

/** The prefix that a text is, its host bits cut off; without a length it is one address. */
export function parsePrefix(text: unknown): Prefix | undefined {
  if (typeof text !== "string") return undefined;
  const [base, bits, more] = text.split("/");
  const address = parseAddress(base);
  if (!address || more !== undefined) return undefined;
  const width = address.version === 4 ? 32 : 128;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return undefined;
  const length = bits === undefined ? width : Number(bits);
  if (length > width) return undefined;
  const hostBits = BigInt(width - length);
  return { version: address.version, value: (address.value >> hostBits) << hostBits, length };
}

/** The prefix as text: `10.0.0.0/24`. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix)}/${prefix.length}`;
}

/** How many addresses the prefix has. */
export function sizeOf({ version, length }: Prefix): bigint {
  return 1n << BigInt((version === 4 ? 32 : 128) - length);
}

/** The last address of the prefix, as a number. */
export function lastOf(prefix: Prefix): bigint {
  return prefix.value + sizeOf(prefix) - 1n;
}

/** Whether the prefix holds the address. */
export function holds(prefix: Prefix, address: Address): boolean {
  return address.version === prefix.version && address.value >= prefix.value && address.value <= lastOf(prefix);
}

/** Whether two prefixes have an address in common. */
export function overlap(one: Prefix, other: Prefix): boolean {
  return one.version === other.version && one.value <= lastOf(other) && other.value <= lastOf(one);
}

/** Whether a machine may have the address in this subnet: neither the network's nor the broadcast address. */
export function usable(prefix: Prefix, address: Address): boolean {
  if (!holds(prefix, address)) return false;
  const width = prefix.version === 4 ? 32 : 128;
  if (prefix.length >= width - 1) return true;
  if (prefix.version === 4) return address.value !== prefix.value && address.value !== lastOf(prefix);
  return true;
}

/** The ranges of a subnet that can be given away: all but the network's, the broadcast and the gateway's address. */
export function defaultPools(prefix: Prefix, gateway: string | null): Range[] {
  const width = prefix.version === 4 ? 32 : 128;
  let first = prefix.value;
  let last = lastOf(prefix);
  if (prefix.length < width - 1) {
    first += 1n;
    if (prefix.version === 4) last -= 1n;
  }
  const { version } = prefix;
  const range = (from: bigint, to: bigint): Range[] =>
    from > to ? [] : [{ start: formatAddress({ version, value: from }), end: formatAddress({ version, value: to }) }];
  const taken = gateway === null ? undefined : parseAddress(gateway);
  if (!taken || taken.version !== version || taken.value < first || taken.value > last) return range(first, last);
  return [...range(first, taken.value - 1n), ...range(taken.value + 1n, last)];
}

/** The address that a machine gives itself by its MAC address (SLAAC). */
export function eui64(prefix: Prefix, mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(":").map((byte) => Number.parseInt(byte, 16));
  let host = 0n;
  for (const byte of [a ^ 2, b, c, 0xff, 0xfe, d, e, f]) host = (host << 8n) | BigInt(byte);
  return formatAddress({ version: 6, value: prefix.value | host });
}
