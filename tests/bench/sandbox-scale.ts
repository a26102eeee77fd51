import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CONNECTIONS, login } from "./cloud.ts";
import { type Benchmark, median } from "./figure.ts";

const NODES = 1000;
const SPEED = 100;

/** 1,000 nodes in a sandbox of its own process: all deployed at once, its memory, and how long a list takes. */
export const sandboxScale: Benchmark = {
  name: "sandbox",
  about: `${NODES} nodes deployed at once in the embedded cloud at ${SPEED} times hardware's speed; lists; memory`,
  usual: "1 min",
  async run(say) {
    const folder = mkdtempSync(join(tmpdir(), "sandbox-scale-"));
    const fleet = join(folder, "fleet.yaml");
    writeFileSync(fleet, `nodes:\n  - { name: "n-{n}", count: ${NODES}, class: metal, owner: demo }\n`);
    const began = performance.now();
    const { child, url } = await start(fleet);
    const started = (performance.now() - began) / 1000;
    try {
      const cloud = await login(url, "demo", "demo");
      const admin = await login(url, "admin", "admin");
      const { projects } = (await admin("GET", "/identity/v3/projects")) as {
        projects: { id: string; name: string }[];
      };
      // Each machine has a port of the program's, and while it is deployed one that Ironic makes as project `service`.
      for (const { id } of projects.filter(({ name }) => name === "demo" || name === "service"))
        await admin("PUT", `/network/v2.0/quotas/${id}`, { quota: { port: -1 } });
      const image = (await cloud("GET", "/image/v2/images?name=debian-12")) as { images: { id: string }[] };
      const list = async () =>
        (
          (await cloud(
            "GET",
            `/baremetal/v1/nodes?fields=uuid,name,provision_state,power_state,maintenance&limit=${NODES}`,
          )) as {
            nodes: { uuid: string; provision_state: string }[];
          }
        ).nodes;
      const nodes = await list();
      if (nodes.length !== NODES) throw new Error(`the list has ${nodes.length} nodes`);
      const lists: number[] = [];
      for (let round = 0; round < 40; round++) {
        const asked = performance.now();
        await list();
        lists.push(performance.now() - asked);
      }
      const { network } = (await cloud("POST", "/network/v2.0/networks", { network: { name: "scale" } })) as {
        network: { id: string };
      };
      const subnet = { network_id: network.id, cidr: "10.128.0.0/16", ip_version: 4 };
      await cloud("POST", "/network/v2.0/subnets", { subnet });
      await all(nodes, async ({ uuid }) => {
        const { port } = (await cloud("POST", "/network/v2.0/ports", { port: { network_id: network.id } })) as {
          port: { id: string };
        };
        await cloud("POST", `/baremetal/v1/nodes/${uuid}/vifs`, { id: port.id });
        await cloud("PATCH", `/baremetal/v1/nodes/${uuid}`, [
          { op: "add", path: "/instance_info/image_source", value: image.images[0]!.id },
        ]);
      });
      say(`deploying ${NODES} nodes`);
      const deploying = performance.now();
      await all(nodes, async ({ uuid }) => {
        await cloud("PUT", `/baremetal/v1/nodes/${uuid}/states/provision`, { target: "active" });
      });
      const asked = (performance.now() - deploying) / 1000;
      let most = 0;
      for (let active = 0; active < NODES; ) {
        const states = (await list()).map(({ provision_state }) => provision_state);
        active = states.filter((state) => state === "active").length;
        most = Math.max(most, states.filter((state) => /deploy|wait/.test(state)).length);
        const failed = states.filter((state) => /fail|error/.test(state)).length;
        if (failed > 0) {
          const { nodes: bad } = (await cloud(
            "GET",
            "/baremetal/v1/nodes?provision_state=deploy%20failed&fields=last_error&limit=1",
          )) as {
            nodes: { last_error: string }[];
          };
          throw new Error(`${failed} deploys failed: ${bad[0]?.last_error}`);
        }
        if (performance.now() - deploying > 300_000) throw new Error(`after 5 min only ${active} are active`);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      const deployed = (performance.now() - deploying) / 1000;
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1024;
      return [
        { what: "start with 1,000 nodes", value: started, unit: "s" },
        { what: "list of 1,000 nodes, 5 fields, median of 40", value: median(lists), unit: "ms", atMost: 50 },
        { what: "1,000 deploys asked for", value: asked, unit: "s" },
        { what: "most deploys seen at the same time", value: most, unit: "nodes" },
        { what: "1,000 deploys, all active", value: deployed, unit: "s" },
        { what: "peak memory of the sandbox's process", value: peak, unit: "MiB", atMost: 300 },
      ];
    } finally {
      child.kill("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Starts the command as users have it; its address. */
function start(fleet: string): Promise<{ child: ChildProcess; url: string }> {
  const main = join(import.meta.dirname, "../../provider/cli/main.ts");
  const child = spawn(process.execPath, [main, "sandbox", "--port", "0", "--speed", String(SPEED), "--fleet", fleet], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  return new Promise((resolve, reject) => {
    child.on("close", (code) => reject(new Error(`the sandbox ended with ${code}`)));
    child.stdout.on("data", (data) => {
      text += data;
      const url = /at (http:\S+)/.exec(text)?.[1];
      if (url) resolve({ child, url });
    });
  });
}

/** Does `work` for each, as many at a time as there are connections. */
async function all<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
    }),
  );
}
