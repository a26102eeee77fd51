import t from "tap";
import { compare } from "./compare.ts";
import { readRecording, replay } from "./replay.ts";

/** The scenarios in which the embedded engine does what the real one did; README.md lists them and the others. */
const CLAIMED = [
  "s01-create",
  "s04-replace-create-before-delete",
  "s05-replace-delete-before-replace",
  "s06-create-fails",
  "s07-partial-create",
  "s08-partial-update",
  "s09-refresh",
  "s10-destroy",
  "s11-preview-unknowns",
  "s12-secrets",
  "s13-options",
  "s14a-alias-name-parent-type",
  "s15-components",
  "s16-import-and-read",
  "s17a-provider-killed",
  "s17b-sigint-once-create-gives-up",
  "s17c-sigint-once-create-goes-on",
  "s17d-sigint-once-create-answers-partial",
  "s17e-sigint-twice",
  "s17f-sigkill-cli",
  "s17g-sigint-group",
  "s17h-interrupted-update-and-delete",
  "s17i-pending-creates",
  "s18-custom-timeouts",
  "s19b-dynamic-config",
  "s21-targets-and-forced-replacement",
  "s22-parallel",
  "s23-diff-answers",
  "s24-outputs-and-config",
  "s25-removed-and-renamed",
  "s26-hooks-and-transforms",
  "s27-logs",
  "s28-provider-errors",
  "s29-expect-no-changes",
];

t.setTimeout(30 * 60_000);
t.jobs = 2;
const only = process.env["GOLDEN_ONLY"]?.split(",");
for (const id of CLAIMED.filter((name) => !only || only.some((one) => name.startsWith(one))))
  t.test(
    `${id}: the embedded engine does what the real engine did`,
    { buffered: true, timeout: 15 * 60_000 },
    async (t) => {
      const differences = compare(readRecording(id), await replay(id));
      t.same(differences.slice(0, 40), [], `${id} differs from the recording in ${differences.length} places`);
    },
  );
