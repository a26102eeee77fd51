import { checkCredential, checkServices, checkVersions } from "./checks/account.ts";
import { checkConnectors, checkFlavors, checkNodes, checkProvisioning } from "./checks/machines.ts";
import { checkQuotas } from "./checks/quotas.ts";
import { checkImages, checkNetworks, checkVolumeTypes } from "./checks/supplies.ts";
import type { Facts } from "./facts.ts";
import { AREAS, type Finding, WAYS, type Way } from "./finding.ts";

/** Every check, on what was read. */
export function findingsOf(facts: Facts): Finding[] {
  const { principal } = facts;
  return [
    ...checkCredential(facts),
    ...checkServices(facts.services),
    ...checkVersions(facts.services),
    ...checkQuotas(facts.quotas, facts.flavors),
    ...checkFlavors(facts),
    ...checkNodes(facts, principal),
    ...checkProvisioning(facts, principal.projectId),
    ...checkImages(facts),
    ...checkNetworks(facts, principal.projectId),
    ...checkVolumeTypes(facts),
    ...checkConnectors(facts, principal.projectId),
  ];
}

/** Whether a machine can be made by each way, and what is against it. */
export interface Verdict {
  readonly way: Way;
  readonly open: boolean;
  readonly against: readonly Finding[];
}

/** What the findings come to. */
export const verdictsOf = (findings: readonly Finding[]): Verdict[] =>
  WAYS.map((way) => {
    const against = findings.filter((finding) => finding.shuts?.includes(way));
    return { way, open: against.length === 0, against };
  });

const SIGNS: Record<Finding["state"], string> = { ok: "ok  ", lacks: "NO  ", unknown: "?   ", note: "    " };

const WHOSE = { you: "your move", operator: "the operator's move", hardware: "the hardware needs attention" } as const;

/** The report for people. */
export function report(findings: readonly Finding[]): string {
  const areas = AREAS.flatMap((area) => {
    const own = findings.filter((finding) => finding.area === area);
    return own.length ? [[area, ...own.map(lineOf)].join("\n")] : [];
  });
  const verdicts = verdictsOf(findings).map(({ way, open, against }) =>
    open
      ? `  ok  by ${way}`
      : `  NO  by ${way}: ${[...new Set(against.map(({ code }) => code ?? "unknown"))].join(", ")}`,
  );
  return [...areas, ["A machine can be made", ...verdicts].join("\n")].join("\n\n");
}

function lineOf({ state, text, code, mover, next }: Finding): string {
  const lines = `${text}${code ? ` [${code}]` : ""}`.split("\n");
  if (mover && next) lines.push(`${WHOSE[mover]}: ${next}`);
  return `  ${SIGNS[state]}${lines.join("\n        ")}`;
}

/** The report for programs. */
export const reportJson = (findings: readonly Finding[]): string =>
  JSON.stringify(
    {
      ways: Object.fromEntries(verdictsOf(findings).map(({ way, open }) => [way, open])),
      findings,
    },
    null,
    2,
  );
