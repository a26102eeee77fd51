import type { Known } from "../known.ts";

/** What the sandbox's Placement does otherwise than the recorded one. */
export const known: Known[] = [
  {
    exchange: "placement/providers/a-provider-is-made-filled-and-deleted",
    step: "POST <placement>/resource_providers/*/inventories",
    path: "body.errors.0.detail",
    recorded: "*pymysql.err.IntegrityError*",
    reason: "the real answer shows the text of its database's driver",
    real: true,
  },
];
