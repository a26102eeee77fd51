import { createHmac } from "node:crypto";
import type { MachineInputs } from "./spec.ts";

/** Digest of what is handed to the installed system; salted with the resource's tag, so that equal data does not show as equal. */
export function installDigest(tag: string, inputs: Pick<MachineInputs, "sshKeys" | "userData">): string {
  return createHmac("sha256", tag)
    .update(JSON.stringify([inputs.sshKeys ?? [], inputs.userData ?? null]))
    .digest("hex")
    .slice(0, 16);
}

/**
 * What is written down of an installation beside the machine: salt and digest. The salt is the tag at the time of the
 * install, so that a rename of the resource does not look like other data.
 */
export const installRecord = (tag: string, inputs: Pick<MachineInputs, "sshKeys" | "userData">): string =>
  `${tag}:${installDigest(tag, inputs)}`;

/** Whether a record of {@link installRecord} is of these ssh keys and user data. */
export function matchesInstall(record: string, inputs: Pick<MachineInputs, "sshKeys" | "userData">): boolean {
  const [salt = "", digest] = record.split(":");
  return installDigest(salt, inputs) === digest;
}

/**
 * User data that also brings ssh keys: as they are where there are none, else a MIME multipart of a small cloud-config
 * and the user's own part. Nova knows one named key pair at most; cloud-init reads any number of parts.
 */
export function userDataWithKeys(inputs: Pick<MachineInputs, "sshKeys" | "userData">): string | undefined {
  if (!inputs.sshKeys?.length) return inputs.userData;
  const keys = `#cloud-config\nssh_authorized_keys:\n${inputs.sshKeys.map((key) => `  - ${JSON.stringify(key)}`).join("\n")}\n`;
  if (inputs.userData === undefined) return keys;
  const boundary = "==pulumi-baremetal==";
  const part = (type: string, content: string) =>
    `--${boundary}\nContent-Type: ${type}; charset="utf-8"\nMIME-Version: 1.0\n\n${content}\n`;
  return `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n\n${part("text/cloud-config", keys)}${part(typeOf(inputs.userData), inputs.userData)}--${boundary}--\n`;
}

/** cloud-init's type of a piece of user data, by its first line. */
function typeOf(userData: string): string {
  if (userData.startsWith("#!")) return "text/x-shellscript";
  if (userData.startsWith("#include")) return "text/x-include-url";
  if (userData.startsWith("#cloud-boothook")) return "text/cloud-boothook";
  return "text/cloud-config";
}
