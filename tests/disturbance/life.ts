/** The whole life of a stack with all four resources, by whole programs, on a line on which things happen. */
import type { Test } from "tap";
import { describeLeftovers, leftovers, resetTenant, type Tenant, tenantEnv } from "../cloud/admin.ts";
import { countOf } from "../interruption/cloud.ts";
import { type Exchange, type Mishap, startProxy } from "../interruption/proxy.ts";
import { type Deployer, type Outcome, Project } from "../lifecycle/deployer.ts";

/** How a machine is got, and how a volume comes to it while it is there. */
export interface Way {
  readonly title: string;
  readonly tenant: Tenant;
  readonly machine: Record<string, unknown>;
  readonly attachment: Record<string, unknown>;
}

export const WAYS = {
  metal: {
    title: "nova, bare metal",
    tenant: "alpha",
    machine: { route: "nova", hardware: { class: "baremetal" } },
    attachment: { initiator: "iqn.2026-01.test:machine" },
  },
  ironic: {
    title: "ironic",
    tenant: "beta",
    machine: { route: "ironic", hardware: { class: "metal" } },
    attachment: { allowPowerCycle: true },
  },
  virtual: {
    title: "nova, virtual",
    tenant: "alpha",
    machine: { kind: "virtual", hardware: { flavor: "vm.tiny" } },
    attachment: {},
  },
} as const satisfies Record<string, Way>;

const PROGRAM = `
const baremetal = require("pulumi-baremetal");
const { machine, attachment, attached } = require("./params.json");
const network = new baremetal.IsolatedNetwork("net", { cidr: "10.72.0.0/24" });
const data = new baremetal.Volume("data", { sizeGiB: 1 });
const more = new baremetal.Volume("more", { sizeGiB: 1 });
const server = new baremetal.Server("machine", {
    image: "tiny", networks: [{ network: network.id }], volumes: [data.id], ...machine,
});
if (attached) new baremetal.VolumeAttachment("more", { volume: more.id, server: server.id, ...attachment });
`;

/** What stands after a step: the state and the cloud, the same in every run that went the same way. */
export interface Picture {
  readonly step: string;
  readonly exitCode: number;
  readonly state: unknown;
  readonly cloud: Record<string, number>;
}

/** A life as it went. */
export interface Life {
  readonly pictures: readonly Picture[];
  /** What the person saw, all steps one after another. */
  readonly text: string;
  /** Every kind of request, with what happened to those of it that something happened to, in order. */
  readonly kinds: ReadonlyMap<string, readonly Mishap[]>;
  /** What is left after the end, for people; empty when nothing is. */
  readonly left: string;
}

/** Says what happens to a request: the how many-th of its kind it is, from 1, and its kind. */
export type Plan = (occurrence: number, kind: string) => Mishap | undefined;

/** Lives through create, no-op, refresh, changes in place, a volume away and back, a reinstall and destroy. Stops where a step fails. */
export async function live(t: Test, deployer: Deployer, way: Way, plan: Plan = () => undefined): Promise<Life> {
  await resetTenant(way.tenant);
  const proxy = await startProxy();
  t.teardown(() => proxy.close());
  const env = proxy.env(tenantEnv(way.tenant));
  const project = new Project(t, deployer, { name: "life", program: PROGRAM, env });
  const occurrences = new Map<string, number>();
  proxy.decide = ({ kind }) => {
    const occurrence = (occurrences.get(kind) ?? 0) + 1;
    occurrences.set(kind, occurrence);
    return plan(occurrence, kind);
  };
  const edit = (machine: Record<string, unknown>, attached = true) =>
    project.edit({ machine: { ...way.machine, power: "on", ...machine }, attachment: way.attachment, attached });
  const renamed = { name: "renamed", metadata: { tier: "db" } };

  const reinstalled = { ...renamed, image: "tiny-2", allowReinstall: true };
  /** Each with the edit before it, if any, and what is run. */
  const steps: readonly [string, (() => void) | undefined, () => Promise<Outcome>][] = [
    ["create", () => edit({}), () => project.up()],
    ["no-op", undefined, () => project.up("--expect-no-changes")],
    ["rename and metadata", () => edit(renamed), () => project.up()],
    ["power off, volume away", () => edit({ ...renamed, power: "off" }, false), () => project.up()],
    ["volume back, power on", () => edit(renamed), () => project.up()],
    ["reinstall", () => edit(reinstalled), () => project.up()],
    ["refresh", undefined, () => project.refresh("--expect-no-changes")],
    ["destroy", undefined, () => project.destroy()],
  ];
  const pictures: Picture[] = [];
  let text = "";
  for (const [step, change, run] of steps) {
    change?.();
    const { exitCode, text: said } = await run();
    text += `--- ${step}\n${said}`;
    await proxy.settled();
    pictures.push({
      step,
      exitCode,
      state: stateOf(await project.state(), proxy.url),
      cloud: await countOf(way.tenant),
    });
    if (exitCode !== 0) break;
  }
  return { pictures, text, kinds: kindsOf(proxy.log), left: describeLeftovers(await leftovers(way.tenant)) };
}

function kindsOf(log: readonly Exchange[]): Map<string, Mishap[]> {
  const kinds = new Map<string, Mishap[]>();
  for (const { kind, mishap } of log) {
    const of = kinds.get(kind) ?? [];
    if (mishap !== undefined) of.push(mishap);
    kinds.set(kind, of);
  }
  return kinds;
}

/** The state without what each run has of its own: order, ids, which node it was, addresses, when, the proxy's port, salts. */
function stateOf(resources: readonly { readonly urn: string }[], proxy: string): unknown {
  const ids = new Map<string, string>();
  const plain = JSON.stringify(resources.toSorted((a, b) => (a.urn < b.urn ? -1 : 1)))
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
      if (!ids.has(id)) ids.set(id, `id-${ids.size + 1}`);
      return ids.get(id)!;
    })
    .replace(/"(created|modified)":"[^"]*"/g, '"$1":""')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^"]*/g, "then")
    .replace(/([0-9a-f]{2}:){5}[0-9a-f]{2}/g, "mac")
    .replace(/\b(bm|alpha|beta)-\d\b/g, "node")
    .replace(/CUSTOM_RACK_R\d/g, "CUSTOM_RACK")
    .replace(/10\.72\.0\.\d+/g, "address")
    // It is salted by the allocation's id.
    .replace(/"installDigest":"[^"]*"/g, '"installDigest":""')
    .replace(/"ciphertext":"[^"]*"/g, '"ciphertext":""')
    .replaceAll(proxy, "proxy");
  return JSON.parse(plain);
}
