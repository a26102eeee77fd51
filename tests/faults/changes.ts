/** The changes of programs by which the matrix updates, and what it waits for. */

import { until } from "../cloud/client.ts";
import { getNode } from "../cloud/nodes.ts";
import type { Scene } from "./scene.ts";
import type { Params } from "./stages.ts";

type Change = (params: Params) => Params;

const machine =
  (change: (inputs: Readonly<Record<string, unknown>>) => Record<string, unknown>): Change =>
  (params) => ({ ...params, machine: { ...params.machine, ...change(params.machine ?? {}) } });

/** A reinstall with the other of the two images. */
export const reinstall = machine(({ image = "tiny" }) => ({
  image: image === "tiny" ? "tiny-2" : "tiny",
  allowReinstall: true,
}));

/** The power to the other state. */
export const power = machine(({ power }) => ({ power: power === "off" ? "on" : "off" }));

/** The power switched on. */
export const powerOn = machine(() => ({ power: "on" }));

/** Another value in the machine's metadata. */
export const metadata = machine(({ metadata }) => ({
  metadata: { step: String(Number((metadata as { step?: string } | undefined)?.step ?? 0) + 1) },
}));

/** One network more, or the second one gone again. */
export const networks: Change = (params) => ({ ...params, networks: params.networks === 2 ? 1 : 2 });

/** A volume on the machine. */
export const withVolume: Change = (params) => ({ ...params, volume: { sizeGiB: 1 } });

/** The volume one GiB larger. */
export const grow: Change = (params) => ({
  ...params,
  volume: { ...params.volume, sizeGiB: Number(params.volume?.["sizeGiB"] ?? 1) + 1 },
});

/** Another description of the volume. */
export const describe: Change = (params) => ({
  ...params,
  volume: { ...params.volume, description: `${params.volume?.["description"] ?? "changed"}.` },
});

/** Several changes in one. */
export const all =
  (...changes: Change[]): Change =>
  (params) =>
    changes.reduce((so, change) => change(so), params);

/** One of the machine's nodes is in one of these states. */
export const node =
  (...states: string[]) =>
  (scene: Scene): Promise<void> =>
    until(
      `a node is ${states.join(" or ")}`,
      async () => {
        for (const name of scene.stage.nodes)
          if (states.includes(String((await getNode(name))["provision_state"]))) return true;
        return false;
      },
      120,
      0.1,
    ).then(() => undefined);

/** There is an object of the resource. */
export const begun = (scene: Scene): Promise<void> =>
  until("an object is there", async () => (await scene.objects()).length > 0, 120, 0.1).then(() => undefined);
