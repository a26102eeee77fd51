import type { Json } from "../kernel/call.ts";
import { type Attributes, attribute, textOrNone, toBoolean } from "./attributes.ts";
import type { Collection } from "./collection.ts";
import { refusal } from "./errors.ts";
import type { AgentRow } from "./rows.ts";
import type { State } from "./state.ts";

const AGENT: Attributes = {
  id: attribute("fs"),
  agent_type: attribute("fs"),
  binary: attribute("fs"),
  topic: attribute("fs"),
  host: attribute("fs"),
  admin_state_up: attribute("ufs", { convert: toBoolean }),
  created_at: attribute("s"),
  started_at: attribute("s"),
  heartbeat_timestamp: attribute("s"),
  alive: attribute("fs", { convert: toBoolean }),
  configurations: attribute(""),
  description: attribute("ufs", { check: textOrNone(255) }),
  resources_synced: attribute(""),
  availability_zone: attribute("f"),
};

/** Time as agents tell it: `2026-11-22 15:07:15`. */
function stamp(state: State): string {
  return new Date(state.world.clock.now()).toISOString().slice(0, 19).replace("T", " ");
}

/** `/v2.0/agents`: there is one for each bare-metal node, and no other. */
export function agentCollection(state: State): Collection<AgentRow> {
  const { faults } = state.world;
  return {
    path: "agents",
    resource: "agent",
    plural: "agents",
    attributes: AGENT,
    table: state.agents,
    missing: (id) => refusal(404, "AgentNotFound", `Agent ${id} could not be found.`),
    sees: () => true,
    target: () => ({ owner: "" }),
    view: (row): Json => ({
      ...row,
      heartbeat_timestamp: stamp(state),
      resources_synced: null,
      availability_zone: null,
      alive: faults.daemon("ironic-neutron-agent") === "running",
    }),
    narrow: (filters) => filters.get("host")?.flatMap((host) => state.agents.by("host", String(host))),
    update(row, { values }) {
      Object.assign(row, values);
      return state.agents.put(row);
    },
    remove: (row) => state.agents.delete(row.id),
  };
}

interface Node {
  id: string;
  uuid?: string;
}

/** Keeps an agent for each node that Ironic has. */
export function followNodes(state: State): void {
  const nodes = state.world.store.table<Node>("ironic.nodes");
  const follow = (node: Node, gone: boolean) => {
    const host = node.uuid ?? node.id;
    const [agent] = state.agents.by("host", host);
    if (gone && agent) state.agents.delete(agent.id);
    if (gone || agent) return;
    const now = stamp(state);
    state.agents.put({
      id: state.id(),
      agent_type: "Baremetal Node",
      binary: "ironic-neutron-agent",
      topic: "N/A",
      host,
      admin_state_up: true,
      created_at: now,
      started_at: now,
      description: null,
      configurations: {
        bridge_mappings: { [state.pools.get("pools")?.physical_network ?? "physnet1"]: "yes" },
        log_agent_heartbeats: false,
      },
    });
  };
  for (const node of nodes.values()) follow(node, false);
  nodes.watch(follow);
}
