import t, { type Test } from "tap";
import { Type } from "typebox";
import { type AnyDefinition, commonInputs, commonOutputs } from "../../provider/core/index.ts";
import { type IronicAction, ironicRoute } from "../../provider/machines/ironic/index.ts";
import { machineInputs, machineOutputs } from "../../provider/machines/spec.ts";
import { type Json, login, type Tenant } from "../cloud/client.ts";
import { clearNodeFaults } from "../cloud/faults.ts";
import { getNode, vifs } from "../cloud/nodes.ts";
import { makeAvailable } from "../cloud/reset.ts";
import { cloudOrSkip, contextFor, inputsOf, type TestContext, unique } from "./context.ts";

/** The route as a resource of its own, without the choice of a route. */
export const server: AnyDefinition = {
  type: "Server",
  description: "",
  example: "",
  inputs: Type.Object({ ...commonInputs, ...machineInputs }),
  outputs: Type.Object({ ...commonOutputs, ...machineOutputs }),
  deleteBeforeReplace: true,
  timeouts: { create: 300, update: 300, delete: 300 },
  stateVersion: 1,
  ...ironicRoute,
};

/** The definition whose `perform` is watched: `before` runs ahead of the step, `after` behind it. */
export function watched(hooks: {
  before?: (action: IronicAction) => Promise<void>;
  after?: (action: IronicAction) => Promise<void>;
}): AnyDefinition {
  return {
    ...server,
    perform: async (context: never, action: IronicAction) => {
      await hooks.before?.(action);
      const id = await ironicRoute.perform(context, action);
      await hooks.after?.(action);
      return id;
    },
  };
}

/** The definition that dies right after the step of this name, as a killed process does. */
export const dyingOn = (name: string, context: TestContext): AnyDefinition =>
  watched({
    after: async (action) => {
      if (action.name !== name) return;
      context.cancel();
      throw new Error("killed");
    },
  });

/** The steps that were taken, without the resource's name and the waits. */
export const steps = (context: TestContext, from = 0): string[] =>
  context.lines.slice(from).map((line) => line.replace(/^[^:]*: /, ""));

/** What the tests of one tenant share; undefined where the cloud does not answer, which is said. */
export async function setUp(tenant: Tenant) {
  const found = await cloudOrSkip(tenant, ["ironic", "neutron", "glance"]);
  if (typeof found === "string") {
    t.comment(found);
    t.plan(0, found);
    return undefined;
  }
  const raw = await login(tenant);
  const context = contextFor(tenant);
  const prefix = unique(`iron-${tenant}`);
  /** The only node of its kind that the tenant has, so that a test knows on which one it is. */
  const node = `${tenant}-2`;

  // What a killed run left on the node must not fail this one.
  await clearNodeFaults(node);
  await makeAvailable(node);

  async function makeNetwork(suffix = ""): Promise<string> {
    const { network } = (await raw.call("neutron", "POST", "/networks", {
      network: { name: `${prefix}${suffix}` },
    })) as { network: { id: string } };
    const subnet = { network_id: network.id, cidr: "10.88.0.0/24", ip_version: 4 };
    await raw.call("neutron", "POST", "/subnets", { subnet });
    return network.id;
  }
  const network = await makeNetwork();

  const reservations = async () =>
    (await raw.list("ironic", "/allocations", "allocations")).filter(({ name }) =>
      String(name).startsWith("pulumi-baremetal-"),
    );
  const ports = async () =>
    (await raw.list("neutron", `/ports?network_id=${network}`, "ports")).filter(({ description }) =>
      String(description).startsWith("pulumi-baremetal:"),
    );

  t.teardown(async () => {
    context.close();
    await clearNodeFaults(node);
    for (const { name } of await reservations()) t.fail(`reservation ${name} was left behind`);
    await makeAvailable(node);
    for (const { uuid } of await reservations()) await raw.raw("ironic", "DELETE", `/allocations/${uuid}`);
    for (const { id, name } of await raw.list("neutron", `/networks?project_id=${raw.projectId}`, "networks")) {
      if (!String(name).startsWith(prefix)) continue;
      for (const port of await raw.list("neutron", `/ports?network_id=${id}`, "ports"))
        await raw.raw("neutron", "DELETE", `/ports/${port["id"]}`);
      await raw.raw("neutron", "DELETE", `/networks/${id}`);
    }
  });

  return {
    tenant,
    raw,
    context,
    prefix,
    node,
    network,
    makeNetwork,
    reservations,
    ports,
    program: (name: string, more: Json = {}) =>
      inputsOf(server, `${prefix}-${name}`, {
        route: "ironic",
        hardware: { class: "metal", traits: ["CUSTOM_NVME"] },
        image: "tiny",
        networks: [{ network }],
        ...more,
      }),
    /** What a delete must leave: no reservation, no port, the node clean and free. */
    async nothingIsLeft(t: Test) {
      t.same(await reservations(), [], "no reservation is left");
      t.same(await ports(), [], "no port is left");
      const seen = await getNode(node);
      t.match(seen, { provision_state: "available", instance_uuid: null, maintenance: false, protected: false });
      t.same(seen["instance_info"], {}, "the node says nothing of us");
      t.same(await vifs(node), [], "nothing is attached to it");
    },
  };
}
