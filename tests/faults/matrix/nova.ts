/** Faults under a machine by Nova: its nodes, which its user does not see, and the services around it. */
import { admin } from "../../cloud/client.ts";
import { getNode } from "../../cloud/nodes.ts";
import { hasServer, makeAvailable } from "../../cloud/reset.ts";
import { all, begun, metadata, networks, node, power, reinstall, withVolume } from "../changes.ts";
import * as fault from "../inject.ts";
import type { Scene } from "../scene.ts";
import type { Row } from "../table.ts";

const stage = "nova";

const slowInstall = (seconds: number) => fault.nodeIsSlow(["deploy"], seconds).inject;
const quickInstall = fault.nodeIsSlow(["deploy"], 0).clear;

/** The operator has the nodes wiped whose wipe failed. */
const wiped = async (scene: Scene) => {
  for (const name of scene.stage.nodes) if (!(await hasServer(await getNode(name)))) await makeAvailable(name);
};

/** What Ironic could not tear down without Keystone, the operator has wiped. */
const recovered = async (scene: Scene) => {
  await quickInstall(scene);
  await wiped(scene);
};

/** The operator takes the node down that Nova forgot to, and says of its server that it has failed. */
const putRight = async (scene: Scene) => {
  await quickInstall(scene);
  for (const name of scene.stage.nodes) {
    const { provision_state, instance_uuid } = await getNode(name);
    if (provision_state !== "deploy failed") continue;
    await makeAvailable(name);
    const { project } = await admin();
    await project.call("nova", "POST", `/servers/${instance_uuid}/action`, { "os-resetState": { state: "error" } });
  }
};

const READS_ONLY = "a refresh only reads";

export const NOVA: readonly Row[] = [
  {
    fault: "the install fails on every node",
    class: "deploy",
    stage,
    ...fault.nodeFails("deploy", "disk not found"),
    create: { ends: "deploy-failed", says: /retries|retry|deploy/i, left: "nothing" },
    update: { ends: "deploy-failed", left: "half-made", edit: reinstall, ci: true },
    refresh: READS_ONLY,
    delete: "a delete installs nothing",
  },
  {
    fault: "the wipe fails where the user cannot see it",
    class: "clean",
    stage,
    ...fault.nodeFails("erase_devices_metadata", "stuck platter"),
    create: "a create wipes nothing",
    update: "an update wipes nothing",
    refresh: READS_ONLY,
    delete: {
      ends: "goes on",
      says: /wip/i,
      mend: wiped,
    },
  },
  {
    fault: "the power does not switch",
    class: "power",
    stage,
    ...fault.nodeFails("set_power_state", "PSU dead"),
    create: "an install switches the power: see the install that fails",
    update: { ends: "power-failed", says: /the machine is on/, left: "half-made", edit: power },
    refresh: READS_ONLY,
    delete: "see the wipe that fails",
  },
  {
    fault: "no machine is free",
    class: "no capacity",
    stage,
    ...fault.maintenance("all in repair"),
    create: { ends: "no-capacity", says: /No valid host/i, left: "nothing", ci: true },
    update: { ends: "goes on", edit: metadata },
    refresh: { ends: "goes on" },
    delete: "see the machine by ironic",
  },
  {
    fault: "the quota of servers is used up",
    class: "quota",
    stage,
    ...fault.quota("nova", "instances"),
    create: { ends: "quota", says: /quota/i, left: "nothing" },
    update: { ends: "goes on", edit: metadata },
    refresh: { ends: "goes on" },
    delete: { ends: "goes on" },
  },
  {
    fault: "the image is not there",
    class: "image missing",
    stage,
    ...fault.imageRenamed("tiny", "tiny-2"),
    create: { ends: "not-found", says: /no image "?tiny"?/i, left: "nothing" },
    update: { ends: "not-found", says: /no image "?tiny/i, left: "as before", edit: reinstall },
    refresh: { ends: "goes on" },
    delete: { ends: "goes on" },
  },
  {
    fault: "ports do not bind",
    class: "port binding failed",
    stage,
    ...fault.backendFails("neutron.bind", "switch unreachable"),
    create: { ends: "deploy-failed", left: "nothing", mend: wiped },
    // Nova answers 500 without a reason.
    update: { ends: "service-broken", says: /Nova.*answered 500/, left: "half-made", edit: networks },
    refresh: { ends: "goes on" },
    delete: {
      ends: "goes on",
      mend: wiped,
    },
  },
  {
    fault: "volumes cannot be attached",
    class: "volume backend failed",
    stage,
    ...fault.backendFails("cinder.initialize_connection", "array is gone"),
    create: { ends: "volume-failed", left: "nothing", edit: withVolume },
    update: "a machine of Nova has its volumes from its create on",
    refresh: READS_ONLY,
    delete: "a delete attaches nothing",
  },
  {
    fault: "Ironic's conductor dies and comes back",
    class: "conductor dead",
    stage,
    ...fault.dead("ironic-conductor"),
    create: { ends: "goes on", prepare: slowInstall(4), when: node("deploying"), lasts: 4, mend: recovered },
    update: { ends: "goes on", edit: metadata, lasts: 4 },
    refresh: { ends: "goes on" },
    delete: { ends: "goes on", lasts: 4 },
  },
  {
    fault: "nova-compute is dead",
    class: "conductor dead",
    stage,
    ...fault.dead("nova-compute-ironic"),
    create: {
      ends: "timed-out",
      says: /deploying/,
      left: "half-made",
      timeouts: { create: "20s" },
      when: begun,
      // A server that was being made when nova-compute died is in ERROR when it is back.
      replaces: true,
    },
    update: { ends: "timed-out", left: "half-made", edit: power, timeouts: { update: "10s" } },
    refresh: { ends: "goes on" },
    delete: { ends: "timed-out", says: /releasing/, left: "as before", timeouts: { delete: "10s" } },
  },
  {
    fault: "Nova hangs for a while",
    class: "service frozen",
    stage,
    ...fault.frozen("nova-api"),
    create: { ends: "goes on", lasts: 10 },
    update: { ends: "goes on", edit: all(metadata, power), lasts: 10, ci: true },
    refresh: { ends: "goes on", lasts: 10 },
    delete: { ends: "goes on", lasts: 10 },
  },
  {
    fault: "Nova hangs",
    class: "service frozen",
    stage,
    ...fault.frozen("nova-api"),
    create: { ends: "timed-out", says: /Nova/, left: "nothing", timeouts: { create: "15s" } },
    update: { ends: "timed-out", says: /Nova/, left: "as before", edit: metadata, timeouts: { update: "15s" } },
    refresh: "a refresh has no limit of its own; it goes on when Nova does",
    delete: { ends: "timed-out", says: /Nova/, left: "as before", timeouts: { delete: "15s" } },
  },
  {
    fault: "Keystone dies in the middle and comes back",
    class: "keystone dead",
    stage,
    ...fault.dead("keystone"),
    // Nova looks at the node while nobody can check its token, gives the build up, and cannot say so. Of a shorter time it is chance
    // whether Nova looks just then at all, and whether it can clean up.
    create: {
      ends: "stuck-state",
      says: /put the server down .* deploy of node bm-\d has failed/,
      mover: "you",
      left: "half-made",
      prepare: slowInstall(6),
      when: node("deploying"),
      lasts: 25,
      mend: putRight,
      replaces: true,
      long: true,
    },
    // Ironic cannot change the networks without Keystone, and Nova rebuilds on no other node.
    update: {
      ends: "deploy-failed",
      says: /the reinstall failed/,
      left: "half-made",
      edit: reinstall,
      prepare: slowInstall(4),
      when: node("deploying"),
      lasts: 8,
      mend: recovered,
    },
    refresh: "a refresh is over in a moment",
    delete: "see the machine by ironic",
  },
  {
    fault: "the token is revoked in the middle",
    class: "token revoked",
    stage,
    ...fault.tokensRevoked,
    create: { ends: "goes on", prepare: slowInstall(8), when: node("deploying"), mend: quickInstall },
    update: { ends: "goes on", edit: reinstall, prepare: slowInstall(8), when: node("deploying"), mend: quickInstall },
    refresh: "a refresh logs in when it begins and is over in a moment",
    delete: "see the machine by ironic",
  },
  {
    fault: "the operator has locked the server",
    class: "locked",
    stage,
    ...fault.serverLocked,
    create: "there is no server yet",
    update: { ends: "protected", left: "as before", edit: power },
    refresh: { ends: "goes on" },
    delete: { ends: "protected", says: /locked/, left: "as before" },
  },
  {
    fault: "Nova's database fails and it answers 500 in HTML",
    class: "database",
    stage,
    proxied: true,
    ...fault.answers("nova", "500"),
    create: { ends: "service-broken", says: /Nova.*answered 500.*server has gone away/, left: "nothing" },
    update: { ends: "service-broken", says: /Nova.*answered 500/, left: "as before", edit: metadata },
    refresh: { ends: "service-broken", says: /Nova.*answered 500/, left: "as before" },
    delete: { ends: "service-broken", says: /Nova.*answered 500/, left: "as before" },
  },
];
