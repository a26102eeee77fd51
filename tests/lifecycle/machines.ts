/** The machines that the lifecycle tests run on: a row a route, with what somebody else does to it behind Pulumi's back. */
import { getNode, type Session, type Tenant, until } from "../cloud/admin.ts";
import { ironic } from "../cloud/nodes.ts";

/** A kind of machine, and how the cloud's own people reach it. */
export interface MachineKind {
  readonly title: string;
  readonly tenant: Tenant;
  /** Inputs of Server that choose it. */
  readonly inputs: Record<string, unknown>;
  /** Somebody powers the machine off. */
  powerOff(tenant: Session, outputs: Outputs): Promise<void>;
  /** Somebody releases the machine. */
  release(tenant: Session, outputs: Outputs): Promise<void>;
  /** Somebody detaches its volume; undefined where nobody can. */
  detach?(tenant: Session, outputs: Outputs, volume: string): Promise<void>;
  /** How many machines the tenant has by this route. */
  count(tenant: Session): Promise<number>;
}

/** Outputs of Server that the tests look at. */
export interface Outputs {
  readonly serverId?: string;
  readonly allocationId?: string;
  readonly nodeName?: string;
  readonly nodeId?: string;
}

const onNova = {
  async powerOff(tenant: Session, { serverId }: Outputs) {
    await tenant.raw("nova", "POST", `/servers/${serverId}/action`, { "os-stop": null });
    await until("the server is off", async () => (await server(tenant, serverId!))["status"] === "SHUTOFF", 120);
  },
  async release(tenant: Session, { serverId }: Outputs) {
    await tenant.raw("nova", "DELETE", `/servers/${serverId}`);
    await until(
      "the server is gone",
      async () => (await tenant.raw("nova", "GET", `/servers/${serverId}`)).status === 404,
      180,
    );
  },
  count: async (tenant: Session) => (await tenant.list("nova", "/servers/detail", "servers")).length,
};

const server = async (tenant: Session, id: string) =>
  (await tenant.call("nova", "GET", `/servers/${id}`))["server"] as Record<string, unknown>;

export const KINDS = [
  {
    title: "bare metal by nova",
    tenant: "alpha",
    inputs: { route: "nova", hardware: { class: "baremetal" } },
    ...onNova,
  },
  {
    title: "bare metal by ironic",
    tenant: "beta",
    inputs: { route: "ironic", hardware: { class: "metal" } },
    async powerOff(_tenant, { nodeName }) {
      await ironic("PUT", `/nodes/${nodeName}/states/power`, { target: "power off" });
      await until("the node is off", async () => (await getNode(nodeName!))["power_state"] === "power off", 60);
    },
    async release(_tenant, { nodeName }) {
      await ironic("PUT", `/nodes/${nodeName}/states/provision`, { target: "deleted" });
      await until(
        "the node is available",
        async () => (await getNode(nodeName!))["provision_state"] === "available",
        120,
      );
    },
    async detach(_tenant, outputs, volume) {
      await this.powerOff(_tenant, outputs);
      const { targets } = (await ironic("GET", "/volume/targets?detail=True")) as {
        targets: { uuid: string; volume_id: string }[];
      };
      const target = targets.find((one) => one.volume_id === volume)!;
      await ironic("DELETE", `/volume/targets/${target.uuid}`);
      await ironic("PUT", `/nodes/${outputs.nodeName}/states/power`, { target: "power on" });
      await until("the node is on", async () => (await getNode(outputs.nodeName!))["power_state"] === "power on", 60);
    },
    count: async (tenant) => (await tenant.list("ironic", "/allocations", "allocations")).length,
  },
  {
    title: "a virtual machine by nova",
    tenant: "alpha",
    inputs: { kind: "virtual", hardware: { flavor: "vm.tiny" } },
    ...onNova,
    async detach(tenant, { serverId }, volume) {
      await tenant.call("nova", "DELETE", `/servers/${serverId}/os-volume_attachments/${volume}`);
      await until(
        "the volume is free",
        async () =>
          ((await tenant.call("cinder", "GET", `/volumes/${volume}`))["volume"] as Record<string, unknown>)[
            "status"
          ] === "available",
        60,
      );
    },
  },
] as const satisfies readonly MachineKind[];
