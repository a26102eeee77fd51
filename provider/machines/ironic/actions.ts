import type { AllocationRequest, ConfigDrive, Patch } from "../../openstack/ironic/index.ts";
import type { PortAction } from "../ports.ts";

/** The node that a step touches, and the reservation that it must still carry when the step is taken. */
export interface Held {
  readonly node: string;
  readonly allocation: string;
}

/** A machine whose install failed and that a create gives back for another; kept with the step, so that the end can tell of it. */
export interface GivenUp {
  readonly node: string;
  /** How people call it. */
  readonly name: string;
  /** Ironic's words about the failed install. */
  readonly words: string;
  readonly tries: number;
}

type Step<Name extends string, Do extends string, Args> = {
  readonly name: Name;
  readonly args: { readonly do: Do } & Args;
};

/** A step of the Ironic route. `attempt` counts the tries, so that a second one is not taken for the first. */
export type NodeAction =
  | Step<"reserve a machine", "reserve", { readonly request: AllocationRequest; readonly attempt?: number }>
  | Step<"drop the failed reservation", "drop", { readonly allocation: string; readonly words: string }>
  | Step<
      "note what is installed" | "note what is to be installed" | "note metadata",
      "note",
      { readonly allocation: string; readonly patches: readonly Patch[] }
    >
  | Step<`attach port ${number}`, "attach", Held & { readonly vif: string }>
  | Step<"detach a port", "detach", Held & { readonly vif: string }>
  | Step<
      "describe the machine" | "forget the machine",
      "describe",
      Held & { readonly patches: readonly Patch[]; readonly instanceName: string | null }
    >
  | Step<"make a volume connector", "connector", Held>
  | Step<"add a volume", "target", Held & { readonly volume: string; readonly bootIndex: number }>
  | Step<"free a volume that was not attached", "unreserve", Held & { readonly volume: string }>
  | Step<
      "remove a volume",
      "untarget",
      { readonly node: string; readonly allocation: string | null; readonly target: string }
    >
  | Step<
      "remove a volume connector",
      "unconnector",
      { readonly node: string; readonly allocation: string | null; readonly connector: string }
    >
  | Step<
      "install" | "reinstall",
      "provision",
      Held & { readonly target: "active" | "rebuild"; readonly attempt: number; readonly configdrive?: ConfigDrive }
    >
  | Step<
      "take the machine down",
      "undeploy",
      { readonly node: string; readonly allocation: string | null; readonly attempt: number }
    >
  | Step<
      `give up node ${string}, whose install failed, and take another`,
      "undeploy",
      Held & { readonly attempt: number; readonly because: GivenUp }
    >
  | Step<"give the machine back", "release", Held>
  | Step<
      "power on" | "power off",
      "power",
      Held & { readonly target: "power on" | "power off"; readonly attempt: number }
    >
  | Step<"protect" | "unprotect", "protect", Held & { readonly on: boolean }>;

/** Every step of the Ironic route. */
export type IronicAction = NodeAction | PortAction;
