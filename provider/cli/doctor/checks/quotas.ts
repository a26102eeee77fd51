import { isWhole } from "../../../machines/nova/offers.ts";
import type { NovaFlavor } from "../../../openstack/nova/flavors.ts";
import type { Facts, Quota } from "../facts.ts";
import { type Finding, lacks, type Read, unknown, type Way, works } from "../finding.ts";

const NAMES = { nova: "Nova", neutron: "Neutron", cinder: "Cinder" } as const;

/** What cannot be made once a quota is used up. */
const SHUTS: Readonly<Record<string, readonly Way[]>> = { instances: ["nova"], port: ["nova", "ironic"] };

/** People's words for what Nova and Neutron call otherwise. */
const WORDS: Readonly<Record<string, string>> = {
  instances: "servers",
  ram: "MiB of memory",
  network: "networks",
  subnet: "subnets",
  port: "ports",
  router: "routers",
};

const left = ({ limit, used }: Quota) => (limit < 0 ? Number.POSITIVE_INFINITY : limit - used);

/** How much of each quota is used, and which is used up. */
export function checkQuotas(quotas: Facts["quotas"], flavors: Read<readonly NovaFlavor[]>): Finding[] {
  const area = "Quotas";
  return (Object.keys(NAMES) as (keyof typeof NAMES)[]).flatMap((service): Finding[] => {
    const quota = quotas[service];
    if ("failure" in quota) {
      // A service that is not there has said so already.
      const { code } = quota.failure;
      return code === "not-allowed" || code === "not-found"
        ? [unknown(area, `${NAMES[service]} does not show its quotas to this credential`)]
        : [];
    }
    const entries = Object.entries(quota.value);
    const text = entries
      .map(([name, { limit, used }]) => `${WORDS[name] ?? name} ${used} of ${limit < 0 ? "any number" : limit}`)
      .join(", ");
    const full = entries.filter(([, one]) => left(one) <= 0);
    return [
      ...(full.length < entries.length ? [works(area, `${NAMES[service]}: ${text}`)] : []),
      ...full.map(([name, { limit, used }]) =>
        lacks(area, "quota", `${NAMES[service]}: no ${WORDS[name] ?? name} left, ${used} of ${limit} are used`, {
          ...(SHUTS[name] && { shuts: SHUTS[name] }),
        }),
      ),
      ...(service === "nova" ? checkSize(quota.value, flavors) : []),
    ];
  });
}

/** Most clouds count a whole machine's CPUs and memory, too, as its flavor states them. */
function checkSize(quota: Readonly<Record<string, Quota>>, flavors: Read<readonly NovaFlavor[]>): Finding[] {
  if ("failure" in flavors) return [];
  const whole = flavors.value.filter(
    (flavor) => isWhole(flavor.extra_specs) && flavor["OS-FLV-DISABLED:disabled"] !== true,
  );
  const [cores, ram] = [quota["cores"], quota["ram"]];
  if (!whole.length || !cores || !ram || left(cores) <= 0 || left(ram) <= 0) return [];
  if (whole.some((flavor) => flavor.vcpus <= left(cores) && flavor.ram <= left(ram))) return [];
  const [flavor] = [...whole].sort((a, b) => a.ram - b.ram) as [NovaFlavor];
  const text = `no bare metal flavor fits into what is left of cores and memory: ${flavor.name} counts as ${flavor.vcpus} cores and ${flavor.ram} MiB`;
  const next =
    "ask the operator for more cores and ram; clouds that count usage by Placement do not count them for bare metal.";
  return [lacks("Quotas", "quota", text, { next })];
}
