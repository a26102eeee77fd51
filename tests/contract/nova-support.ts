import type { Test } from "tap";
import { Type } from "typebox";
import { commonInputs, commonOutputs, defineResource } from "../../provider/core/index.ts";
import { type NovaAction, type NovaSeen, novaRoute } from "../../provider/machines/nova/index.ts";
import { type MachineInputs, machineInputs, machineOutputs } from "../../provider/machines/spec.ts";
import type { Cloud } from "../../provider/openstack/cloud.ts";
import { type Json, type Session, until } from "../cloud/client.ts";
import { contextFor, inputsOf, unique } from "./context.ts";

const inputs = Type.Object({ ...machineInputs, ...commonInputs }, { additionalProperties: false });
const outputs = Type.Object({ ...machineOutputs, ...commonOutputs });

/** A machine on the nova route and nothing else. */
export const machine = defineResource<typeof inputs, typeof outputs, NovaSeen, NovaAction, Cloud>({
  type: "Server",
  description: "",
  example: "",
  inputs,
  outputs,
  deleteBeforeReplace: true,
  timeouts: { create: 420, update: 420, delete: 420 },
  stateVersion: 1,
  ...novaRoute,
  actual: (seen, wanted) => ({ ...wanted, ...novaRoute.actual(seen, wanted) }),
});

/** Two isolated networks of a test file and short ways to look at what stands on them. All of it goes at the end. */
export async function stage(t: Test, alpha: Session, cidrs: readonly [string, string]) {
  const context = contextFor("alpha");
  const prefix = unique("nova");
  const call = alpha.call.bind(alpha);
  const makeNetwork = async (cidr: string, index: number) => {
    const made = await call("neutron", "POST", "/networks", { network: { name: `${prefix}-${index}` } });
    const id = String((made["network"] as Json)["id"]);
    await call("neutron", "POST", "/subnets", { subnet: { network_id: id, cidr, ip_version: 4 } });
    return id;
  };
  const networks = (await Promise.all(cidrs.map(makeNetwork))) as [string, string];
  const mine = async () =>
    (await alpha.list("nova", "/servers/detail", "servers")).filter((one) => String(one["name"]).startsWith(prefix));
  const serverOf = async (id: string) => (await call("nova", "GET", `/servers/${id}`))["server"] as Json;
  const gone = async (id: string) => (await alpha.raw("nova", "GET", `/servers/${id}`)).status === 404;
  const ports = async (network: string) =>
    (await alpha.list("neutron", `/ports?network_id=${network}`, "ports")).filter(
      (port) => !String(port["device_owner"]).startsWith("network:"),
    );
  t.teardown(async () => {
    context.close();
    for (const server of await mine()) {
      t.fail(`server ${server["name"]} was left behind`);
      await alpha.raw("nova", "POST", `/servers/${server["id"]}/action`, { unlock: null });
      // Nova gives up on a slow node and takes the same request again.
      const release = () => alpha.raw("nova", "DELETE", `/servers/${server["id"]}`);
      await until("it is gone", async () => (await release()) && (await gone(String(server["id"]))), 180, 5);
    }
    for (const network of networks) {
      for (const port of await ports(network)) {
        t.fail(`port ${port["name"]} was left behind`);
        await alpha.raw("neutron", "DELETE", `/ports/${port["id"]}`);
      }
      await alpha.raw("neutron", "DELETE", `/networks/${network}`);
    }
  });
  return {
    context,
    prefix,
    networks,
    mine,
    serverOf,
    gone,
    ports,
    /** What was said since there were so many lines. */
    said: (from: number) => context.lines.slice(from),
    act: (id: string, action: Json) => call("nova", "POST", `/servers/${id}/action`, action),
    settled: (id: string, status: string) =>
      until(`${id} is ${status}`, async () => {
        const server = await serverOf(id);
        return server["status"] === status && server["OS-EXT-STS:task_state"] === null && server;
      }),
    /** The inputs of a virtual machine on the first network. */
    virtual: (name: string, more: Partial<MachineInputs> = {}) =>
      inputsOf(machine, `${prefix}-${name}`, {
        kind: "virtual" as const,
        hardware: { flavor: "vm.tiny" },
        image: "tiny",
        networks: [{ network: networks[0] }],
        ...more,
      }) as never,
  };
}
