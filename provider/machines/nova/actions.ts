import type { Context, FailureCode } from "../../core/index.ts";
import type { Cloud } from "../../openstack/cloud.ts";
import {
  actOnServer,
  attachPort,
  createServer,
  deleteServer,
  detachPort,
  type NewServer,
  removeServerMetadata,
  type ServerAction,
  setServerMetadata,
  updateServer,
} from "../../openstack/nova/servers.ts";
import { backOff } from "../back-off.ts";
import { isPortAction, type PortAction, performPortAction } from "../ports.ts";

/** Why a server that could not be made is deleted again; kept with the step, so that the last failure can be told when all is cleared. */
export interface FailedBuild {
  readonly code: FailureCode;
  readonly what: string;
  /** Whether another node may do better. */
  readonly again: boolean;
  /** Names of the nodes on which it was seen to be tried. */
  readonly nodes?: readonly string[];
}

/** A step of the nova route. Plain data, one API call each. */
export type NovaAction =
  | PortAction
  | { readonly name: "create server"; readonly args: { readonly step: "create"; readonly server: NewServer } }
  | {
      readonly name: "delete server" | "delete failed server";
      readonly args: {
        readonly step: "delete";
        readonly id: string;
        readonly attempt?: number;
        readonly because?: FailedBuild;
      };
    }
  | {
      readonly name: "rename server";
      readonly args: { readonly step: "rename"; readonly id: string; readonly to: string };
    }
  | {
      readonly name: "set metadata" | "note the install";
      readonly args: {
        readonly step: "set metadata";
        readonly id: string;
        readonly metadata: Readonly<Record<string, string>>;
      };
    }
  | {
      readonly name: `remove metadata ${string}`;
      readonly args: { readonly step: "remove metadata"; readonly id: string; readonly key: string };
    }
  | {
      readonly name: `attach port ${number}` | `detach port ${number}` | "detach port";
      readonly args: { readonly step: "attach" | "detach"; readonly id: string; readonly portId: string };
    }
  | {
      readonly name:
        | "power on"
        | "power off"
        | "note that it runs"
        | "reboot"
        | "lock"
        | "unlock"
        | "reinstall"
        | "delete for good";
      readonly args: { readonly step: "act"; readonly id: string; readonly action: ServerAction };
    };

/** Takes a step. Answers with the id of a server that it made. */
export async function perform(context: Context<Cloud>, action: NovaAction): Promise<string | undefined> {
  const { cloud } = context;
  if (isPortAction(action)) {
    await performPortAction(cloud, action);
    return undefined;
  }
  const { args } = action;
  switch (args.step) {
    case "create":
      return createServer(cloud, args.server);
    case "delete":
      // Nova gave the one before up because Ironic is at work on the node: longer pauses the longer that lasts.
      if ((args.attempt ?? 1) > 1) await backOff(context, args.attempt!);
      await deleteServer(cloud, args.id);
      return undefined;
    case "rename":
      await updateServer(cloud, args.id, { name: args.to });
      return undefined;
    case "set metadata":
      await setServerMetadata(cloud, args.id, args.metadata);
      return undefined;
    case "remove metadata":
      await removeServerMetadata(cloud, args.id, args.key);
      return undefined;
    case "attach":
      await attachPort(cloud, args.id, args.portId);
      return undefined;
    case "detach":
      await detachPort(cloud, args.id, args.portId);
      return undefined;
    case "act":
      await actOnServer(cloud, args.id, args.action);
      return undefined;
  }
}
