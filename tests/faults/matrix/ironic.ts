/** Faults under a machine by Ironic: its node, its conductor, the services around it. */
import { makeAvailable } from "../../cloud/reset.ts";
import { all, metadata, networks, node, power, powerOn, reinstall, withVolume } from "../changes.ts";
import * as fault from "../inject.ts";
import type { Scene } from "../scene.ts";
import type { Row } from "../table.ts";

const stage = "ironic";

/** Makes the installs of the machine last, so that something can happen in the middle of one. */
const slowInstall = (seconds: number) => fault.nodeIsSlow(["deploy"], seconds).inject;
const quickInstall = fault.nodeIsSlow(["deploy"], 0).clear;
const slowWipe = (seconds: number) => fault.nodeIsSlow(["erase_devices_metadata"], seconds).inject;
/** The operator has the node wiped whose wipe failed. */
const wiped = (scene: Scene) => makeAvailable(scene.node);

/** A reinstall that failed, before the command that is looked at. */
const failedReinstall = async (scene: Scene) => {
  scene.edit(reinstall);
  await fault.nodeFails("deploy", "disk not found").inject(scene);
  await scene.project.up();
};

/** A machine that is off would be taken down without a power step. */
const switchedOn = async (scene: Scene) => {
  scene.edit(powerOn);
  await scene.project.up();
};

const READS_ONLY = "a refresh only reads";
const NOT_IN_CREATE = "a create takes nothing down and wipes nothing";
const NOT_IN_UPDATE = "an update takes nothing down and wipes nothing; a reinstall is an install";

/** Their own order: what is looked at most often comes first. */
export const IRONIC: readonly Row[] = [
  {
    fault: "the install fails",
    class: "deploy",
    stage,
    ...fault.nodeFails("deploy", "disk not found"),
    create: { ends: "deploy-failed", says: /disk not found/, left: "half-made", ci: true },
    update: { ends: "deploy-failed", says: /disk not found/, left: "half-made", edit: reinstall },
    refresh: {
      ends: "goes on",
      prepare: failedReinstall,
      left: "as before",
      condition: /deploy failed: .*disk not found/,
    },
    delete: { ends: "goes on", prepare: failedReinstall },
  },
  {
    fault: "the wipe fails",
    class: "clean",
    stage,
    ...fault.nodeFails("erase_devices_metadata", "stuck platter"),
    create: NOT_IN_CREATE,
    update: NOT_IN_UPDATE,
    refresh: READS_ONLY,
    delete: {
      ends: "clean-failed",
      says: /stuck platter/,
      left: "released",
      again: true,
      mend: wiped,
      ci: true,
    },
  },
  {
    fault: "taking the machine down fails",
    class: "clean",
    stage,
    ...fault.nodeFails("tear_down", "no route to the BMC"),
    create: NOT_IN_CREATE,
    update: NOT_IN_UPDATE,
    refresh: READS_ONLY,
    delete: { ends: "release-failed", says: /no route to the BMC/, left: "released" },
  },
  {
    fault: "the power does not switch",
    class: "power",
    stage,
    ...fault.nodeFails("set_power_state", "PSU dead"),
    create: { ends: "deploy-failed", says: /PSU dead/, left: "half-made" },
    update: { ends: "power-failed", says: /PSU dead/, left: "half-made", edit: power, ci: true },
    refresh: READS_ONLY,
    delete: { ends: "release-failed", says: /PSU dead/, left: "released", prepare: switchedOn },
  },
  {
    fault: "the BMC does not answer any more",
    class: "BMC lost",
    stage,
    ...fault.bmcLost,
    create: { ends: "no-capacity", left: "nothing" },
    update: { ends: "power-failed", says: /BMC does not answer/, left: "as before", edit: power },
    refresh: { ends: "goes on", condition: /BMC does not answer/, ci: true },
    delete: { ends: "power-failed", says: /BMC does not answer/, left: "as before" },
  },
  {
    fault: "the node is locked by somebody's slow step",
    class: "locked",
    stage,
    ...fault.nodeLocked(8),
    create: { ends: "goes on" },
    update: { ends: "goes on", edit: all(metadata, reinstall), ci: true },
    refresh: { ends: "goes on" },
    delete: { ends: "goes on" },
  },
  {
    fault: "steps are slow",
    class: "slow steps",
    stage,
    ...fault.nodeIsSlow(["deploy", "erase_devices_metadata"], 12),
    create: { ends: "goes on", says: /installing the machine/ },
    update: { ends: "goes on", says: /installing the machine/, edit: reinstall },
    refresh: { ends: "goes on" },
    delete: { ends: "goes on", says: /wiping the machine/ },
  },
  {
    fault: "a step is slower than the operation's limit",
    class: "slow steps",
    stage,
    ...fault.nodeIsSlow(["deploy", "erase_devices_metadata"], 20),
    create: {
      ends: "timed-out",
      says: /create took longer than 10 s; last seen: /,
      left: "half-made",
      timeouts: { create: "10s" },
      ci: true,
    },
    update: {
      ends: "timed-out",
      says: /update took longer than 6 s; last seen: /,
      left: "half-made",
      edit: reinstall,
      timeouts: { update: "6s" },
    },
    refresh: READS_ONLY,
    delete: {
      ends: "timed-out",
      says: /delete took longer than 6 s; last seen: /,
      left: "released",
      timeouts: { delete: "6s" },
    },
  },
  {
    fault: "no machine that fits is free",
    class: "no capacity",
    stage,
    ...fault.nodesTaken,
    create: { ends: "no-capacity", says: /every machine that fits is taken/, left: "nothing", ci: true },
    update: "an update takes no machine",
    refresh: READS_ONLY,
    delete: "a delete takes no machine",
  },
  {
    fault: "the quota of ports is used up",
    class: "quota",
    stage,
    ...fault.quota("neutron", "port"),
    create: { ends: "quota", says: /quota/i, left: "half-made" },
    update: { ends: "quota", says: /quota/i, left: "half-made", edit: networks },
    refresh: { ends: "goes on" },
    delete: { ends: "goes on" },
  },
  {
    fault: "the image is not there",
    class: "image missing",
    stage,
    ...fault.imageRenamed("tiny", "tiny-2"),
    create: { ends: "not-found", says: /no image "?tiny"?/i, left: "nothing" },
    update: { ends: "not-found", ci: true, says: /no image "?tiny/i, left: "as before", edit: reinstall },
    refresh: { ends: "goes on" },
    delete: { ends: "goes on" },
  },
  {
    fault: "ports do not bind",
    class: "port binding failed",
    stage,
    ...fault.backendFails("neutron.bind", "switch unreachable"),
    create: { ends: "network-failed", left: "half-made" },
    update: { ends: "network-failed", ci: true, left: "half-made", edit: networks },
    refresh: { ends: "goes on" },
    delete: {
      ends: "clean-failed",
      says: /failed to reach status/,
      left: "released",
      mend: wiped,
    },
  },
  {
    fault: "volumes cannot be attached",
    class: "volume backend failed",
    stage,
    ...fault.backendFails("cinder.initialize_connection", "array is gone"),
    create: { ends: "volume-failed", left: "half-made", edit: withVolume },
    update: "Ironic attaches volumes in an install only",
    refresh: { ends: "goes on" },
    delete: "a delete attaches nothing",
  },
  {
    fault: "the conductor dies and comes back",
    class: "conductor dead",
    stage,
    ...fault.dead("ironic-conductor"),
    create: { ends: "goes on", lasts: 4 },
    update: { ends: "goes on", edit: power, lasts: 4, ci: true },
    refresh: { ends: "goes on", lasts: 4 },
    delete: { ends: "goes on", lasts: 4 },
  },
  {
    fault: "the conductor is dead",
    class: "conductor dead",
    stage,
    ...fault.dead("ironic-conductor"),
    create: { ends: "conductor-gone", left: "nothing" },
    update: { ends: "conductor-gone", left: "as before", edit: power },
    // What networks the machine has, Ironic asks its conductor.
    refresh: { ends: "conductor-gone", left: "as before" },
    delete: { ends: "conductor-gone", left: "as before" },
  },
  {
    fault: "Ironic hangs for a while",
    class: "service frozen",
    stage,
    ...fault.frozen("ironic-api"),
    create: { ends: "goes on", lasts: 10 },
    update: { ends: "goes on", edit: all(metadata, power), lasts: 10 },
    refresh: { ends: "goes on", lasts: 10 },
    delete: { ends: "goes on", lasts: 10 },
  },
  {
    fault: "Ironic hangs",
    class: "service frozen",
    stage,
    ...fault.frozen("ironic-api"),
    create: { ends: "timed-out", says: /Ironic/, left: "nothing", timeouts: { create: "15s" } },
    update: {
      ends: "timed-out",
      says: /Ironic/,
      left: "as before",
      edit: all(metadata, powerOn),
      timeouts: { update: "15s" },
    },
    refresh: "a refresh has no limit of its own; it goes on when Ironic does",
    delete: { ends: "timed-out", says: /Ironic/, left: "as before", timeouts: { delete: "15s" } },
  },
  {
    fault: "Neutron hangs for a while",
    class: "service frozen",
    stage,
    ...fault.frozen("neutron-server"),
    create: { ends: "goes on", lasts: 10 },
    update: { ends: "goes on", edit: networks, lasts: 10 },
    refresh: { ends: "goes on", lasts: 10 },
    delete: { ends: "goes on", lasts: 10 },
  },
  {
    fault: "Keystone hangs for a while",
    class: "keystone dead",
    stage,
    ...fault.frozen("keystone"),
    create: { ends: "goes on", lasts: 5 },
    update: { ends: "goes on", edit: metadata, lasts: 5 },
    refresh: { ends: "goes on", lasts: 5 },
    delete: { ends: "goes on", lasts: 5 },
  },
  {
    fault: "Keystone dies in the middle and comes back",
    class: "keystone dead",
    stage,
    ...fault.dead("keystone"),
    create: { ends: "goes on", prepare: slowInstall(4), when: node("deploying"), lasts: 8, mend: quickInstall },
    update: {
      ends: "goes on",
      edit: reinstall,
      prepare: slowInstall(4),
      when: node("deploying"),
      lasts: 8,
      mend: quickInstall,
    },
    refresh: "a refresh is over in a moment",
    // Ironic cannot end a wipe without Keystone: it has networks to change.
    delete: {
      ends: "clean-failed",
      left: "released",
      prepare: slowWipe(4),
      when: node("cleaning"),
      lasts: 8,
      mend: wiped,
    },
  },
  {
    fault: "Keystone is dead",
    class: "keystone dead",
    stage,
    ...fault.dead("keystone"),
    create: {
      ends: "service-unreachable",
      says: /Keystone/,
      mover: "you",
      left: "nothing",
      resource: "IsolatedNetwork net0",
    },
    update: { ends: "service-unreachable", says: /Keystone/, mover: "you", left: "as before", edit: metadata },
    refresh: { ends: "service-unreachable", ci: true, says: /Keystone/, mover: "you", left: "as before" },
    delete: { ends: "service-unreachable", says: /Keystone/, mover: "you", left: "as before" },
  },
  {
    fault: "the token is revoked in the middle",
    class: "token revoked",
    stage,
    ...fault.tokensRevoked,
    create: { ends: "goes on", prepare: slowInstall(8), when: node("deploying"), mend: quickInstall },
    update: {
      ends: "goes on",
      ci: true,
      edit: reinstall,
      prepare: slowInstall(8),
      when: node("deploying"),
      mend: quickInstall,
    },
    refresh: "a refresh logs in when it begins and is over in a moment",
    // Ironic asks Neutron with the token of who asked for the delete.
    delete: {
      ends: "clean-failed",
      says: /401/,
      left: "released",
      prepare: slowWipe(8),
      when: node("cleaning"),
      mend: wiped,
    },
  },
  {
    fault: "the operator has the node in maintenance",
    class: "maintenance",
    stage,
    ...fault.maintenance("new disk"),
    create: { ends: "no-capacity", left: "nothing" },
    update: { ends: "in-maintenance", says: /new disk/, left: "as before", edit: power },
    refresh: { ends: "goes on", condition: /maintenance: new disk/ },
    delete: { ends: "in-maintenance", says: /new disk/, left: "as before" },
  },
  {
    fault: "somebody has switched the machine off",
    class: "power",
    stage,
    ...fault.powerButton,
    create: "there is no machine yet",
    update: { ends: "goes on", edit: metadata },
    refresh: { ends: "goes on" },
    delete: { ends: "goes on" },
  },
  {
    fault: "the operator protects the node",
    class: "protected",
    stage,
    ...fault.nodeProtected,
    create: "a protected node is in use",
    update: { ends: "goes on", edit: metadata },
    refresh: { ends: "goes on" },
    delete: { ends: "protected", left: "as before" },
  },
  {
    fault: "Ironic's database fails and it answers 500 in HTML",
    class: "database",
    stage,
    proxied: true,
    ...fault.answers("ironic", "500"),
    create: { ends: "service-broken", says: /Ironic.*answered 500.*server has gone away/, left: "nothing" },
    update: { ends: "service-broken", says: /Ironic.*answered 500/, left: "as before", edit: metadata },
    refresh: { ends: "service-broken", says: /Ironic.*answered 500/, left: "as before" },
    delete: { ends: "service-broken", says: /Ironic.*answered 500/, left: "as before" },
  },
];
