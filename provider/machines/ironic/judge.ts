import type { FailureCode } from "../../core/index.ts";

/** What a failed install says about its cause, and whether another machine may do better. */
export interface Verdict {
  readonly code: FailureCode;
  readonly another: boolean;
}

/**
 * Reads the cause of a failed install from Ironic's last_error. What this credential may not read counts as the machine's
 * doing: image, ports and what Ironic validates were looked at before the install began.
 *
 * | words | cause | another machine |
 * | --- | --- | --- |
 * | a conductor that ended in the middle of it | Ironic | no: the same one, again |
 * | an image that cannot be had, or whose checksum differs | the image | no |
 * | a port or network that was not made, found or bound | the network | no |
 * | a volume that could not be attached | the storage | no |
 * | anything else, or hidden | the machine | yes |
 */
export function judgeInstall(words: string | undefined): Verdict {
  const said = words ?? "";
  if (/can't be resumed by conductor|MessagingTimeout|timed out waiting for a reply/i.test(said))
    return { code: "deploy-failed", another: false };
  if (
    /checksum|image \S+ (could not|is unacceptable|not found)|(download|fetch|validat|convert)\w* (of )?(the )?image|image_?href/i.test(
      said,
    )
  )
    return { code: "image-unusable", another: false };
  if (
    /binding.?failed|binding:|port \S+ failed to reach status|\bVIFs?\b|neutron|(provisioning|cleaning|tenant) network/i.test(
      said,
    )
  )
    return { code: "network-failed", another: false };
  if (/\b(cinder|volume)\b/i.test(said)) return { code: "volume-failed", another: false };
  return { code: "deploy-failed", another: true };
}
