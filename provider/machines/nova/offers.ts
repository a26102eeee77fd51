import { failure } from "../../core/index.ts";
import type { NovaFlavor } from "../../openstack/nova/flavors.ts";
import { chooseOffers, describeOffer, describeTraits, type Offer } from "../hardware.ts";
import type { Hardware, MachineInputs } from "../spec.ts";

type Specs = Readonly<Record<string, string>> | undefined;

/** A flavor as an offer. */
export interface FlavorOffer extends Offer {
  /** The resource classes of which it takes one whole: `CUSTOM_BAREMETAL`. */
  readonly classes: readonly string[];
  readonly kind: NonNullable<MachineInputs["kind"]>;
}

/** A resource class as Placement and flavors write it: `bare-metal.gpu` is `CUSTOM_BARE_METAL_GPU`. */
export function normalizeClass(name: string): string {
  const upper = name.toUpperCase().replace(/[^A-Z0-9]/g, "_");
  return upper.startsWith("CUSTOM_") ? upper : `CUSTOM_${upper}`;
}

/** The custom resource classes that a flavor asks for. */
export const classesOf = (specs: Specs): string[] =>
  Object.entries(specs ?? {}).flatMap(([key, amount]) => {
    const found = /^resources\w*:(CUSTOM_\w+)$/.exec(key);
    return found && amount !== "0" ? [found[1]!] : [];
  });

/** The traits that a flavor requires. */
export const traitsOf = (specs: Specs): string[] =>
  Object.entries(specs ?? {}).flatMap(([key, value]) => {
    const found = /^trait\w*:(\w+)$/.exec(key);
    return found && value === "required" ? [found[1]!] : [];
  });

/** Whether a flavor is of whole machines: it asks for one of a custom class and for no virtual CPU. */
export const isWhole = (specs: Specs): boolean => classesOf(specs).length > 0 && specs?.["resources:VCPU"] === "0";

/** The flavors of one kind as offers; disabled ones are none. */
export function flavorOffers(flavors: readonly NovaFlavor[]): FlavorOffer[] {
  return flavors
    .filter((flavor) => flavor["OS-FLV-DISABLED:disabled"] !== true)
    .map((flavor) => ({
      id: flavor.id,
      name: flavor.name,
      cpus: flavor.vcpus,
      memoryGiB: flavor.ram / 1024,
      ...describeTraits(traitsOf(flavor.extra_specs), flavor.disk),
      classes: classesOf(flavor.extra_specs),
      kind: isWhole(flavor.extra_specs) ? "baremetal" : "virtual",
    }));
}

/** The offers that a program may mean: of its kind, and of its resource class where it names one. */
export function offersFor(inputs: Pick<MachineInputs, "kind" | "hardware">, offers: readonly FlavorOffer[]) {
  const wanted = inputs.hardware.class === undefined ? undefined : normalizeClass(inputs.hardware.class);
  return offers.filter(
    (offer) => offer.kind === (inputs.kind ?? "baremetal") && (wanted === undefined || offer.classes.includes(wanted)),
  );
}

/**
 * The flavor to take: the one that is named, or the smallest that fits.
 * @throws Failure `nothing-fits`, `not-found`, `ambiguous`
 */
export function chooseFlavor(
  inputs: Pick<MachineInputs, "kind" | "hardware">,
  offers: readonly FlavorOffer[],
): FlavorOffer {
  const { hardware } = inputs;
  const kind = inputs.kind ?? "baremetal";
  if (hardware.flavor !== undefined) return namedFlavor(hardware.flavor, kind, offers);
  const candidates = offersFor(inputs, offers);
  if (hardware.class !== undefined && !candidates.length) {
    const classes = [...new Set(offers.flatMap((offer) => (offer.kind === kind ? offer.classes : [])))].sort();
    const list = classes.length ? `there are ${classes.join(", ")}` : "this credential sees no such flavor at all";
    throw failure(
      "nothing-fits",
      `no flavor of kind ${kind} takes the resource class ${normalizeClass(hardware.class)}; ${list}`,
      { path: "hardware.class" },
    );
  }
  const amounts: Hardware = { ...hardware, class: undefined };
  return chooseOffers(amounts, candidates, `flavor of kind ${kind}`)[0] as FlavorOffer;
}

function namedFlavor(name: string, kind: FlavorOffer["kind"], offers: readonly FlavorOffer[]): FlavorOffer {
  const found = offers.filter((offer) => offer.id === name);
  if (!found.length) found.push(...offers.filter((offer) => offer.name === name));
  const path = "hardware.flavor";
  const [flavor] = found;
  if (found.length > 1)
    throw failure(
      "ambiguous",
      `${found.length} flavors are called "${name}": ${found.map((one) => one.id).join(", ")}`,
      {
        path,
      },
    );
  if (!flavor) {
    const list = offers.filter((offer) => offer.kind === kind).map((offer) => `  ${describeOffer(offer)}`);
    throw failure(
      "not-found",
      `there is no flavor "${name}" that this credential may use${list.length ? `; of kind ${kind} there are\n${list.join("\n")}` : ""}`,
      { path },
    );
  }
  if (flavor.kind !== kind)
    throw failure("nothing-fits", `flavor "${name}" is of kind ${flavor.kind}, and the program asks for ${kind}`, {
      path,
      next: `set \`kind: "${flavor.kind}"\`, or name a flavor of kind ${kind}.`,
    });
  return flavor;
}
