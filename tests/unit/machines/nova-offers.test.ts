import t from "tap";
import { chooseFlavor, flavorOffers, normalizeClass, offersFor } from "../../../provider/machines/nova/offers.ts";
import type { Hardware, MachineInputs } from "../../../provider/machines/spec.ts";
import { FLAVORS, OFFERS } from "./nova-fixture.ts";

const choose = (hardware: Hardware, kind: MachineInputs["kind"] = "baremetal") =>
  chooseFlavor({ kind, hardware }, OFFERS).name;

t.test("flavors are offers of one kind each", (t) => {
  t.same(
    OFFERS.map(({ name, kind, classes }) => [name, kind, ...classes]),
    [
      ["metal.large", "baremetal", "CUSTOM_METAL_LARGE"],
      ["metal.small", "baremetal", "CUSTOM_METAL"],
      ["metal.gpu", "baremetal", "CUSTOM_METAL"],
      ["vm.tiny", "virtual"],
      ["vm.gpu", "virtual", "CUSTOM_VGPU"],
    ],
    "a disabled one is none",
  );
  t.match(OFFERS[0], { cpus: 64, memoryGiB: 512, uplinkGbps: 25, disks: [{ sizeGiB: 1920 }] });
  t.same(
    flavorOffers([{ ...FLAVORS[1]!, extra_specs: undefined as never }]).map((offer) => offer.kind),
    ["virtual"],
    "specs that are hidden say nothing of whole machines",
  );
  t.end();
});

t.test("resource classes are compared as Placement writes them", (t) => {
  for (const [name, expected] of [
    ["baremetal", "CUSTOM_BAREMETAL"],
    ["bare-metal.gpu", "CUSTOM_BARE_METAL_GPU"],
    ["CUSTOM_X", "CUSTOM_X"],
    ["custom_x", "CUSTOM_X"],
  ] as const)
    t.equal(normalizeClass(name), expected);
  t.end();
});

t.test("the flavor to take", (t) => {
  t.equal(choose({ flavor: "metal.gpu" }), "metal.gpu");
  t.equal(choose({ flavor: "id-metal.gpu" }), "metal.gpu", "by id");
  t.equal(choose({ class: "metal" }), "metal.gpu", "of equals the first by name");
  t.equal(choose({ class: "metal-large" }), "metal.large");
  t.equal(choose({ class: "metal", traits: ["CUSTOM_GPU"] }), "metal.gpu");
  t.equal(choose({ cpus: 17 }), "metal.large", "the smallest that fits");
  t.equal(choose({ cpus: 1 }, "virtual"), "vm.tiny");
  t.throws(() => choose({ class: "metal-large", traits: ["CUSTOM_GPU"] }), { code: "nothing-fits" });
  t.throws(() => choose({ class: "other" }), { code: "nothing-fits", message: /CUSTOM_METAL, CUSTOM_METAL_LARGE/ });
  t.throws(() => choose({ cpus: 65 }), { code: "nothing-fits", message: /metal\.large.*CPUs: 64/s });
  t.throws(() => choose({ flavor: "vm.tiny" }), { code: "nothing-fits", message: /kind: "virtual"/ });
  t.throws(() => choose({ flavor: "nope" }), { code: "not-found", message: /metal\.small/ });
  const twins = [...FLAVORS, { ...FLAVORS[1]!, id: "id-twin" }];
  t.throws(() => chooseFlavor({ hardware: { flavor: "metal.small" } }, flavorOffers(twins)), { code: "ambiguous" });
  t.same(
    offersFor({ hardware: { class: "metal" } }, OFFERS).map((offer) => offer.name),
    ["metal.small", "metal.gpu"],
  );
  t.end();
});
