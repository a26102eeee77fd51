import type { Answer, Call } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { object } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Nova } from "./core.ts";
import { bad, noSuchResource, unsupported } from "./errors.ts";
import type { Life } from "./life.ts";
import { validate } from "./schema.ts";
import * as t from "./types.ts";

/** Consoles of servers. Bare metal has none here. */
export class Consoles {
  readonly #nova: Nova;
  readonly #life: Life;

  constructor(nova: Nova, life: Life) {
    this.#nova = nova;
    this.#life = life;
  }

  routes(): Route[] {
    return [route("POST", "/v2.1/servers/{server}/remote-consoles", (call) => this.#console(call))];
  }

  #console(call: Call): Answer {
    if (!atLeast(call, 2, 6)) throw noSuchResource();
    const protocols = ["vnc", "spice", "serial", "rdp", "mks"];
    const types = [
      "novnc",
      "xvpvnc",
      "rdp-html5",
      "spice-html5",
      ...(atLeast(call, 2, 99) ? ["spice-direct"] : []),
      "serial",
      "webmks",
    ];
    validate(
      t.wrapped(
        "remote_console",
        t.only({ protocol: { type: "string", enum: protocols }, type: { type: "string", enum: types } }, [
          "protocol",
          "type",
        ]),
      ),
      call.body,
    );
    const server = this.#nova.serverFor(call, "member", "os-remote-consoles");
    const { protocol, type } = object(object(call.body)["remote_console"]);
    this.#nova.hasHost(server);
    const driver = this.#life.driver(server);
    const given = driver.virtual && (protocol === "serial" || protocol === "spice");
    if (!driver.virtual && protocol === "spice") throw unsupported();
    if (!given) throw bad(`Unavailable console type ${type}.`);
    const token = this.#nova.world.random.uuid();
    const url =
      protocol === "serial"
        ? `ws://127.0.0.1:6083/?token=${token}`
        : `http://127.0.0.1:6082/spice_auto.html?token=${token}`;
    return { status: 200, body: { remote_console: { protocol, type, url } } };
  }
}
