import { isStatus } from "../api-error.ts";
import type { Cloud } from "../cloud.ts";

interface Event {
  readonly created_at: string;
  readonly severity: string;
  readonly event_type: string;
  readonly event: string;
}

/** Ends of whole jobs: they only repeat that a step of theirs failed, and not why. */
const ENDS = /_end$/;

/**
 * Why a node failed last, as its history tells. Newer releases take last_error off a node as soon as they have seen its power
 * once more, seconds after it failed. Undefined where the history is closed to this credential, as it is to a lessee.
 * `GET /v1/nodes/{node}/history`
 */
export async function lastFailure(cloud: Cloud, node: string): Promise<string | undefined> {
  const ironic = cloud.service("baremetal");
  if (!(await ironic.supports("node history"))) return undefined;
  try {
    const answer = await ironic.get<{ history: readonly Event[] }>(`/nodes/${node}/history`, {
      microversion: await ironic.negotiate("node history"),
      // Old releases sort by nothing and refuse to be asked for it; Ironic keeps 300 events of a node.
      query: { detail: "True" },
    });
    return answer.history
      .filter(({ severity, event_type }) => severity === "ERROR" && !ENDS.test(event_type))
      .sort((one, other) => one.created_at.localeCompare(other.created_at))
      .at(-1)?.event;
  } catch (error) {
    if (isStatus(error, 403, 404)) return undefined;
    throw error;
  }
}
