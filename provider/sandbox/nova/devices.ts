import type { Json } from "../kernel/call.ts";
import { bool, list, object, text } from "../kernel/input.ts";
import { bad } from "./errors.ts";
import type { ServerVolume } from "./rows.ts";

const format = (details: string) => bad(`Block Device Mapping is Invalid: ${details}`);

/**
 * The volumes that a new server asks for, in either of the two forms that the API has. What is local to the machine
 * (its image, swap) is left out: it is no volume.
 */
export function devicesOf(server: Json): ServerVolume[] {
  const old = list(server["block_device_mapping"]).map(object);
  const given = list(server["block_device_mapping_v2"]).map(object);
  if (old.length > 0 && given.length > 0)
    throw bad("Using different block_device_mapping syntaxes is not allowed in the same request.");
  if (old.length > 0) return old.map(fromOldForm);
  const withImage = Boolean(text(server["imageRef"]));
  return given.flatMap((device) => fromForm(device, withImage));
}

function fromForm(device: Json, withImage: boolean): ServerVolume[] {
  if (device["no_device"]) return [];
  const source = text(device["source_type"]);
  const destination = text(device["destination_type"]);
  const from = text(device["uuid"]) ?? null;
  const index = device["boot_index"];
  const bootIndex = index === undefined || index === null ? null : Number(index);
  if (source === "blank" && from) throw format("Invalid device UUID.");
  if (source !== "blank" && !from) throw format("Missing device UUID.");
  if (source === "image" && destination === "local") {
    if (!(withImage && bootIndex === 0)) throw format("Mapping image to local is not supported.");
    return [];
  }
  if (destination === "local" && device["volume_type"])
    throw format("Specifying a volume_type with destination_type=local is not supported.");
  if (source === "volume" && device["volume_type"])
    throw format("Specifying volume type to existing volume is not supported.");
  if (destination === "local" || source === undefined) return [];
  return [
    {
      id: "",
      volume: source === "volume" ? from : null,
      attachment: null,
      device: text(device["device_name"]) ?? null,
      bootIndex,
      deleteOnTermination: bool(device["delete_on_termination"] ?? false) ?? false,
      tag: text(device["tag"]) ?? null,
      source: source as ServerVolume["source"],
      from,
      size: device["volume_size"] === undefined ? null : Number(device["volume_size"]),
      type: text(device["volume_type"]) ?? null,
    },
  ];
}

function fromOldForm(device: Json): ServerVolume {
  const volume = text(device["volume_id"]) ?? null;
  const snapshot = text(device["snapshot_id"]) ?? null;
  const name = text(device["device_name"]) ?? null;
  return {
    id: "",
    volume,
    attachment: null,
    device: name,
    bootIndex: name !== null && /da$/.test(name) ? 0 : -1,
    deleteOnTermination: bool(device["delete_on_termination"] ?? false) ?? false,
    tag: null,
    source: snapshot ? "snapshot" : "volume",
    from: snapshot ?? volume,
    size: device["volume_size"] === undefined ? null : Number(device["volume_size"]),
    type: null,
  };
}
