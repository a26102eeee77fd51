/**
 * The one place that knows Pulumi's generated protobuf stubs. They are internal to @pulumi/pulumi by convention, so
 * everything else in the engine goes through the names below.
 */
import grpc from "@grpc/grpc-js";
import alias from "@pulumi/pulumi/proto/alias_pb.js";
import callsRpc from "@pulumi/pulumi/proto/callback_grpc_pb.js";
import calls from "@pulumi/pulumi/proto/callback_pb.js";
import engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerRpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import resourceRpc from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resource from "@pulumi/pulumi/proto/resource_pb.js";
import status from "@pulumi/pulumi/proto/status_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";

export { alias, calls, callsRpc, engine, engineRpc, grpc, provider, providerRpc, resource, resourceRpc };

/** Request and response of a unary method of ResourceProvider. */
export type ProviderCall<M extends keyof IResourceProviderServer> =
  IResourceProviderServer[M] extends grpc.handleUnaryCall<infer Request, infer Response>
    ? { request: Request; response: Response }
    : never;

/** google.protobuf.Empty, the answer of calls that answer nothing. */
export const Empty = emptyPb.Empty;

/** JSON as it stands on the wire inside a google.protobuf.Struct. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** A generated message, as far as the engine handles it without knowing its type. */
export interface Message {
  toObject(): unknown;
}

/** A google.protobuf.Struct from a JSON object. */
export function toStruct(json: JsonObject): structPb.Struct {
  // The library's type wants JavaScriptValue, which is the same set of values.
  return structPb.Struct.fromJavaScript(json as Parameters<typeof structPb.Struct.fromJavaScript>[0]);
}

/** The JSON object inside a google.protobuf.Struct, or undefined when the message had none. */
export function fromStruct(struct: structPb.Struct | undefined): JsonObject | undefined {
  return struct?.toJavaScript() as JsonObject | undefined;
}

/** A message as a plain object, with Structs as the JSON they carry: for traces. */
export function plain(message: Message): Record<string, unknown> {
  // toObject() of a Struct gives its wire structure; for the time of this call it gives the JSON instead.
  const structs = structPb.Struct as unknown as { toObject: (include: boolean, struct: structPb.Struct) => unknown };
  const original = structs.toObject;
  structs.toObject = (_include, struct) => struct.toJavaScript();
  try {
    return message.toObject() as Record<string, unknown>;
  } finally {
    structs.toObject = original;
  }
}

/** What a provider kept of an operation that failed half way: ErrorResourceInitFailed. */
export interface InitFailure {
  id: string;
  properties: JsonObject;
  inputs: JsonObject | undefined;
  reasons: string[];
}

const DETAILS = "grpc-status-details-bin";

/** The partial failure packed into a gRPC error, or undefined when the operation failed outright. */
export function initFailureOf(error: grpc.ServiceError): InitFailure | undefined {
  const packed = error.metadata?.get(DETAILS)[0];
  if (!(packed instanceof Uint8Array)) return undefined;
  for (const detail of status.Status.deserializeBinary(packed).getDetailsList()) {
    if (!detail.getTypeName().endsWith("ErrorResourceInitFailed")) continue;
    const failure = provider.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
    return {
      id: failure.getId(),
      properties: fromStruct(failure.getProperties()) ?? {},
      inputs: fromStruct(failure.getInputs()),
      reasons: failure.getReasonsList(),
    };
  }
  return undefined;
}
