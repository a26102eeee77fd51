/** A create whose install failed because of the machine takes another one, once, and never two. */
import t from "tap";
import { type IronicAction, type IronicSeen, ironicRoute, offersOf } from "../../../provider/machines/ironic/index.ts";
import { judgeInstall } from "../../../provider/machines/ironic/judge.ts";
import type { DesiredMachine } from "../../../provider/machines/route.ts";
import type { Node } from "../../../provider/openstack/ironic/index.ts";
import {
  allocation,
  digest,
  ID,
  IMAGE,
  inputs,
  NODE,
  node,
  port,
  seenWith,
  taking,
  wants,
  word,
} from "./ironic-fixtures.ts";

const { next } = ironicRoute;
const OTHER = "44444444-4444-4444-8444-444444444444";
const SPARE = "55555555-5555-4555-8555-555555555555";
const BEGUN = { pulumi_baremetal_begun: { image: IMAGE, digest, at: "" } };
const GIVE_UP = "give up node n1, whose install failed, and take another";
const free = { instance_uuid: null, provision_state: "available" };
const spare = offersOf([
  node({ provision_state: "deploy failed" }),
  node({ uuid: OTHER, ...free }),
  node({ uuid: SPARE, ...free, traits: ["CUSTOM_NVME", "CUSTOM_RACK_R1"] }),
]);
const failedOn = (more: Partial<Node> = {}, rest: Partial<IronicSeen> = {}): IronicSeen =>
  seenWith({ provision_state: "deploy failed", last_error: "disk on fire", ...more }, BEGUN, {
    offers: spare,
    ...rest,
  });
const twice = taking("install", "install");
const givingUp = (seen = failedOn()): IronicAction => {
  const step = next(wants(), seen, twice);
  if (!("do" in step)) throw new Error(word(step));
  return step.do;
};

t.test("when another machine is taken", async (t) => {
  const update = { ...wants(), last: { allocationId: ID } } as DesiredMachine;
  const adopt = {
    ...wants(),
    inputs: { ...inputs, adopt: ID },
  } as unknown as DesiredMachine;
  const rows: [what: string, DesiredMachine, IronicSeen, readonly IronicAction[], string][] = [
    ["the first failure is tried again on the same", wants(), failedOn(), taking("install"), "install"],
    ["the second is not", wants(), failedOn(), twice, GIVE_UP],
    ["its reason hidden from a lessee", wants(), failedOn({ last_error: null }), twice, GIVE_UP],
    ["an update never", update, failedOn(), twice, "failed: deploy-failed"],
    ["an adopted machine never", adopt, failedOn(), twice, "failed: deploy-failed"],
    ["in maintenance not", wants(), failedOn({ maintenance: true }), twice, "failed: deploy-failed"],
    ["protected not", wants(), failedOn({ protected: true }), twice, "failed: deploy-failed"],
    ["none is free", wants(), failedOn({}, { offers: offersOf([node()]) }), twice, "failed: deploy-failed"],
    ["none that is free fits", wants({ hardware: { cpus: 64 } }), failedOn(), twice, "failed: deploy-failed"],
    ["none of the class", wants({ hardware: { class: "gold" } }), failedOn(), twice, "failed: deploy-failed"],
    ["by amounts", wants({ hardware: { cpus: 8 } }), failedOn(), twice, GIVE_UP],
    [
      "the image is the cause",
      wants(),
      failedOn({ last_error: "Image x could not be found" }),
      twice,
      "failed: image-unusable",
    ],
    ["the network is", wants(), failedOn({ last_error: "Binding failed for port 1" }), twice, "failed: network-failed"],
    ["with volumes not", wants({ volumes: ["v"] }), failedOn(), twice, "failed: deploy-failed"],
  ];
  for (const [what, desired, seen, taken, expected] of rows) t.equal(word(next(desired, seen, taken)), expected, what);
  t.match(givingUp(), {
    args: { do: "undeploy", node: NODE, allocation: ID, because: { node: NODE, words: "disk on fire", tries: 2 } },
  });
});

t.test("from one machine to the other, look by look", async (t) => {
  const gave = givingUp();
  const taken = [...twice, gave];
  const { id: _, mark: __, allocation: ___, ...bare } = failedOn({ instance_uuid: null });
  const off = (state: string, offers?: IronicSeen["offers"]): IronicSeen => {
    const { offers: _, details: __, ...rest } = bare;
    return { ...rest, node: node({ ...free, provision_state: state }), carries: "none", ...(offers && { offers }) };
  };
  const rows: [what: string, IronicSeen, readonly IronicAction[], string][] = [
    ["accepted and not shown yet", failedOn(), taken, GIVE_UP],
    ["it is taken down", seenWith({ provision_state: "deleting" }, BEGUN), taken, "wait"],
    [
      "it carries nothing and the reservation still shows",
      { ...off("cleaning"), allocation: allocation() },
      taken,
      "wait",
    ],
    ["the reservation is gone, nothing else was looked at", off("cleaning"), taken, "wait"],
    ["taking down failed", seenWith({ provision_state: "error" }, BEGUN), taken, "take the machine down"],
    ["it carries nothing any more", { ...off("error"), allocation: allocation() }, taken, "wait"],
    ["and failed for good", off("error"), taken, "failed: deploy-failed"],
    [
      "in maintenance",
      seenWith({ provision_state: "deleting", maintenance: true }, BEGUN),
      taken,
      "failed: in-maintenance",
    ],
    ["all is known", off("cleaning", spare), taken, "reserve a machine"],
    ["its wipe failed: the operator's, we go on", off("clean failed", spare), taken, "reserve a machine"],
    ["others took the rest", off("cleaning", offersOf([node({ ...free })])), taken, "failed: deploy-failed"],
  ];
  for (const [what, seen, steps, expected] of rows) t.equal(word(next(wants(), seen, steps)), expected, what);

  const back = offersOf([node({ ...free }), node({ uuid: OTHER, ...free })]);
  const request = (seen: IronicSeen, desired = wants()) => {
    const step = next(desired, seen, taken);
    return "do" in step && step.do.name === "reserve a machine" ? step.do.args.request : word(step);
  };
  t.match(request(off("cleaning", spare)), { resource_class: "metal", candidate_nodes: [OTHER, SPARE] });
  t.match(request(off("available", back)), { candidate_nodes: [OTHER] }, "the failed one is free again, and left out");
  t.match(request(off("available", back), wants({ hardware: { cpus: 8 } })), { candidate_nodes: [OTHER] });

  const reserve = taking("reserve a machine");
  const onOther = (more: Partial<Node>) =>
    seenWith({ uuid: OTHER, name: "n2", ...more }, BEGUN, {
      allocation: allocation(BEGUN, { node_uuid: OTHER }),
      ports: [{ ...port, device: OTHER }],
      offers: spare,
    });
  const ready = onOther({ provision_state: "available", power_state: "power off" });
  t.equal(word(next(wants(), ready, [...taken, ...reserve])), "install");
  const both = onOther({ provision_state: "deploy failed", last_error: "no route to BMC" });
  const end = next(wants(), both, [...taken, ...reserve, ...taking("install")]);
  t.match("failed" in end && end.failed, {
    code: "deploy-failed",
    message: /node n2 .*no route to BMC; before it node n1 .*2 times \(disk on fire\)/,
  });
  t.equal(word(next(wants(), onOther({}), [...taken, ...reserve, ...taking("install")])), "note what is installed");
});

t.test("whose fault a failed install was, in Ironic's words", async (t) => {
  const rows: [words: string | undefined, code: string, another: boolean][] = [
    [undefined, "deploy-failed", true],
    ["Timeout reached while waiting for callback for node 1", "deploy-failed", true],
    ["Deploy step deploy.deploy failed: disk on fire", "deploy-failed", true],
    ["Error performing deploy_step write_image: No suitable device was found for deployment", "deploy-failed", true],
    ["IPMI call failed: power status", "deploy-failed", true],
    ["The deploying state can't be resumed by conductor c1. Moving to fail state.", "deploy-failed", false],
    ["Failed to download image 1, reason: HTTP 404", "image-unusable", false],
    ["Image failed to verify against checksum", "image-unusable", false],
    ["Validation of image href http://x failed, reason: 404", "image-unusable", false],
    ["Binding failed for port 1, please check neutron logs", "network-failed", false],
    ["Could not add public network VIF 1 to node 2", "network-failed", false],
    ["Failed to find the provisioning network", "network-failed", false],
    ["Failed to attach volume 1 to node 2", "volume-failed", false],
  ];
  for (const [words, code, another] of rows) t.same(judgeInstall(words), { code, another }, words ?? "hidden");
});
