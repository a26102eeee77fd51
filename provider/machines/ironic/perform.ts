import { type Context, Failure, failure } from "../../core/index.ts";
import { isStatus } from "../../openstack/api-error.ts";
import { unreserveVolume } from "../../openstack/cinder/index.ts";
import type { Cloud } from "../../openstack/cloud.ts";
import * as ironic from "../../openstack/ironic/index.ts";
import { deleteConnector, deleteTarget } from "../../openstack/ironic/volumes.ts";
import { backOff } from "../back-off.ts";
import { isPortAction, performPortAction } from "../ports.ts";
import type { IronicAction, NodeAction } from "./actions.ts";
import { PROTECTED_BY_US } from "./records.ts";
import { addConnector, addTarget } from "./volumes.ts";
import { hidden, inMaintenance, nameOf } from "./words.ts";

type Args<Do extends NodeAction["args"]["do"]> = Extract<NodeAction["args"], { do: Do }>;

/** Takes one step; each may be taken again without harm. The reservation's id shows only when it has got its node. */
export async function perform(context: Context<Cloud>, action: IronicAction): Promise<undefined> {
  const { cloud } = context;
  if (isPortAction(action)) {
    await performPortAction(cloud, action);
    return;
  }
  const { args } = action as NodeAction;
  switch (args.do) {
    case "reserve":
      if (args.attempt) await backOff(context, args.attempt);
      // A name that is taken already: this run's own reservation whose answer was lost, or another run's. The next look tells.
      await ironic.createAllocation(cloud, args.request);
      return;
    case "drop":
      return ironic.deleteAllocation(cloud, args.allocation).then(() => undefined);
    case "unreserve":
      await stillOurs(cloud, args.node, args.allocation);
      await unreserveVolume(cloud, args.volume);
      return;
    case "note":
      await ironic.patchAllocation(cloud, args.allocation, args.patches);
      return;
    case "attach":
      await stillOurs(cloud, args.node, args.allocation);
      return attach(cloud, args);
    case "detach":
      await stillOurs(cloud, args.node, args.allocation);
      await ironic.detachVif(cloud, args.node, args.vif);
      return;
    case "describe":
      await stillOurs(cloud, args.node, args.allocation);
      return describe(cloud, args);
    case "connector":
      await stillOurs(cloud, args.node, args.allocation);
      return addConnector(cloud, args.node, args.allocation).then(() => undefined);
    case "target":
      await stillOurs(cloud, args.node, args.allocation);
      await addTarget(cloud, args.node, args.allocation, args.volume, args.bootIndex);
      return;
    case "untarget":
      await stillOurs(cloud, args.node, args.allocation);
      await deleteTarget(cloud, args.target);
      return;
    case "unconnector":
      await stillOurs(cloud, args.node, args.allocation);
      await deleteConnector(cloud, args.connector);
      return;
    case "provision":
      return provision(cloud, args);
    case "undeploy":
      refuseInMaintenance(await stillOurs(cloud, args.node, args.allocation, "error"));
      await ironic.setProvision(cloud, args.node, "deleted");
      return;
    case "release":
      await ironic.deleteAllocation(cloud, args.allocation);
      return;
    case "power":
      refuseInMaintenance(await stillOurs(cloud, args.node, args.allocation));
      await ironic.setPower(cloud, args.node, args.target);
      return;
    case "protect":
      return protect(cloud, args);
  }
}

/**
 * Looks at the node afresh, just before it is written to: one that went back to the pool may be somebody else's by now.
 * `allocation` null stands for a node that must carry nothing at all. A node that could not be taken down loses its
 * reservation a moment after it shows `error`, and nobody can reserve it in that state: `bare` lets it pass.
 */
async function stillOurs(cloud: Cloud, id: string, allocation: string | null, bare?: "error"): Promise<ironic.Node> {
  const node = await ironic.findNode(cloud, id);
  if (!node) throw hidden(id);
  if (node.instance_uuid === allocation) return node;
  if (node.instance_uuid === null && node.provision_state === bare) return node;
  throw failure(
    "machine-lost",
    `node ${nameOf(node)} is no longer reserved for this server (it carries ${node.instance_uuid ?? "nothing"}); it was not touched`,
    {
      next: "run `pulumi refresh` to see what is there.",
    },
  );
}

function refuseInMaintenance(node: ironic.Node): void {
  if (node.maintenance) throw inMaintenance(node);
}

async function attach(cloud: Cloud, args: Args<"attach">): Promise<undefined> {
  try {
    await ironic.attachVif(cloud, args.node, args.vif);
  } catch (error) {
    if (isStatus(error, 400) && /not have any|no free|Unable to attach VIF/i.test(error.serviceMessage))
      throw failure("unsupported", `the machine has no free network card for one more port: ${error.serviceMessage}`, {
        path: "networks",
        requestId: error.requestId,
        next: "ask for fewer networks, or for a machine with more network cards.",
      });
    throw error;
  }
}

async function describe(cloud: Cloud, args: Args<"describe">): Promise<undefined> {
  await ironic.patchNode(cloud, args.node, args.patches);
  // From 1.104 on the node keeps the name of what runs on it in a field of its own; it follows display_name only once.
  if (await ironic.hasInstanceNames(cloud)) {
    const patch: ironic.Patch =
      args.instanceName === null
        ? { op: "remove", path: "/instance_name" }
        : { op: "add", path: "/instance_name", value: args.instanceName };
    await ironic.patchNode(cloud, args.node, [patch], "instance names");
  }
}

async function provision(cloud: Cloud, args: Args<"provision">): Promise<undefined> {
  const node = await stillOurs(cloud, args.node, args.allocation);
  refuseInMaintenance(node);
  const problems = await ironic.findDeployProblems(cloud, args.node);
  if (problems.length)
    throw failure("deploy-refused", `Ironic refuses to install node ${nameOf(node)}: ${problems.join("; ")}`, {
      state: node.provision_state,
    });
  await ironic.setProvision(cloud, args.node, args.target, args.configdrive);
}

async function protect(cloud: Cloud, args: Args<"protect">): Promise<undefined> {
  await stillOurs(cloud, args.node, args.allocation);
  const patches: ironic.Patch[] = args.on
    ? [
        { op: "add", path: "/protected", value: true },
        { op: "add", path: "/protected_reason", value: PROTECTED_BY_US },
      ]
    : [{ op: "replace", path: "/protected", value: false }];
  try {
    await ironic.patchNode(cloud, args.node, patches);
  } catch (error) {
    if (!isStatus(error, 403)) throw error;
    throw new Failure({
      ...error.details,
      ...failure("not-allowed", `${error.serviceMessage}`, {
        path: "deletionProtection",
        next: "leave `deletionProtection` out, or ask for the role manager in the project that owns or leases the node.",
      }).details,
    });
  }
}
