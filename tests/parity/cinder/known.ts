/** What the sandbox's cinder does otherwise than the recorded one. */
import type { Known } from "../known.ts";

export const known: Known[] = [
  {
    exchange: "cinder/transfers/*",
    path: "sent.accept.auth_key",
    reason: "the key is made up by each cloud and sent back",
    real: true,
  },
  {
    exchange: "cinder/quotas/zones-services-pools",
    path: "body.pools.*",
    recorded: '*#nfs1"*',
    got: "(nothing)",
    reason: "NFS names its pool after the share; all back ends of the sandbox are of the other kind",
  },
  {
    exchange: "cinder/quotas/zones-services-pools",
    path: "body.pools.*",
    recorded: "(nothing)",
    got: '*nfs1#pool0"*',
    reason: "NFS names its pool after the share; all back ends of the sandbox are of the other kind",
  },
];
