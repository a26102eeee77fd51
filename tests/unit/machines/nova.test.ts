import t from "tap";
import { failure } from "../../../provider/core/index.ts";
import { judgeFault, STATUSES } from "../../../provider/machines/nova/states.ts";
import type { MachineInputs } from "../../../provider/machines/spec.ts";
import {
  absent,
  action,
  creating,
  failed,
  INPUTS,
  next,
  nothing,
  OPEN,
  port,
  seen,
  TAG,
  updating,
  word,
} from "./nova-fixture.ts";

/**
 * Every status Nova has, and one that it has not, for a finished server: [nothing to change, absent wanted, reinstall wanted].
 */
const TABLE: Record<string, [present: string, absent: string, reinstall: string]> = {
  ACTIVE: ["done", "delete server", "reinstall"],
  SHUTOFF: ["done", "delete server", "reinstall"],
  BUILD: ["wait", "delete server", "wait"],
  REBUILD: ["wait", "delete server", "wait"],
  REBOOT: ["wait", "delete server", "wait"],
  HARD_REBOOT: ["wait", "delete server", "wait"],
  PASSWORD: ["wait", "delete server", "wait"],
  MIGRATING: ["wait", "delete server", "wait"],
  RESIZE: ["wait", "delete server", "wait"],
  REVERT_RESIZE: ["wait", "delete server", "wait"],
  PAUSED: ["done", "delete server", "failed held-state"],
  SUSPENDED: ["done", "delete server", "failed held-state"],
  RESCUE: ["done", "delete server", "failed held-state"],
  SHELVED: ["done", "delete server", "failed held-state"],
  SHELVED_OFFLOADED: ["done", "delete server", "failed held-state"],
  VERIFY_RESIZE: ["done", "delete server", "failed held-state"],
  SOFT_DELETED: ["failed held-state", "delete for good", "failed held-state"],
  ERROR: ["failed server-fault", "delete server", "reinstall"],
  UNKNOWN: ["wait", "wait", "wait"],
  OBSCURE: ["failed stuck-state", "delete server", "failed stuck-state"],
};
const reinstalling = updating({ image: "other", allowReinstall: true });

t.test("every status has its answer", (t) => {
  t.same(
    Object.keys(STATUSES).filter((status) => !(status in TABLE)),
    ["DELETED"],
    "the table holds every status; DELETED is not seen, it counts as no server",
  );
  for (const [status, [present, gone, reinstall]] of Object.entries(TABLE)) {
    const given = seen({ status }, { image: "img-2" });
    t.equal(word(next(updating(), seen({ status }))), present, `${status}, nothing to change`);
    t.equal(word(next(absent(), given)), gone, `${status}, absent`);
    t.equal(word(next(reinstalling, given)), reinstall, `${status}, reinstall`);
  }
  t.end();
});

t.test("while Nova is at work on it everything waits, except what has failed", (t) => {
  for (const status of Object.keys(TABLE))
    for (const desired of [updating(), creating(), reinstalling]) {
      const step = word(next(desired, seen({ status, "OS-EXT-STS:task_state": "powering-off" })));
      t.equal(
        step === "wait" || (status === "ERROR" && step.startsWith("failed")) || step === "reinstall",
        true,
        `${status}: ${step}`,
      );
    }
  for (const status of Object.keys(TABLE)) {
    const leaving = seen({ status, "OS-EXT-STS:task_state": "deleting" });
    t.equal(word(next(absent(), leaving)), "wait", `${status} on its way out, absent`);
    t.equal(word(next(updating(), leaving)), "wait", `${status} on its way out, present`);
  }
  t.end();
});

t.test("create: all is resolved, then ports, then the server", (t) => {
  t.equal(word(next(creating(), nothing())), "create port 0");
  const free = port({ device: "", owner: "" });
  const step = action(
    next(creating({ metadata: { a: "b" }, sshKeys: ["ssh-ed25519 X"], keyPair: "k" }), nothing({ ports: [free] })),
  );
  t.match(step, {
    name: "create server",
    args: {
      server: {
        name: "db",
        flavorRef: "id-metal.small",
        imageRef: "img-1",
        networks: [{ port: "port-0" }],
        key_name: "k",
        config_drive: true,
        description: `[pulumi-baremetal:${OPEN.tag}:${OPEN.shape}:${OPEN.nonce}]`,
        tags: [`pulumi-baremetal-${TAG}`],
        metadata: { a: "b", pulumi_baremetal_install: new RegExp(`^${TAG}:`) },
      },
    },
  });
  const body = step.name === "create server" ? step.args.server : undefined;
  t.match(Buffer.from(body?.user_data ?? "", "base64").toString(), /ssh_authorized_keys/);
  t.notOk("block_device_mapping_v2" in (body ?? {}));

  const volume = (more: object) => ({
    id: "vol",
    path: "volumes[0]",
    status: "available",
    bootable: true,
    multiattach: false,
    ...more,
  });
  const withData = action(next(creating({ volumes: ["vol"] }), nothing({ ports: [free], volumes: [volume({})] })));
  t.match(withData, {
    args: {
      server: {
        block_device_mapping_v2: [
          { boot_index: 0, source_type: "image", destination_type: "local", uuid: "img-1" },
          { boot_index: -1, source_type: "volume", uuid: "vol", delete_on_termination: false },
        ],
      },
    },
  });
  const { image: _, ...noImage } = INPUTS;
  const boot = { ...creating(), inputs: { ...noImage, bootVolume: "vol", networks: [] } } as never;
  const { image: __, ...unresolved } = nothing();
  t.match(action(next(boot, { ...unresolved, volumes: [volume({ path: "bootVolume" })] })), {
    args: { server: { networks: "none", block_device_mapping_v2: [{ boot_index: 0, uuid: "vol" }] } },
  });

  const cases: [Partial<MachineInputs>, Parameters<typeof nothing>[0], string][] = [
    [{ hardware: { flavor: "none" } }, {}, "failed not-found"],
    [{ hardware: { flavor: "vm.tiny" } }, {}, "failed nothing-fits"],
    [{ hardware: { cpus: 900 } }, {}, "failed nothing-fits"],
    [{ hardware: { class: "absent" } }, {}, "failed nothing-fits"],
    [{}, { image: failure("ambiguous", "two") }, "failed ambiguous"],
    [{}, { volumes: [volume({ status: undefined })] }, "failed not-found"],
    [{}, { volumes: [volume({ status: "error" })] }, "failed volume-failed"],
    [{}, { volumes: [volume({ status: "in-use" })] }, "failed in-use"],
    [{}, { volumes: [volume({ status: "maintenance" })] }, "failed in-maintenance"],
    [{}, { volumes: [volume({ status: "awaiting-transfer" })] }, "failed held-state"],
    [{}, { volumes: [volume({ status: "in-use", multiattach: true })] }, "create port 0"],
    [{}, { volumes: [volume({ status: "downloading" })] }, "wait"],
    [{}, { volumes: [volume({ path: "bootVolume", bootable: false })] }, "failed invalid-input"],
    [{ networks: [{ port: "gone" }] }, {}, "failed not-found"],
    [{ networks: [{ port: "p" }] }, { ports: [port({ id: "p", ours: false, device: "other" })] }, "failed in-use"],
    [{}, { ports: [port({ device: "old" })] }, "wait"],
    [{ networks: [] }, { ports: [free] }, "delete port 0"],
  ];
  for (const [more, given, expected] of cases)
    t.equal(word(next(creating(more), nothing(given))), expected, `${JSON.stringify(more)} ${JSON.stringify(given)}`);
  t.end();
});

t.test(
  "create: a server in ERROR is cleared away; another try only where the node was the cause, and only once",
  (t) => {
    const node = {
      code: 500,
      message: "Exceeded maximum number of retries. Last exception: Failed to provision instance",
    };
    const none = { code: 500, message: "No valid host was found. There are not enough hosts available." };
    const broken = (fault: object) => action(next(creating(), seen({ status: "ERROR", fault } as never, {}, OPEN)));
    const free = port({ device: "", owner: "" });
    const first = broken(node);
    t.equal(first.name, "delete failed server");
    t.equal(
      word(next(creating(), nothing({ ports: [free], was: "srv" }), [first])),
      "create server",
      "the ports are used again",
    );
    t.equal(
      word(next(creating(), nothing({ ports: [free] }), [first, first])),
      "delete port 0",
      "a second time all goes",
    );
    t.match(failed(next(creating(), nothing(), [first, first])), { code: "deploy-failed", message: /in 2 tries/ });
    const on = (...tried: string[]) =>
      action(next(creating(), seen({ status: "ERROR", fault: node } as never, { tried }, OPEN)));
    t.match(failed(next(creating(), nothing(), [on("bm-3", "bm-0"), on("bm-0")])), {
      message: /^nodes bm-3, bm-0: /,
    });
    const block = { code: 500, message: "Build of instance srv aborted: Failure prepping block device." };
    t.match(broken(block).args, { because: { code: "deploy-failed", again: true } }, "there are no volumes to blame");
    const capacity = broken(none);
    t.equal(word(next(creating(), nothing({ ports: [free] }), [capacity])), "delete port 0");
    const left = (device: string) => action(next(creating(), nothing({ ports: [port({ device })] }), [capacity])).args;
    t.match(left("srv"), { port: "delete", letGo: true }, "a port that Nova forgot on the deleted server is let go of");
    t.notOk("letGo" in (left("other") as object), "one that another machine has is not");
    t.match(failed(next(creating(), nothing(), [capacity])), {
      code: "no-capacity",
      message: /flavor metal\.small.*No valid host/s,
    });
    t.match(
      failed(next(creating(), nothing(), [on("bm-3"), capacity])),
      { code: "deploy-failed", message: /bm-3: .*Failed to provision instance; then no other node was free/ },
      "what failed counts, not that there is nothing left to try it on",
    );
    t.match(
      failed(next(updating(), seen({ status: "ERROR", fault: none }, {}, OPEN))),
      { code: "no-capacity", message: /--replace/ },
      "an update cannot change the id, so it only says the way out",
    );
    t.end();
  },
);

t.test("faults are judged by their words", (t) => {
  const cases: [number, string, string, boolean][] = [
    [500, "No valid host was found. There are not enough hosts available.", "no-capacity", false],
    [500, "Exceeded maximum number of retries. Exhausted all hosts available", "deploy-failed", true],
    [500, "Exceeded maximum number of retries. Last exception: Binding failed for port 1", "network-failed", false],
    [500, "Build of instance x aborted: Failed to provision instance x: deploy failed", "deploy-failed", true],
    [403, "Quota exceeded for cores", "quota", false],
    [400, "Image x is unacceptable", "image-unusable", false],
    [500, "Build of instance x aborted: Volume y did not finish being created", "volume-failed", false],
    [500, "No more IP addresses available on network x.", "no-addresses", false],
    [409, "Port 1 is already in use", "in-use", false],
    [400, "Invalid key pair", "service-refused", false],
    [500, "MessagingTimeout", "server-fault", false],
  ];
  for (const [code, message, expected, again] of cases)
    t.same(judgeFault({ code, message }), { code: expected, again }, message);
  t.same(judgeFault(undefined), { code: "server-fault", again: false });
  t.end();
});
