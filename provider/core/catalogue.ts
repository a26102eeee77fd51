import { Failure, type FailureDetails, type Mover } from "./failure.ts";

/** What is the same each time a failure happens. */
interface Entry {
  /** What this failure means, for the reference page. */
  readonly meaning: string;
  readonly mover: Mover;
  /** What to do next, in one sentence. */
  readonly next: string;
}

/**
 * Every way in which a resource can fail, by its stable code. The sentence about what happened comes from the place
 * that saw it, with the service's own words; meaning, mover and next step stand here once.
 */
export const catalogue = {
  "invalid-input": {
    meaning: "The program asks for something that no cloud could give; nothing was asked of the cloud.",
    mover: "you",
    next: "correct the property named above and run `pulumi up` again.",
  },
  "no-credentials": {
    meaning: "No source of configuration holds a complete credential.",
    mover: "you",
    next: "set `pulumi config set openstack:cloud NAME` (clouds.yaml) or the OS_* variables of your cloud's openrc file.",
  },
  "credentials-refused": {
    meaning: "The identity service does not accept the credential.",
    mover: "you",
    next: "check user, password and project, or make a new application credential; `openstack token issue` tries the same.",
  },
  "token-refused": {
    meaning: "A service does not accept the token that the identity service gave, and a new one did not help.",
    mover: "you",
    next: "run the same command again with fresh credentials; the token has expired or been revoked, or the user or project was disabled.",
  },
  "not-allowed": {
    meaning: "The credential lacks a role.",
    mover: "you",
    next: "ask the project's owner for the role named above, or use another credential.",
  },
  "service-missing": {
    meaning: "The cloud's catalog has no such service, or not in this region.",
    mover: "you",
    next: "check `openstack:region`; `openstack catalog list` shows what this cloud offers.",
  },
  "version-too-old": {
    meaning: "The service is older than this feature needs.",
    mover: "operator",
    next: "leave the feature out, or use a cloud whose release has it.",
  },
  "service-unreachable": {
    meaning: "The service did not answer, in several tries.",
    mover: "operator",
    next: "run the same command again when the cloud answers; nothing is lost, it goes on from what is there.",
  },
  "tls-failed": {
    meaning: "The service's certificate is not trusted, or ours is not accepted.",
    mover: "you",
    next: "give the cloud's certificate authority by `openstack:cacertFile`, OS_CACERT or `cacert` in clouds.yaml.",
  },
  "identity-unavailable": {
    meaning: "The identity service (Keystone) does not work, so that no service can check who is asking.",
    mover: "operator",
    next: "run the same command again when Keystone answers; nothing is lost, it goes on from what is there.",
  },
  "answer-lost": {
    meaning: "The request went out and no answer came back: nobody knows whether it took effect.",
    mover: "you",
    next: "nobody knows whether it took effect; run the same command again, it looks at what is there first.",
  },
  "service-refused": {
    meaning: "The service refused the request.",
    mover: "you",
    next: "read the service's own words above, change the program and run the same command again.",
  },
  busy: {
    meaning: "Something else is at work on the object, or the service has more to do than it can take in.",
    mover: "you",
    next: "nothing is wrong: run the same command again in a few minutes.",
  },
  "in-use": {
    meaning:
      "Something is still used by something else: a volume that is attached, a network with ports on it, an address that is taken.",
    mover: "you",
    next: "free what is named above, then run the same command again.",
  },
  "service-broken": {
    meaning: "The service failed with an error of its own.",
    mover: "operator",
    next: "give the request id above to the cloud's operator, then run the same command again; it goes on from what is there.",
  },
  "conductor-gone": {
    meaning:
      "The part of Ironic that works on machines (the conductor) does not run or does not answer; reading still works.",
    mover: "operator",
    next: "run the same command again when the operator has brought the conductor back; it goes on from what is there.",
  },
  quota: {
    meaning: "A quota of the project is used up.",
    mover: "you",
    next: "free something or ask the operator for more quota, then run the same command again.",
  },
  "no-addresses": {
    meaning: "The subnet has no free address left.",
    mover: "you",
    next: "free ports on the network, or give it a larger block or one more subnet.",
  },
  "no-segments": {
    meaning: "The cloud has no free network segment (VLAN or VXLAN) left.",
    mover: "operator",
    next: "delete networks that nobody needs, or ask the operator for more segments; then run the same command again.",
  },
  "no-storage": {
    meaning: "No storage back end has room for the volume, or none offers its type.",
    mover: "operator",
    next: "ask for a smaller volume or another type, or wait until the operator has made room.",
  },
  "wrong-cloud": {
    meaning: "The configuration points at another cloud, region or project than the one where the resource was made.",
    mover: "you",
    next: "point the configuration back (see `openstack:` in Pulumi.<stack>.yaml and OS_*); nothing was changed or forgotten.",
  },
  "already-there": {
    meaning: "A finished object of this very name exists that this stack's state does not know.",
    mover: "you",
    next: "to keep it, set `adopt` to the id above; nothing was touched.",
  },
  "several-found": {
    meaning: "Several objects carry this resource's identity.",
    mover: "you",
    next: "look at the ones listed, keep one by setting `adopt` to its id; nothing was touched.",
  },
  "taken-over": {
    meaning: "Another run has taken over the same resource while this one worked on it.",
    mover: "you",
    next: "let the other run finish; this one stopped without touching anything more.",
  },
  "not-found": {
    meaning: "Something that the program names does not exist, or this credential cannot see it.",
    mover: "you",
    next: "correct the name or id at the property above.",
  },
  gone: {
    meaning: "What state knows of is not in the cloud any more: somebody deleted it.",
    mover: "you",
    next: "run `pulumi refresh`, then `pulumi up` makes a new one.",
  },
  "machine-lost": {
    meaning: "The machine is not this resource's any more: it was taken away or given to somebody else.",
    mover: "operator",
    next: "ask the operator who has the machine now; nothing was changed on it. `pulumi refresh` shows what is left.",
  },
  ambiguous: {
    meaning: "A name fits several objects.",
    mover: "you",
    next: "use the id of the one that you mean.",
  },
  "nothing-fits": {
    meaning: "No hardware that this credential may use has what the program asks for.",
    mover: "you",
    next: "ask for one of the kinds listed above.",
  },
  "no-capacity": {
    meaning: "The hardware exists, but no machine of it is free.",
    mover: "operator",
    next: "wait until a machine is free or ask for another class, then run the same command again.",
  },
  "deploy-failed": {
    meaning: "The machine could not be deployed.",
    mover: "operator",
    next: "run `pulumi up` again to try once more; if it fails again give the node and the words above to the operator.",
  },
  "deploy-refused": {
    meaning: "Ironic looked the machine over before installing it and found something missing.",
    mover: "operator",
    next: "correct what is refused above, or give node and words to the operator; then run the same command again.",
  },
  "image-unusable": {
    meaning: "The image is not ready, or cannot be put on this machine.",
    mover: "you",
    next: "use another image, or wait until it is `active` (`openstack image show`), then run the same command again.",
  },
  "network-failed": {
    meaning: "The network could not be made or could not be brought to the machine: the switch or its driver refused.",
    mover: "operator",
    next: "give the port or network above to the operator, then run the same command again.",
  },
  "clean-failed": {
    meaning:
      "The machine could not be wiped after its release; the cloud keeps it out of use until an operator looks at it.",
    mover: "operator",
    next: "give the node above to the operator; it is not yours any more and holds no capacity of yours.",
  },
  "release-failed": {
    meaning: "The machine could not be taken down after it was given back.",
    mover: "operator",
    next: "give the node and the words above to the operator, who takes it down; then run the same command again.",
  },
  "power-failed": {
    meaning: "The machine did not reach the power state asked for, or its power controller (BMC) does not answer.",
    mover: "hardware",
    next: "run the same command again when the machine's BMC answers.",
  },
  "in-maintenance": {
    meaning: "The operator has taken the machine into maintenance; nothing is changed on it meanwhile.",
    mover: "operator",
    next: "wait until the maintenance ends (refresh shows it as `condition`), then run `pulumi up` again.",
  },
  "not-in-service": {
    meaning:
      "The machine is not in service: the operator is still setting it up, inspecting or adopting it, or has taken it back.",
    mover: "operator",
    next: "ask the operator to make the node available, or take another machine.",
  },
  "held-state": {
    meaning:
      "Somebody has put the machine or volume into a state that this provider never ends: rescue mode, paused, offered to another project.",
    mover: "you",
    next: "end that state with the command above, then run the same command again.",
  },
  "rescue-failed": {
    meaning: "Rescue mode could not be started or left.",
    mover: "you",
    next: "unrescue the node (`openstack baremetal node unrescue`), then run the same command again; `pulumi destroy` releases it.",
  },
  "servicing-failed": {
    meaning: "The machine was being serviced (firmware, settings) and that failed.",
    mover: "you",
    next: "end the servicing (`openstack baremetal node abort`) when the reason is known, then run the same command again; `pulumi destroy` releases it.",
  },
  "server-fault": {
    meaning: "Nova reports the server as failed.",
    mover: "operator",
    next: "read the fault above; `pulumi up` tries again where that can help, `pulumi destroy` releases the machine.",
  },
  "needs-reinstall": {
    meaning: "The change would wipe and reinstall the machine, and the program does not allow it.",
    mover: "you",
    next: "set `allowReinstall: true` to accept losing what is on the machine's disks, or undo the change.",
  },
  "needs-power-cycle": {
    meaning: "The change needs the machine powered off and on, and the program does not allow it.",
    mover: "you",
    next: "set `allowPowerCycle: true`, or make the change while the machine is off.",
  },
  protected: {
    meaning: "Deletion protection is on.",
    mover: "you",
    next: "set `deletionProtection: false`, run `pulumi up`, then delete.",
  },
  unsupported: {
    meaning: "This route or this kind of machine cannot do what is asked.",
    mover: "you",
    next: "use the way named above.",
  },
  "would-lose-data": {
    meaning: "The change would destroy data.",
    mover: "you",
    next: "make a new volume and move the data, or undo the change.",
  },
  "no-effect": {
    meaning: "The service accepted a step and then did not do it.",
    mover: "operator",
    next: "run the same command again; if it stays so give the step above to the operator.",
  },
  "not-isolated": {
    meaning: "The network is open to projects that the program does not name.",
    mover: "you",
    next: "name the projects in `sharedWith`, or remove the sharing.",
  },
  "volume-failed": {
    meaning: "The volume service could not make or change the volume.",
    mover: "operator",
    next: "read the service's message above; `pulumi up` tries again.",
  },
  "timed-out": {
    meaning: "It took longer than this operation may.",
    mover: "you",
    next: "run the same command again: it goes on from what is there. A longer limit: resource option `customTimeouts`.",
  },
  interrupted: {
    meaning: "The run was cancelled; what was begun is kept.",
    mover: "you",
    next: "run the same command again: it goes on from what is there.",
  },
  "stuck-state": {
    meaning:
      "The machine or volume is in a state from which only the operator can take it, or that this release does not know.",
    mover: "operator",
    next: "give the node and state above to the operator.",
  },
  unexpected: {
    meaning: "Something that should not happen: a bug of this provider.",
    mover: "you",
    next: "please report it with the words above.",
  },
} as const satisfies Record<string, Entry>;

/** A code of the {@link catalogue}. */
export type FailureCode = keyof typeof catalogue;

/** A failure of the catalogue: `what` happened, and what else is known about it. */
export function failure(code: FailureCode, what: string, more: Partial<FailureDetails> = {}): Failure {
  const { mover, next } = catalogue[code];
  return new Failure({ mover, next, ...more, code, what });
}
