/** The format that an image's first bytes tell, and what it says of its size; raw where they tell none. */
export function formatOf(head: Buffer): { format: string; virtualSize?: number } {
  const starts = (text: string) => head.subarray(0, text.length).equals(Buffer.from(text, "latin1"));
  if (starts("QFI\xfb"))
    return { format: "qcow2", virtualSize: head.length >= 32 ? Number(head.readBigUInt64BE(24)) : 0 };
  if (starts("KDMV"))
    return { format: "vmdk", virtualSize: head.length >= 20 ? Number(head.readBigUInt64LE(12)) * 512 : 0 };
  if (starts("vhdxfile")) return { format: "vhdx" };
  if (starts("conectix"))
    return { format: "vhd", virtualSize: head.length >= 48 ? Number(head.readBigUInt64BE(40)) : 0 };
  if (head.length >= 0x178 && head.readUInt32LE(0x40) === 0xbeda107f)
    return { format: "vdi", virtualSize: Number(head.readBigUInt64LE(0x170)) };
  if (head.subarray(0x8001, 0x8006).toString("latin1") === "CD001") return { format: "iso" };
  return { format: "raw" };
}

/** How much of an image {@link formatOf} wants to see. */
export const HEAD = 0x8006;

/** Formats that bytes tell; others are taken on trust. */
const TOLD = ["qcow2", "vmdk", "vhdx", "vhd", "vdi", "iso", "raw"];

/**
 * The virtual size of an image whose format was said to be `claimed`; undefined where that does not fit its bytes. What is said
 * to be raw may be anything.
 */
export function virtualSize(claimed: string, head: Buffer, size: number): number | null | undefined {
  if (claimed === "raw") return size;
  const { format, virtualSize } = formatOf(head);
  if (format === claimed) return virtualSize ?? size;
  return format === "raw" && !TOLD.includes(claimed) ? null : undefined;
}
