import type { Json } from "../kernel/call.ts";
import { InjectedFault } from "../kernel/faults.ts";
import { object } from "../kernel/input.ts";
import type { Cinder } from "./core.ts";
import { failed } from "./errors.ts";
import type { Processes } from "./processes.ts";
import type { VolumeRow } from "./rows.ts";

/** Seconds of hardware time that a call to the volume process may take. */
const RPC_TIMEOUT = 60;

/** A back end refused, in cinder's words. */
export class BackendError extends Error {}

/** Waits until the volume process takes a call. Throws where none does within the time. */
export async function reachable(cinder: Cinder, processes: Processes): Promise<void> {
  if (cinder.world.faults.daemon("cinder-volume") === "running") return;
  let late = false;
  await Promise.race([
    processes.running("cinder-volume"),
    cinder.world.clock.sleep(RPC_TIMEOUT).then(() => {
      late = true;
    }),
  ]);
  if (late) throw failed();
}

/** Exports a volume to the machine of a connector. Throws {@link BackendError}. */
export async function connect(
  cinder: Cinder,
  volume: VolumeRow,
  connector: Json,
  words: { readonly export: string; readonly end: string },
): Promise<Json> {
  const { faults } = cinder.world;
  await attempt(faults.reach("cinder.create_export"), (text) => `${words.export} (${text})${words.end}`);
  await attempt(
    faults.reach("cinder.initialize_connection"),
    (text) => `Driver initialize connection failed (error: ${text}).`,
  );
  const qos = cinder.qos.get(cinder.types.get(volume.typeId)?.qosId ?? "");
  return {
    driver_volume_type: "iscsi",
    data: {
      target_discovered: false,
      target_portal: "127.0.0.1:3260",
      target_iqn: `iqn.2010-10.org.openstack:volume-${volume.id}`,
      target_lun: 1,
      volume_id: volume.id,
      discard: false,
      auth_method: "CHAP",
      auth_username: "oscloud",
      auth_password: "oscloudsecret0",
      qos_specs: qos && qos.consumer !== "back-end" ? { ...qos.specs } : null,
      access_mode:
        volume.adminMetadata["readonly"] === "True" || volume.adminMetadata["attached_mode"] === "ro" ? "ro" : "rw",
      encrypted: false,
      cacheable: false,
      enforce_multipath: object(connector)["enforce_multipath"] ?? false,
    },
  };
}

async function attempt(work: Promise<void>, words: (text: string) => string): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof InjectedFault)) throw error;
    throw new BackendError(backendWords(words(backendWords(error.message))));
  }
}

/** How cinder words what a back end said. */
const backendWords = (text: string): string =>
  `Bad or unexpected response from the storage volume backend API: ${text}`;

/** Ends an export. Throws {@link BackendError}. */
export async function disconnect(cinder: Cinder): Promise<void> {
  await attempt(
    cinder.world.faults.reach("cinder.terminate_connection"),
    (text) => `Terminate volume connection failed: ${text}`,
  );
}
