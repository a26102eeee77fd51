import { readdirSync, readFileSync } from "node:fs";
import t from "tap";
import {
  compareVersions,
  type Feature,
  RELEASES,
  REQUIREMENTS,
  requirement,
} from "../../../provider/openstack/microversions.ts";
import { chooseVersion } from "../../../provider/openstack/service.ts";
import type { ServiceType } from "../../../provider/openstack/types.ts";

const FEATURES = Object.keys(REQUIREMENTS) as Feature[];
const TABLE = "openstack/microversions.ts";

const ZED: Partial<Record<ServiceType, string>> = RELEASES.Zed;
const NEWEST: Partial<Record<ServiceType, string>> = RELEASES["2026.2"];

const choose = (feature: Feature, release: Partial<Record<ServiceType, string>>) => {
  const needs = requirement(feature);
  return chooseVersion(feature, needs, { minimum: "1.0", maximum: release[needs.service]! });
};

/** The provider's own sources, without the embedded cloud, which is a server. */
const SOURCES = readdirSync("provider", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !/^(sandbox|rehearsal)\//.test(file))
  .map((file) => ({ file, text: readFileSync(`provider/${file}`, "utf8") }));

t.test("no feature wants less than its minimum, and each says what becomes of it below", async (t) => {
  for (const [feature, needs] of Object.entries(REQUIREMENTS)) {
    if ("wanted" in needs) t.ok(compareVersions(needs.wanted, needs.minimum) > 0, feature);
    t.ok(needs.why.length > 10 && needs.without.length > 10, feature);
  }
});

t.test("what the oldest supported release lacks, and nothing else", async (t) => {
  const lacking = FEATURES.filter(
    (feature) => compareVersions(ZED[requirement(feature).service]!, requirement(feature).minimum) < 0,
  );
  t.same(lacking, ["instance names"]);
  for (const feature of FEATURES)
    t.equal(choose(feature, NEWEST), requirement(feature).wanted ?? requirement(feature).minimum, feature);
});

t.test("what is asked for", async (t) => {
  const needs = { service: "baremetal", minimum: "1.60", wanted: "1.79", why: "", without: "no machines" } as const;
  const cases: [maximum: string, asked: string][] = [
    ["1.60", "1.60"],
    ["1.78", "1.78"],
    ["1.79", "1.79"],
    ["1.115", "1.79"],
  ];
  for (const [maximum, asked] of cases) {
    t.equal(chooseVersion("allocations", needs, { minimum: "1.1", maximum }), asked, `of ${maximum}`);
  }
  t.equal(
    chooseVersion("x", { ...needs, wanted: undefined }, { minimum: "1.1", maximum: "1.82" }),
    "1.60",
    "the minimum",
  );
  const tooOld = () => chooseVersion("allocations", needs, { minimum: "1.1", maximum: "1.59" });
  t.throws(tooOld, { code: "version-too-old", message: /needs Ironic \(baremetal\) 1\.60; this cloud has 1\.59/ });
  t.throws(tooOld, { message: /until then: no machines/ });
  t.throws(() => chooseVersion("allocations", needs, undefined), { message: /no version of it that is known/ });
  const tooNew = () => chooseVersion("allocations", needs, { minimum: "1.80", maximum: "1.120" });
  t.throws(tooNew, {
    code: "unsupported",
    message: /written for Ironic \(baremetal\) 1\.79; this cloud begins at 1\.80/,
  });
});

t.test("the table is the one place", async (t) => {
  const callers = SOURCES.filter(({ file }) => file !== TABLE && !file.startsWith("cli/"));
  for (const { file, text } of callers) t.notMatch(text, /microversion: "|\b(negotiate|supports)\("\d/, file);
  for (const feature of FEATURES) {
    t.ok(
      callers.some(({ text }) => text.includes(`"${feature}"`)),
      `${feature} is used`,
    );
  }
});
