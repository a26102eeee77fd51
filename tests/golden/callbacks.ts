/** What the engine asked of the program's own functions: transforms and hooks. */
import { fromStruct, resource as pb } from "../../provider/engine/stubs.ts";

/** A call of a transform or hook, readable. */
export type CallbackCall = Record<string, unknown>;

type Properties = Parameters<typeof fromStruct>[0];

/** Reads the message in a call, as the wire has it: hooks start with a URN, transforms with a type. */
export function readCallback(base64: string): CallbackCall {
  const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
  // Tag and length of the first field, then its text.
  if (/^.{2,3}urn:pulumi:/s.test(Buffer.from(bytes.subarray(0, 14)).toString("latin1"))) {
    const hook = pb.ResourceHookRequest.deserializeBinary(bytes);
    return {
      urn: hook.getUrn(),
      id: hook.getId(),
      name: hook.getName(),
      type: hook.getType(),
      newInputs: properties(hook.getNewInputs()),
      oldInputs: properties(hook.getOldInputs()),
      newOutputs: properties(hook.getNewOutputs()),
      oldOutputs: properties(hook.getOldOutputs()),
    };
  }
  const transform = pb.TransformRequest.deserializeBinary(bytes);
  return {
    type: transform.getType(),
    name: transform.getName(),
    custom: transform.getCustom(),
    parent: transform.getParent(),
    properties: properties(transform.getProperties()),
    options: transform.getOptions()?.toObject(),
  };
}

/** Calls in an order of their own: those about one resource stay as they came. */
export function byResource(calls: CallbackCall[]): CallbackCall[] {
  return [...calls].sort((a, b) => String(a["name"]).localeCompare(String(b["name"])));
}

/** Properties without the provider's code, whose text the recordings keep apart. */
function properties(struct: Properties): Record<string, unknown> | undefined {
  const { __provider, ...rest } = fromStruct(struct) ?? {};
  return struct && { ...rest, hasProvider: typeof __provider === "string" };
}
