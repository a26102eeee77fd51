import type { CommonOutputs } from "../../core/index.ts";
import type { ConnectionInfo } from "../../openstack/cinder/index.ts";
import type { VolumeTarget } from "../../openstack/ironic/volumes.ts";
import type { AttachmentInputs, AttachmentOutputs, SeenAttachment } from "../volume-attachment.ts";

/** The target of this volume on the node. */
export const targetOf = ({ targets, pair }: SeenAttachment): VolumeTarget | undefined =>
  targets.find((target) => target.volume_id === pair?.volume);

/** Cinder's attachment of the volume to this machine; Ironic names it by instance or by node. */
export const heldByMachine = ({ volume, pair, node }: SeenAttachment) =>
  volume?.attachments.find(({ server_id: id }) => id !== null && (id === pair?.server || id === node?.uuid));

/** What of an attachment goes to state. */
export function attachmentResult(
  seen: SeenAttachment,
  _inputs: AttachmentInputs,
): Omit<AttachmentOutputs, keyof CommonOutputs> {
  const { route = "nova", attached, direct } = seen;
  if (route === "nova")
    return {
      route,
      state: "usable",
      ...(attached?.attachment_id && { attachmentId: attached.attachment_id }),
      ...(attached?.device && { device: attached.device }),
    };
  if (route === "direct") {
    const iscsi = iscsiOf(direct?.connection_info ?? {}, seen.initiator);
    return {
      route,
      state: "exported",
      ...(direct && { attachmentId: direct.id }),
      ...(iscsi && { iscsi }),
      ...login(direct?.connection_info, seen.initiator),
    };
  }
  const target = targetOf(seen) ?? seen.stray?.target;
  const held = heldByMachine(seen);
  const connector = seen.connectors.find((one) => one.type === "iqn");
  const info = target?.properties as ConnectionInfo | undefined;
  const iscsi = iscsiOf(info ?? {}, connector?.connector_id);
  return {
    route,
    state: held ? "exported" : "prepared",
    ...(held && { attachmentId: held.attachment_id }),
    ...(target && { targetId: target.uuid }),
    ...(connector && { connectorId: connector.uuid }),
    ...(iscsi && { iscsi }),
    ...login(info, connector?.connector_id),
  };
}

function iscsiOf(info: ConnectionInfo, initiator: string | undefined): AttachmentOutputs["iscsi"] {
  const facts = {
    ...(initiator !== undefined && { initiator }),
    ...(info.target_portal && { portal: info.target_portal }),
    ...(info.target_iqn && { target: info.target_iqn }),
    ...(typeof info.target_lun === "number" && { lun: info.target_lun }),
  };
  return Object.keys(facts).length ? facts : undefined;
}

function login(info: ConnectionInfo | undefined, initiator: string | undefined): { loginUserData?: string } {
  if (!info?.target_portal || !info.target_iqn || !initiator) return {};
  return {
    loginUserData: renderLogin({ ...info, target_portal: info.target_portal, target_iqn: info.target_iqn }, initiator),
  };
}

/** Cloud-init user data that logs a Linux system in to a volume, now and at every start. */
export function renderLogin(
  info: ConnectionInfo & { target_portal: string; target_iqn: string },
  initiator: string,
): string {
  const node = ["iscsiadm", "-m", "node", "-T", info.target_iqn, "-p", info.target_portal];
  const set = (name: string, value: string) => [...node, "-o", "update", "-n", name, "-v", value];
  const masked = info.auth_password === undefined || info.auth_password === null || /^\*+$/.test(info.auth_password);
  const chap = info.auth_method === "CHAP" && info.auth_username && !masked;
  const commands = [
    ["systemctl", "restart", "iscsid"],
    [...node, "-o", "new"],
    ...(chap
      ? [
          set("node.session.auth.authmethod", "CHAP"),
          set("node.session.auth.username", info.auth_username!),
          set("node.session.auth.password", info.auth_password!),
        ]
      : []),
    set("node.startup", "automatic"),
    [...node, "--login"],
  ];
  // JSON is YAML: every value stands quoted, whatever is in it.
  return [
    "#cloud-config",
    ...(info.auth_method === "CHAP" && !chap
      ? ["# The storage wants a CHAP user and password that this credential may not see: ask the operator for them."]
      : []),
    "packages: [open-iscsi]",
    "write_files:",
    `  - ${JSON.stringify({ path: "/etc/iscsi/initiatorname.iscsi", content: `InitiatorName=${initiator}\n` })}`,
    "runcmd:",
    ...commands.map((command) => `  - ${JSON.stringify(command)}`),
    "",
  ].join("\n");
}

/** What keeps an attachment from being whole, in one line. */
export function attachmentTrouble(seen: SeenAttachment): string | undefined {
  const { node, offFor, pair, volume, route } = seen;
  if (seen.id === undefined) return undefined;
  if (seen.stray)
    return `still registered with node ${seen.stray.target.node_uuid}, which is not this machine any more: its start would attach the volume there`;
  if (offFor !== undefined && offFor === pair?.volume && !targetOf(seen))
    return "half-made: the machine was switched off for it";
  if (offFor !== undefined && node?.power_state === "power off")
    return "the machine was switched off for a volume and is not on again";
  if (route === "ironic" && node?.power_state === "power on" && targetOf(seen) && !heldByMachine(seen))
    return "registered, but the cloud does not export it: the machine was not started since, or its start failed";
  if (node?.maintenance) return `maintenance: ${node.maintenance_reason ?? "no reason given"}`;
  if (volume?.status.startsWith("error")) return `the volume is in status ${volume.status}`;
  return undefined;
}
