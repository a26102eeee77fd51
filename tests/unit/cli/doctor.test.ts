/** What the doctor finds out of what it read: data in, findings out. */
import t from "tap";
import {
  checkCredential,
  checkRoles,
  checkServices,
  checkVersions,
} from "../../../provider/cli/doctor/checks/account.ts";
import {
  checkConnectors,
  checkFlavors,
  checkNodes,
  checkProvisioning,
} from "../../../provider/cli/doctor/checks/machines.ts";
import { checkQuotas } from "../../../provider/cli/doctor/checks/quotas.ts";
import { checkImages, checkNetworks, checkVolumeTypes } from "../../../provider/cli/doctor/checks/supplies.ts";
import type { DoctorNode, Facts } from "../../../provider/cli/doctor/facts.ts";
import type { Finding } from "../../../provider/cli/doctor/finding.ts";
import { findingsOf, report, reportJson, verdictsOf } from "../../../provider/cli/doctor/report.ts";
import { catalogue, failure } from "../../../provider/core/index.ts";
import { resolveCloudConfig } from "../../../provider/openstack/index.ts";
import { node } from "../machines/ironic-fixtures.ts";
import { FLAVORS } from "../machines/nova-fixture.ts";

const ME = "project-1";
const free = { instance_uuid: null, provision_state: "available", power_state: "power off" };
const mine = (more: Partial<DoctorNode> = {}): DoctorNode => ({
  ...node(free),
  owner: ME,
  lessee: null,
  network_interface: "neutron",
  wiringShown: true,
  provisioningNetwork: "prov",
  cleaningNetwork: "prov",
  ...more,
});
const network = (more: object = {}) => ({
  id: "prov",
  name: "provision-net",
  description: "",
  project_id: ME,
  shared: false,
  ...more,
});
const range = (maximum: string) => ({ address: "http://x", range: { minimum: "1.1", maximum } });
const config = resolveCloudConfig({
  env: {
    OS_AUTH_URL: "http://keystone:5000",
    OS_USERNAME: "ann",
    OS_PASSWORD: "hush-hush",
    OS_PROJECT_NAME: "shop",
    OS_REGION_NAME: "east",
  },
});
const principal = {
  authUrl: config.authUrl,
  region: "east",
  userId: "u",
  userName: "ann",
  projectId: ME,
  projectName: "shop",
  roles: ["member", "reader"],
};
const services: Facts["services"] = {
  identity: { address: "http://keystone:5000/v3" },
  baremetal: range("1.82"),
  compute: range("2.93"),
  network: range("2.0"),
  "block-storage": range("3.70"),
  image: range("2.16"),
};
const quota = (limit: number, used: number) => ({ limit, used });
const facts: Facts = {
  config,
  principal,
  regions: { value: ["east", "west"] },
  services,
  quotas: {
    nova: { value: { instances: quota(10, 1), cores: quota(-1, 16), ram: quota(-1, 1024) } },
    neutron: { value: { network: quota(100, 2), port: quota(500, 7) } },
    cinder: { value: { volumes: quota(10, 0), gigabytes: quota(1000, 0) } },
  },
  flavors: { value: FLAVORS },
  nodes: { value: [mine()] },
  connectors: { value: [] },
  images: { value: [{ id: "1", name: "debian", status: "active" }] },
  volumeTypes: { value: [{ id: "1", name: "ssd" }] },
  defaultType: { value: "ssd" },
  networks: { value: [network()] },
  segments: { value: undefined },
};
/** A finding as tables write it. */
const short = ({ state, code, shuts }: Finding) =>
  [state, code, shuts && `shuts ${shuts.join("+")}`].filter(Boolean).join(" ");
const all = (findings: readonly Finding[]) => findings.map(short);

t.test("a cloud where all is well", async (t) => {
  const findings = findingsOf(facts);
  t.same(
    findings.filter(({ state }) => state === "lacks"),
    [],
  );
  t.same(
    verdictsOf(findings).map(({ way, open }) => [way, open]),
    [
      ["nova", true],
      ["ironic", true],
    ],
  );
  const text = report(findings);
  t.match(text, /^Credential\n {2}ok {2}user ann by password at http:\/\/keystone:5000\/v3\n/);
  t.match(text, /A machine can be made\n {2}ok {2}by nova\n {2}ok {2}by ironic$/);
  t.match(text, /read from OS_AUTH_URL, .*OS_PASSWORD/);
  for (const shown of [text, reportJson(findings)]) t.notMatch(shown, /hush/, "no secret is shown");
  t.match(JSON.parse(reportJson(findings)), { ways: { nova: true, ironic: true }, findings: [{ area: "Credential" }] });
});

t.test("credential: roles, project, region", async (t) => {
  for (const roles of [["admin"], ["member"], ["manager", "reader"], ["_member_"]])
    t.equal(short(checkRoles(roles)), "ok", roles.join());
  for (const roles of [[], ["reader"], ["load-balancer_member"]])
    t.equal(short(checkRoles(roles)), "lacks not-allowed shuts nova+ironic", roles.join());
  t.match(all(checkCredential({ ...facts, principal: { ...principal, projectId: "" } })), [
    "ok",
    "note",
    "lacks no-credentials shuts nova+ironic",
  ]);
  const regions = (region: string | undefined, value: string[]) => {
    const { region: _, ...rest } = config;
    const given = { ...facts, config: region ? { ...rest, region } : rest, regions: { value } };
    return short(checkCredential(given).at(-1)!);
  };
  t.equal(regions("east", ["east"]), "ok");
  t.equal(regions(undefined, ["east"]), "ok");
  t.equal(regions(undefined, ["east", "west"]), "lacks service-missing");
  t.equal(regions("north", ["east"]), "lacks service-missing shuts nova+ironic");
});

t.test("services that are missing or silent, and what for", async (t) => {
  const silent = { address: "http://x", failure: failure("service-unreachable", "no answer") };
  const missing = { failure: failure("service-missing", "no such service") };
  const rows: [Partial<Facts["services"]>, string[]][] = [
    [{ baremetal: missing }, ["lacks service-missing shuts ironic"]],
    [{ compute: silent }, ["lacks service-unreachable shuts nova"]],
    [{ network: silent }, ["lacks service-unreachable shuts nova+ironic"]],
    [{ image: silent }, ["lacks service-unreachable shuts nova+ironic"]],
    [{ "block-storage": silent }, ["lacks service-unreachable"]],
    [{ placement: silent, "load-balancer": missing }, []],
  ];
  for (const [more, expected] of rows) {
    const found = all(checkServices({ ...services, ...more }));
    t.same(
      found.filter((one) => one.startsWith("lacks")),
      expected,
      Object.keys(more).join(),
    );
  }
  t.match(
    report(checkServices({ ...services, "load-balancer": silent })),
    /Octavia .* does not answer; it is needed for/,
  );
});

t.test("versions against the table of requirements", async (t) => {
  const zed = checkVersions(services);
  t.same(
    zed.filter(({ state }) => state === "lacks"),
    [],
    "Zed is enough for a machine",
  );
  t.match(
    zed.find(({ text }) => text.startsWith("instance names")),
    {
      state: "note",
      text: "instance names: needs Ironic (baremetal) 1.104, this cloud has 1.82; without it: Ironic shows the machine's name only in the node's instance_info, as display_name",
    },
  );
  const old = checkVersions({ ...services, baremetal: range("1.58"), compute: range("2.40") });
  const shut = old.filter(({ shuts }) => shuts).map(({ text, shuts }) => `${text.split(":")[0]} ${shuts}`);
  t.same(shut, ["reading nodes ironic", "deploying ironic", "allocations ironic", "servers nova"]);
  const mute = checkVersions({ ...services, compute: { address: "http://x" } });
  t.ok(mute.some(({ state, text }) => state === "unknown" && text.startsWith("servers")));
});

t.test("quotas", async (t) => {
  const of = (nova: object, flavors: Facts["flavors"] = facts.flavors) =>
    all(checkQuotas({ ...facts.quotas, nova: { value: nova as never } }, flavors)).filter((one) => one !== "ok");
  t.same(of({ instances: quota(10, 10), cores: quota(-1, 0), ram: quota(-1, 0) }), ["lacks quota shuts nova"]);
  t.same(
    of({ instances: quota(10, 0), cores: quota(20, 8), ram: quota(51200, 0) }),
    ["lacks quota"],
    "too small a rest",
  );
  t.same(of({ instances: quota(10, 0), cores: quota(20, 8), ram: quota(51200, 0) }, { value: [] }), []);
  t.same(of({ instances: quota(10, 0), cores: quota(64, 0), ram: quota(524288, 0) }), []);
  const ports = { ...facts.quotas, neutron: { value: { port: quota(0, 0), network: quota(5, 6) } } };
  t.same(
    all(checkQuotas(ports, facts.flavors)).filter((one) => one !== "ok"),
    ["lacks quota shuts nova+ironic", "lacks quota"],
  );
  const hidden = { ...facts.quotas, cinder: { failure: failure("not-allowed", "no") } };
  t.same(all(checkQuotas(hidden, facts.flavors)), ["ok", "ok", "unknown"]);
});

t.test("machines by Nova", async (t) => {
  const given = (flavors: Facts["flavors"], nodes: DoctorNode[] = []) =>
    checkFlavors({ ...facts, flavors, nodes: { value: nodes } });
  t.same(all(given({ value: [] })), ["lacks nothing-fits shuts nova"]);
  const virtual = FLAVORS.filter(({ name }) => name.startsWith("vm"));
  t.same(all(given({ value: virtual })), ["lacks nothing-fits shuts nova"]);
  t.same(all(given({ value: virtual.map(({ extra_specs: _, ...flavor }) => flavor) })), ["unknown"]);
  t.match(given(facts.flavors)[0]?.text, /cannot see/);
  const lent = mine({
    owner: "op",
    lessee: ME,
    resource_class: "metal",
    provision_state: "active",
    instance_uuid: "s",
  });
  t.notOk(
    given(facts.flavors, [lent]).find(({ code }) => code),
    "the node of a server of one's own tells nothing of the others",
  );
  const taken = mine({ resource_class: "metal", provision_state: "active" });
  t.match(
    given(facts.flavors, [taken]).find(({ code }) => code),
    { code: "no-capacity", text: /none of 1 node/ },
  );
  t.ok(given(facts.flavors, [taken, mine()]).some(({ text }) => /1 of 2 nodes free/.test(text)));
  t.same(all(given({ failure: failure("not-allowed", "no") })), ["lacks not-allowed shuts nova"]);
});

t.test("machines by Ironic", async (t) => {
  const given = (nodes: DoctorNode[], roles = ["member"]) =>
    checkNodes({ ...facts, nodes: { value: nodes } }, { projectId: ME, roles });
  const bad = (nodes: DoctorNode[], roles?: string[]) =>
    all(given(nodes, roles)).filter((one) => one.startsWith("lacks"));
  const leased = mine({ owner: "op", lessee: ME });
  const rows: [what: string, DoctorNode[], string[], string[]?][] = [
    ["none", [], ["lacks nothing-fits shuts ironic"]],
    ["somebody else's", [mine({ owner: "op" })], ["lacks nothing-fits shuts ironic"]],
    ["a free one", [mine()], []],
    ["all taken", [mine({ provision_state: "active", instance_uuid: "i" })], ["lacks no-capacity shuts ironic"]],
    ["leased, as a member", [leased], ["lacks not-allowed shuts ironic"]],
    ["leased, as a manager", [leased], [], ["manager"]],
    ["one that failed", [mine(), mine({ provision_state: "clean failed" })], ["lacks clean-failed"]],
    ["being set up", [mine(), mine({ provision_state: "inspect failed" })], ["lacks not-in-service"]],
    ["its BMC is gone", [mine(), mine({ maintenance: true, fault: "power failure" })], ["lacks power-failed"]],
    ["in maintenance", [mine(), mine({ maintenance: true })], ["lacks in-maintenance"]],
    ["a fault", [mine(), mine({ fault: "service failure" })], ["lacks servicing-failed"]],
    ["power unknown", [mine(), mine({ power_state: null })], ["lacks power-failed"]],
  ];
  for (const [what, nodes, expected, roles] of rows) t.same(bad(nodes, roles), expected, what);
  t.match(report(given([mine(), mine({ provision_state: "clean failed", last_error: "frozen disk" })])), /frozen disk/);
  t.match(report(given([mine({ retired: true }), mine({ resource_class: null })])), /retired.*no resource class/s);
  t.match(report(given([mine(), mine({ provision_state: "active" })])), /2 nodes: 1 active, 1 available/);
});

t.test("on which networks nodes are provisioned", async (t) => {
  const of = (nodes: DoctorNode[], networks: object[] = [network()]) =>
    all(checkProvisioning({ nodes: { value: nodes }, networks: { value: networks as never } }, ME));
  const { provisioningNetwork: _, cleaningNetwork: __, ...bare } = mine();
  t.same(of([mine()]), ["ok"]);
  t.same(of([mine({ provisioningNetwork: "provision-net" })]), ["ok"], "by name");
  t.same(
    of([mine()], [network({ project_id: "op", shared: true })]),
    ["lacks network-failed shuts ironic"],
    "shared is not owned",
  );
  t.same(of([mine({ provisioningNetwork: "gone" }), mine()]), ["lacks network-failed", "ok"]);
  t.same(of([bare]), ["unknown"], "the cloud's own");
  t.same(of([{ ...bare, wiringShown: false }]), ["unknown"], "hidden from a lessee");
  t.same(of([mine({ network_interface: "noop" })]), [], "nothing to provision on");
});

t.test("images, networks, volumes", async (t) => {
  const images = (...value: [string, string][]) =>
    all(
      checkImages({ ...facts, images: { value: value.map(([name, status], id) => ({ id: `${id}`, name, status })) } }),
    );
  t.same(images(["a", "active"]), ["ok"]);
  t.same(images(), ["lacks not-found shuts nova+ironic"]);
  t.same(images(["a", "active"], ["a", "active"]), ["ok", "lacks ambiguous"]);
  t.same(images(["a", "active"], ["b", "queued"]), ["ok", "lacks image-unusable"]);

  const networks = (value: object[], segments: object[] | undefined) =>
    all(checkNetworks({ ...facts, networks: { value: value as never }, segments: { value: segments as never } }, ME));
  t.same(networks([network()], undefined), ["ok", "unknown"]);
  t.same(networks([network({ status: "ERROR" })], undefined), ["ok", "lacks network-failed", "unknown"]);
  t.same(networks([], [{ network_type: "vlan", available: { "2-4": 1 } }]), ["ok", "ok"]);
  t.same(networks([], [{ network_type: "vlan", available: [] }]), ["ok", "lacks no-segments"]);

  t.same(all(checkVolumeTypes(facts)), ["ok"]);
  t.same(all(checkVolumeTypes({ ...facts, defaultType: { value: undefined } })), ["lacks volume-failed"]);
  t.same(all(checkConnectors(facts, ME)), ["ok"]);
  t.same(all(checkConnectors({ ...facts, nodes: { value: [mine({ storage_interface: "noop" })] } }, ME)), [
    "lacks unsupported",
  ]);
  t.same(all(checkConnectors({ ...facts, connectors: { failure: failure("not-allowed", "no") } }, ME)), ["unknown"]);
});

t.test("whatever is lacking has a code of the catalogue, and says what to do", async (t) => {
  const nothing = { failure: failure("not-allowed", "no") };
  const poor: Facts = {
    ...facts,
    principal: { ...principal, roles: [] },
    quotas: { nova: nothing, neutron: nothing, cinder: nothing },
    flavors: nothing,
    nodes: nothing,
    connectors: nothing,
    images: nothing,
    volumeTypes: nothing,
    networks: nothing,
    segments: nothing,
  };
  const findings = findingsOf(poor);
  for (const finding of findings.filter(({ state }) => state === "lacks")) {
    t.ok(finding.code && finding.code in catalogue, finding.text);
    t.ok(finding.mover && finding.next, finding.text);
  }
  t.same(
    verdictsOf(findings).map(({ open }) => open),
    [false, false],
  );
  t.match(report(findings), /NO {2}by nova: not-allowed/);
});
