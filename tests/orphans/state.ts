/** What a stack of the interruption tests knows, as `pulumi stack export` prints it. */
import { writeFileSync } from "node:fs";
import type { Declared, Stack } from "../interruption/stack.ts";

/**
 * Writes it. A killed engine leaves the create that it had begun among the pending operations.
 * @param program what the killed run was about to make; its first resource that the state lacks was begun
 */
export function exportState(stack: Stack, file: string, program: readonly Declared[] = []): string {
  const urn = (type: string, name: string) => `urn:pulumi:dev::${stack.project}::${type}::${name}`;
  const dynamic = "pulumi-nodejs:dynamic/baremetal:";
  const itself = { urn: urn("pulumi:pulumi:Stack", `${stack.project}-dev`), custom: false };
  const resources = stack.state.map(({ type, name, id, inputs, outputs }) => ({
    urn: urn(dynamic + type, name),
    custom: true,
    id,
    inputs,
    outputs,
  }));
  const begun = program.find(({ name }) => !stack.state.some((one) => one.name === name));
  const pending = begun && {
    urn: urn(dynamic + begun.type, begun.name),
    custom: true,
    inputs: { identity: `${stack.project}/dev/${begun.type}/${begun.name}` },
  };
  const pending_operations = pending ? [{ type: "creating", resource: pending }] : [];
  const deployment = { resources: [itself, ...resources], pending_operations };
  writeFileSync(file, JSON.stringify({ version: 3, deployment }));
  return file;
}
