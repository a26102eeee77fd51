import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** A block of addresses, as numbers. */
export interface Block {
  readonly version: 4 | 6;
  readonly prefix: number;
  readonly first: bigint;
  readonly last: bigint;
}

const bits = (version: 4 | 6) => (version === 4 ? 32n : 128n);
const numberOf = (address: Address): bigint =>
  address.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** An address; undefined where the text is none. */
export function parseAddress(text: string): { version: 4 | 6; value: bigint } | undefined {
  // ipaddr.js reads `10.1` and octal parts too, which Neutron does not.
  if (!ipaddr.IPv6.isValid(text) && !ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  const address = ipaddr.parse(text);
  return { version: address.kind() === "ipv4" ? 4 : 6, value: numberOf(address) };
}

/** A block in CIDR form, or why it is none. */
export function parseBlock(text: string): Block | { readonly wrong: string } {
  const [address, prefix, ...rest] = text.split("/");
  const base = address === undefined ? undefined : parseAddress(address);
  if (!base || prefix === undefined || rest.length || !/^\d{1,3}$/.test(prefix))
    return { wrong: `is not an address block such as 10.20.0.0/24: ${text}` };
  const length = BigInt(prefix);
  const width = bits(base.version);
  if (length > width) return { wrong: `has a prefix longer than ${width}: ${text}` };
  const host = (1n << (width - length)) - 1n;
  const first = (base.value | host) - host;
  if (first !== base.value)
    return { wrong: `has host bits set; the block is ${writeAddress(first, base.version)}/${prefix}` };
  return { version: base.version, prefix: Number(length), first, last: first + host };
}

/** A number as an address, in its shortest form. */
export function writeAddress(value: bigint, version: 4 | 6): string {
  const bytes = Array.from({ length: version === 4 ? 4 : 16 }, (_, index) =>
    Number((value >> BigInt(8 * ((version === 4 ? 3 : 15) - index))) & 255n),
  );
  const address = ipaddr.fromByteArray(bytes);
  return address.kind() === "ipv6" ? (address as ipaddr.IPv6).toRFC5952String() : address.toString();
}

/** An address or block in the one way in which Neutron writes it; other texts as they are. */
export function normal(text: string): string {
  const [address, prefix] = text.split("/");
  const parsed = address === undefined ? undefined : parseAddress(address);
  if (!parsed) return text;
  return `${writeAddress(parsed.value, parsed.version)}${prefix === undefined ? "" : `/${Number(prefix)}`}`;
}

/** Whether two blocks share addresses. */
export const overlap = (a: Block, b: Block): boolean =>
  a.version === b.version && a.first <= b.last && b.first <= a.last;

/** Whether an address lies in a block. */
export function within(block: Block, text: string): boolean {
  const address = parseAddress(text);
  return (
    address !== undefined &&
    address.version === block.version &&
    address.value >= block.first &&
    address.value <= block.last
  );
}

/** The pools that Neutron takes where none are asked for: all host addresses but the gateway's. */
export function defaultPools(block: Block, gateway: string | null): { start: string; end: string }[] {
  const { version, prefix } = block;
  const tiny = prefix >= Number(bits(version)) - 1;
  const first = tiny ? block.first : block.first + 1n;
  const last = version === 4 && !tiny ? block.last - 1n : block.last;
  const at = gateway === null ? undefined : parseAddress(gateway)?.value;
  const ranges =
    at === undefined || at < first || at > last
      ? [[first, last]]
      : [
          [first, at - 1n],
          [at + 1n, last],
        ];
  return ranges
    .filter(([start, end]) => start! <= end!)
    .map(([start, end]) => ({ start: writeAddress(start!, version), end: writeAddress(end!, version) }));
}

/** The gateway that Neutron gives an IPv4 subnet where none is asked for: its first host. */
export const defaultGateway = (block: Block): string | undefined =>
  block.version === 4 ? writeAddress(block.first + 1n, 4) : undefined;
