import type { Answer, Call, Json } from "../kernel/call.ts";
import type { Nova } from "./core.ts";
import { bad } from "./errors.ts";
import type { Life } from "./life.ts";
import type { Quotas } from "./quotas.ts";
import type { ActionRow, ServerRow } from "./rows.ts";

/** Moving servers to other machines, and giving them another size. */
export class Moves {
  readonly #nova: Nova;
  readonly #life: Life;
  readonly #quotas: Quotas;

  constructor(nova: Nova, life: Life, quotas: Quotas) {
    this.#nova = nova;
    this.#life = life;
    this.#quotas = quotas;
  }

  /** Another flavor. On bare metal there is no machine to go to. */
  resize(call: Call, server: ServerRow, given: Json): undefined {
    this.#nova.unlocked(call, server);
    this.#nova.inState(server, "resize", ["active", "stopped"]);
    const id = String(given["flavorRef"]);
    const flavor = this.#nova.flavor(call.caller, id);
    if (!flavor) throw bad(`Flavor ${id} could not be found.`);
    if (flavor.id === server.flavor.id) throw bad("When resizing, instances must change flavor!");
    const more = {
      ...flavor,
      vcpus: Math.max(flavor.vcpus - server.flavor.vcpus, 0),
      ram: Math.max(flavor.ram - server.flavor.ram, 0),
    };
    this.#quotas.check(server.project, more, 0);
    const action = this.#nova.action(call, server, "resize");
    if (!this.#life.driver(server).virtual) {
      this.fails(server, action, "resize_prep", NOWHERE);
      return;
    }
    const before = server.flavor;
    this.#life.change(server, action, "compute_resize_instance", "resize_prep", (now) => {
      now.flavor = structuredClone(flavor);
      now.vmState = "resized";
      now.oldFlavor = before;
    });
  }

  /** Moving to another machine finds none: bare metal cannot move, and there is one host of virtual machines. */
  fails(server: ServerRow, action: ActionRow, task: string, message: string): void {
    server.taskState = task;
    this.#nova.save(server);
    this.#nova.world.clock.after(1, async () => {
      const now = this.#nova.live(server.id);
      if (!now) return;
      const work = async () => {
        throw new Error(message);
      };
      const event = task === "migrating" ? "conductor_live_migrate_instance" : "cold_migrate";
      await this.#nova.step(action, event, "sandbox", work).catch(() => {});
      now.fault = { code: 400, message, details: message, created: this.#nova.now() };
      if (now.taskState === task) now.taskState = null;
      this.#nova.save(now);
    });
  }

  /** The end of a resize, whichever way. */
  resized(call: Call, server: ServerRow, what: "confirmResize" | "revertResize"): Answer | undefined {
    this.#nova.unlocked(call, server);
    this.#nova.inState(server, what, ["resized"]);
    const revert = what === "revertResize";
    const action = this.#nova.action(call, server, what);
    const event = revert ? "compute_revert_resize" : "compute_confirm_resize";
    this.#life.change(server, action, event, revert ? "resize_reverting" : "", (now) => {
      if (revert && now.oldFlavor) now.flavor = now.oldFlavor;
      now.oldFlavor = null;
      now.vmState = "active";
    });
    return revert ? undefined : { status: 204 };
  }
}

/** What nova says of a move to nowhere. */
export const NOWHERE = "No valid host was found. There are not enough hosts available.";
