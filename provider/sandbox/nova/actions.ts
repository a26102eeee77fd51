import type { Answer, Call, Json } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { object, text } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import { links, type Nova } from "./core.ts";
import { allow, bad, NovaRefusal, type Right, unsupported } from "./errors.ts";
import type { Life } from "./life.ts";
import { Moves, NOWHERE } from "./moves.ts";
import type { Network } from "./network.ts";
import type { Quotas } from "./quotas.ts";
import { POWER, type ServerRow, type VmState } from "./rows.ts";
import { type Schema, validate } from "./schema.ts";
import { changeGroup } from "./security-groups.ts";
import { rebuildBody } from "./server-bodies.ts";
import type { Storage } from "./storage.ts";
import * as t from "./types.ts";
import { serverView } from "./view.ts";

const RUNNING: readonly VmState[] = ["active", "stopped", "paused", "suspended"];

interface Action {
  readonly body: Schema;
  readonly right: Right;
  readonly rule: string;
  readonly since?: number;
  /** Without it, a body with the action and anything in it. */
  run(call: Call, server: ServerRow, given: Json): Answer | undefined | Promise<Answer | undefined>;
}

/** `POST /servers/ID/action`. */
export class Actions {
  readonly #nova: Nova;
  readonly #life: Life;
  readonly #network: Network;
  readonly #storage: Storage;
  readonly #quotas: Quotas;
  readonly #moves: Moves;
  readonly #known: Record<string, Action>;

  constructor(nova: Nova, parts: { life: Life; network: Network; storage: Storage; quotas: Quotas }) {
    this.#nova = nova;
    this.#life = parts.life;
    this.#network = parts.network;
    this.#storage = parts.storage;
    this.#quotas = parts.quotas;
    this.#moves = new Moves(nova, parts.life, parts.quotas);
    this.#known = this.#all();
  }

  routes(): Route[] {
    return [route("POST", "/v2.1/servers/{server}/action", (call) => this.#act(call))];
  }

  async #act(call: Call): Promise<Answer> {
    const names = Object.keys(object(call.body));
    if (names.length !== 1) throw bad("Malformed request body");
    const name = names[0]!;
    const action = this.#known[name];
    if (!action || (action.since ?? 1) > call.version[1]) throw bad(`There is no such action: ${name}`);
    validate(name === "rebuild" ? rebuildBody(call.version[1]) : action.body, call.body);
    const server = this.#nova.server(call);
    allow(call.caller, action.right, action.rule);
    const answer = await action.run(call, server, object(object(call.body)[name]));
    return answer ?? { status: 202 };
  }

  #all(): Record<string, Action> {
    const any = (name: string): Schema => ({ ...t.only({ [name]: t.nothing }, [name]) });
    const simple = (
      name: string,
      rule: string,
      run: Action["run"],
      right: Action["right"] = "member",
    ): Record<string, Action> => ({ [name]: { body: any(name), right, rule, run } });
    const refuse = (
      name: string,
      rule: string,
      right: Action["right"],
      check: (call: Call, server: ServerRow) => void,
    ) =>
      simple(
        name,
        rule,
        (call, server) => {
          check(call, server);
          throw unsupported();
        },
        right,
      );
    const state = (action: string, vm: readonly VmState[]) => (call: Call, server: ServerRow) => {
      this.#nova.unlocked(call, server);
      this.#nova.inState(server, action, vm);
    };
    return {
      ...simple("os-start", "servers:start", (call, server) => this.#power(call, server, "on")),
      ...simple("os-stop", "servers:stop", (call, server) => this.#power(call, server, "off")),
      reboot: {
        body: t.wrapped(
          "reboot",
          t.only({ type: { type: "string", enum: ["HARD", "Hard", "hard", "SOFT", "Soft", "soft"] } }, ["type"]),
        ),
        right: "member",
        rule: "servers:reboot",
        run: (call, server, given) => this.#reboot(call, server, given),
      },
      rebuild: {
        body: {},
        right: "member",
        rule: "servers:rebuild",
        run: (call, server, given) => this.#rebuild(call, server, given),
      },
      ...this.#onlyVirtual(),
      lock: {
        body: t.only(
          {
            lock: {
              type: ["object", "null"],
              properties: { locked_reason: { type: "string", minLength: 1, maxLength: 255 } },
              additionalProperties: false,
            },
          },
          ["lock"],
        ),
        right: "member",
        rule: "os-lock-server:lock",
        run: (call, server, given) => this.#lock(call, server, given),
      },
      ...simple("unlock", "os-lock-server:unlock", (call, server) => this.#unlock(call, server)),
      "os-getConsoleOutput": {
        body: t.wrapped(
          "os-getConsoleOutput",
          t.only({ length: { type: ["integer", "string", "null"], pattern: "^-?[0-9]+$", minimum: -1 } }),
        ),
        right: "member",
        rule: "os-console-output",
        run: (_call, server) => {
          this.#nova.hasHost(server);
          if (!this.#life.driver(server).virtual) throw unsupported();
          return { status: 200, body: { output: "FAKE CONSOLE OUTPUT\nANOTHER\nLAST LINE" } };
        },
      },
      ...simple("confirmResize", "servers:confirm_resize", (call, server) =>
        this.#moves.resized(call, server, "confirmResize"),
      ),
      ...simple("revertResize", "servers:revert_resize", (call, server) =>
        this.#moves.resized(call, server, "revertResize"),
      ),
      resize: {
        body: t.wrapped("resize", t.only({ flavorRef: t.flavorRef, "OS-DCF:diskConfig": t.diskConfig }, ["flavorRef"])),
        right: "member",
        rule: "servers:resize",
        run: (call, server, given) => this.#moves.resize(call, server, given),
      },
      ...simple("addSecurityGroup", "os-security-groups:add", (call, server, given) =>
        changeGroup(this.#nova, this.#network, call, server, given, true),
      ),
      ...simple("removeSecurityGroup", "os-security-groups:remove", (call, server, given) =>
        changeGroup(this.#nova, this.#network, call, server, given, false),
      ),
      "os-resetState": {
        body: t.wrapped("os-resetState", t.only({ state: { type: "string", enum: ["active", "error"] } }, ["state"])),
        right: "admin",
        rule: "os-admin-actions:reset_state",
        run: (call, server, given) => {
          server.vmState = given["state"] === "error" ? "error" : "active";
          server.taskState = null;
          this.#nova.save(server);
          this.#nova.action(call, server, "resetState");
          return undefined;
        },
      },
      ...simple("forceDelete", "os-deferred-delete:force", (call, server) => {
        this.#nova.unlocked(call, server);
        if (server.taskState !== "deleting") this.#life.delete(server, this.#nova.action(call, server, "forceDelete"));
        return undefined;
      }),
      ...refuse("restore", "os-deferred-delete:restore", "member", (_call, server) =>
        this.#nova.inState(server, "restore", []),
      ),
      ...simple(
        "os-migrateLive",
        "os-migrate-server:migrate_live",
        (call, server) => {
          state("os-migrateLive", ["active", "paused"])(call, server);
          this.#moves.fails(server, this.#nova.action(call, server, "live-migration"), "migrating", NOWHERE);
          return undefined;
        },
        "manager",
      ),
      ...simple(
        "migrate",
        "os-migrate-server:migrate",
        (call, server) => {
          state("migrate", ["active", "stopped"])(call, server);
          this.#moves.fails(server, this.#nova.action(call, server, "migrate"), "resize_prep", NOWHERE);
          return undefined;
        },
        "manager",
      ),
      ...refuse("evacuate", "os-evacuate", "admin", state("evacuate", ["active", "stopped", "error"])),
      ...refuse("shelve", "os-shelve:shelve", "member", state("shelve", RUNNING)),
      ...refuse("unshelve", "os-shelve:unshelve", "member", state("unshelve", [])),
      ...refuse("rescue", "os-rescue", "member", state("rescue", ["active", "stopped", "error"])),
      ...refuse("unrescue", "os-unrescue", "member", state("unrescue", ["rescued"])),
      ...refuse("createImage", "servers:create_image", "member", (_call, server) =>
        this.#nova.inState(server, "createImage", RUNNING),
      ),
      ...refuse("createBackup", "os-create-backup", "member", (_call, server) =>
        this.#nova.inState(server, "createBackup", RUNNING),
      ),
      ...simple("injectNetworkInfo", "os-admin-actions:inject_network_info", () => undefined, "admin"),
      trigger_crash_dump: {
        body: t.only({ trigger_crash_dump: { type: "null" } }, ["trigger_crash_dump"]),
        right: "member",
        rule: "servers:trigger_crash_dump",
        since: 17,
        run: (call, server) => {
          state("trigger_crash_dump", ["active", "paused", "error"])(call, server);
          this.#life.change(
            server,
            this.#nova.action(call, server, "trigger_crash_dump"),
            "compute_trigger_crash_dump",
            server.taskState ?? "",
            () => {},
          );
          return undefined;
        },
      },
      changePassword: {
        body: t.wrapped("changePassword", t.only({ adminPass: t.text }, ["adminPass"])),
        right: "member",
        rule: "os-admin-password",
        run: (call, server) => {
          state("changePassword", ["active"])(call, server);
          if (!this.#life.driver(server).virtual) throw new NovaRefusal(501, "Unable to set password on instance");
          this.#nova.action(call, server, "changePassword");
          return undefined;
        },
      },
    };
  }

  #onlyVirtual(): Record<string, Action> {
    const one = (
      name: string,
      rule: string,
      from: VmState,
      task: string,
      done: (server: ServerRow) => void,
    ): [string, Action] => [
      name,
      {
        body: t.only({ [name]: t.nothing }, [name]),
        right: "member",
        rule,
        run: (call, server) => {
          this.#nova.unlocked(call, server);
          this.#nova.inState(server, name, [from]);
          this.#life.change(server, this.#nova.action(call, server, name), `compute_${name}_instance`, task, done);
          return undefined;
        },
      },
    ];
    const becomes = (vmState: VmState, powerState: number) => (server: ServerRow) => {
      server.vmState = vmState;
      server.powerState = powerState;
    };
    return Object.fromEntries([
      one("pause", "os-pause-server:pause", "active", "pausing", becomes("paused", POWER.paused)),
      one("unpause", "os-pause-server:unpause", "paused", "unpausing", becomes("active", POWER.running)),
      one("suspend", "os-suspend-server:suspend", "active", "suspending", becomes("suspended", POWER.off)),
      one("resume", "os-suspend-server:resume", "suspended", "resuming", becomes("active", POWER.running)),
    ]);
  }

  #power(call: Call, server: ServerRow, what: "on" | "off"): undefined {
    this.#nova.unlocked(call, server);
    this.#nova.hasHost(server);
    this.#nova.inState(server, what === "on" ? "start" : "stop", what === "on" ? ["stopped"] : ["active", "error"]);
    this.#life.power(server, this.#nova.action(call, server, what === "on" ? "start" : "stop"), what);
  }

  #reboot(call: Call, server: ServerRow, given: Json): undefined {
    this.#nova.unlocked(call, server);
    const hard = String(given["type"]).toUpperCase() === "HARD";
    if (!hard) this.#nova.inState(server, "reboot", ["active"]);
    else
      this.#nova.inState(
        server,
        "reboot",
        ["active", "stopped", "paused", "suspended", "error"],
        [
          null,
          "rebooting",
          "reboot_pending",
          "reboot_started",
          "rebooting_hard",
          "reboot_pending_hard",
          "reboot_started_hard",
          "resuming",
          "unpausing",
          "pausing",
          "suspending",
        ],
      );
    this.#nova.launched(server, "reboot");
    this.#life.reboot(server, this.#nova.action(call, server, "reboot"), hard);
  }

  async #rebuild(call: Call, server: ServerRow, given: Json): Promise<Answer> {
    this.#nova.unlocked(call, server);
    this.#nova.inState(server, "rebuild", ["active", "stopped", "error"]);
    this.#nova.launched(server, "rebuild");
    const id = String(given["imageRef"]);
    const image = await this.#storage.image(call.caller, id);
    if (!image) throw bad("Cannot find image for rebuild");
    if (image["status"] !== "active") throw bad(`Image ${id} is not active.`);
    const key = text(given["key_name"]);
    const pair = key === undefined ? undefined : this.#nova.tables.keypairs.get(`${call.caller.userId}/${key}`);
    if (key !== undefined && !pair) throw bad("Invalid key_name provided.");
    const metadata = given["metadata"] as Record<string, string> | undefined;
    this.#quotas.checkMetadata(server.project, Object.keys(metadata ?? {}).length);
    const volumeBacked = server.image === "";
    if (volumeBacked && !atLeast(call, 2, 93) && id !== server.imageProperties["image_id"])
      throw bad("Unable to rebuild with a different image for a volume-backed server.");
    server.image = volumeBacked ? "" : id;
    if (given["name"] !== undefined) server.name = String(given["name"]).trim();
    if (given["description"] !== undefined) server.description = given["description"] as string | null;
    if (given["hostname"] !== undefined) server.hostname = String(given["hostname"]);
    if (metadata !== undefined) server.metadata = metadata;
    if (given["user_data"] !== undefined) server.userData = given["user_data"] as string | null;
    if (given["accessIPv4"] !== undefined) server.accessIPv4 = String(given["accessIPv4"]);
    if (given["accessIPv6"] !== undefined) server.accessIPv6 = String(given["accessIPv6"]);
    if (given["key_name"] === null) {
      server.keyName = null;
      server.keyData = null;
    } else if (pair) {
      server.keyName = pair.name;
      server.keyData = pair.publicKey;
    }
    const adminPass = text(given["adminPass"]) ?? this.#nova.world.random.secret().replace(/[-_]/g, "x").slice(0, 12);
    server.adminPass = adminPass;
    this.#life.rebuild(server, this.#nova.action(call, server, "rebuild"), atLeast(call, 2, 93));
    const whole = atLeast(call, 2, 75);
    const view = serverView(this.#nova, call, server, { whole, key: atLeast(call, 2, 54), userData: false });
    const location = String(links(call.base, "servers", server.id)[0]?.["href"]);
    return {
      status: 202,
      headers: { Location: location },
      body: { server: { ...view, adminPass, ...(atLeast(call, 2, 57) ? { user_data: server.userData } : {}) } },
    };
  }

  #lock(call: Call, server: ServerRow, given: Json): undefined {
    const reason = text(given["locked_reason"]) ?? null;
    if (reason !== null && !atLeast(call, 2, 73))
      throw bad("Additional properties are not allowed ('locked_reason' was unexpected)");
    if (server.lockedBy === null) this.#nova.action(call, server, "lock");
    const admin = call.caller.roles.has("admin") && call.caller.projectId !== server.project;
    // A lock that an administrator set stays the administrator's.
    if (server.lockedBy === null || admin) server.lockedBy = admin ? "admin" : "owner";
    server.lockedReason = reason;
    this.#nova.save(server);
  }

  #unlock(call: Call, server: ServerRow): undefined {
    if (server.lockedBy === "admin") allow(call.caller, "admin", "os-lock-server:unlock:unlock_override");
    this.#nova.action(call, server, "unlock");
    server.lockedBy = null;
    server.lockedReason = null;
    this.#nova.save(server);
  }
}
