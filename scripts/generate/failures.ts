import { catalogue, type FailureCode, type FailureDetails, failure } from "../../provider/core/index.ts";

type Example = Partial<FailureDetails> & { readonly what: string };

const NODE = "node bm-7 (5f2c0f1e-8a0e-4a1e-9a0b-2b7c7a3f1d11)";
const ID = "0f7f4a62-3a35-4f0f-9c55-1f3a1a2b3c4d";

/** The codes by what they are about, each with what could have happened. The order is that of the page. */
const GROUPS: readonly (readonly [string, Partial<Record<FailureCode, Example>>])[] = [
  [
    "The program",
    {
      "invalid-input": { what: "networks[0] needs either a network or a port", path: "networks[0]" },
      unsupported: {
        what: "virtual machines come from Nova only",
        path: "kind",
        next: "set `route: nova`, or leave `route` out.",
      },
      "not-found": { what: 'there is no image "debian-21" that this credential can see', path: "image" },
      ambiguous: {
        what: `2 images are called "debian-12": ${ID}, 1b4e28ba-2fa1-11d2-883f-0016d3cca427`,
        path: "image",
      },
      "nothing-fits": {
        what: "no resource class or node of Ironic fits what is asked; there are\n  metal (16 CPUs, 64 GiB memory, disk 480 GiB, 2 free): CPUs: 16",
        path: "hardware",
      },
    },
  ],
  [
    "Credential and cloud",
    {
      "no-credentials": {
        what: "the OpenStack configuration is incomplete: a password missing. Tried, in this order: …",
      },
      "credentials-refused": {
        what: "Keystone at https://cloud.example:5000/v3 refused to log in by password (401: The request you have made requires authentication.); used userName from OS_USERNAME, password from OS_PASSWORD",
      },
      "token-refused": { what: "Nova (compute) answered 401 to GET /v2.1/servers/detail: Unauthorized" },
      "not-allowed": {
        what: "Nova (compute) answered 403 to POST /v2.1/servers: Policy doesn't allow os_compute_api:servers:create to be performed. The credential (user ann) has the roles in project shop: reader",
        next: "writing needs the role member in this project (reader is not enough); ask for it",
      },
      "wrong-cloud": {
        what: "it was made at https://a.example/v3, region one, project 1, but the configuration points at https://b.example/v3, region one, project 2",
      },
    },
  ],
  [
    "Services",
    {
      "service-missing": { what: "the cloud's catalog has no Ironic (baremetal) in region west; there is one in east" },
      "version-too-old": { what: "allocations needs Ironic (baremetal) 1.60; this cloud has 1.58" },
      "service-unreachable": {
        what: "no answer from Neutron (network) to GET https://cloud.example:9696/v2.0/ports after 6 tries: connect ECONNREFUSED (ECONNREFUSED)",
      },
      "tls-failed": {
        what: "no answer from Keystone (identity) to POST https://cloud.example:5000/v3/auth/tokens: self-signed certificate in certificate chain (SELF_SIGNED_CERT_IN_CHAIN)",
      },
      "identity-unavailable": {
        what: "Nova (compute) answered 503 to GET /v2.1/flavors/detail: The Keystone service is temporarily unavailable",
      },
      "answer-lost": { what: "Cinder (block-storage) answered 504 to POST /v3/volumes and said nothing more" },
      "service-refused": { what: "Neutron (network) answered 400 to POST /v2.0/networks: Invalid input for mtu" },
      "service-broken": {
        what: "Nova (compute) answered 500 to POST /v2.1/servers: Unexpected API Error",
        requestId: "req-6d7a",
      },
      "conductor-gone": {
        what: "Ironic (baremetal) answered 500 to PUT /v1/nodes/bm-7/states/provision: Unable to establish connection to http://conductor:8089",
      },
      busy: {
        what: "Ironic (baremetal) answered 409 to PUT /v1/nodes/bm-7/states/power: Node bm-7 is locked by host c1",
      },
      "in-use": { what: `the volume is held by ${ID} as /dev/vdb (attachment a1)`, state: "in-use" },
    },
  ],
  [
    "Room",
    {
      quota: { what: "Nova (compute) answered 403 to POST /v2.1/servers: Quota exceeded for instances" },
      "no-capacity": {
        what: "every machine that fits is taken:\n  metal (16 CPUs, 64 GiB memory, disk 480 GiB, 0 free)",
        path: "hardware",
      },
      "no-addresses": {
        what: "Neutron (network) answered 409 to POST /v2.0/ports: No more IP addresses available on network 1",
      },
      "no-segments": {
        what: "Neutron (network) answered 503 to POST /v2.0/networks: Unable to create the network. No tenant network is available for allocation",
      },
      "no-storage": {
        what: "the volume could not be made, and was removed again: Cinder shows the status error: schedule allocate volume: Could not find any available weighted backend.",
      },
    },
  ],
  [
    "Whose object it is",
    {
      "already-there": { what: `Server db exists already as ${ID} and this stack does not know it` },
      "several-found": { what: `2 objects carry the identity of Server db: ${ID}, 1b4e28ba` },
      "taken-over": { what: "another run writes its own mark on this object" },
      gone: { what: "the server is gone from the cloud", where: ID },
      "machine-lost": { what: `${NODE} is no longer reserved for this server: the machine is not yours any more` },
    },
  ],
  [
    "Making a machine",
    {
      "deploy-failed": {
        what: `${NODE} could not be installed, 2 times: Deploy step deploy.write_image failed: No suitable device was found`,
        state: "deploy failed",
        elapsed: 1260,
      },
      "deploy-refused": {
        what: `Ironic refuses to install ${NODE}: power: Missing parameter ipmi_address`,
        state: "available",
      },
      "image-unusable": {
        what: 'Glance shows image "debian-12" as queued, not active',
        path: "image",
        state: "queued",
      },
      "network-failed": {
        what: `${NODE} could not be installed, 2 times: Binding failed for port 1, please check neutron logs`,
        state: "deploy failed",
      },
      "server-fault": {
        what: "Nova reports the server in ERROR: Timed out waiting for a reply to message ID 1",
        where: ID,
        state: "ERROR",
      },
    },
  ],
  [
    "A machine that is there",
    {
      "power-failed": {
        what: `${NODE} is in maintenance: power failure; Ironic says: max retries exceeded: the BMC does not answer`,
        state: "active",
      },
      "in-maintenance": { what: `${NODE} is in maintenance: disk 3 is replaced on Friday`, state: "active" },
      "not-in-service": {
        what: `${NODE} is in state "inspect failed": inspection failed: timeout`,
        state: "inspect failed",
      },
      "held-state": {
        what: `${NODE} is in state "rescue": in rescue mode`,
        state: "rescue",
        next: "end rescue mode (`openstack baremetal node unrescue`), then run the same command again.",
      },
      "rescue-failed": {
        what: `${NODE} is in state "unrescue failed": leaving rescue mode failed: no route to BMC`,
        state: "unrescue failed",
      },
      "servicing-failed": {
        what: `${NODE} is in state "service failed": servicing failed: firmware update refused`,
        state: "service failed",
      },
      "needs-reinstall": {
        what: "image differs from what is installed, and the change would wipe the machine's disk",
        path: "image",
      },
      "needs-power-cycle": {
        what: "attaching a volume to a bare metal machine is possible only while the machine is off, and it is on",
        path: "allowPowerCycle",
      },
      "stuck-state": {
        what: `${NODE} is in state "reticulating": this release does not know that state`,
        state: "reticulating",
      },
    },
  ],
  [
    "Letting go of it",
    {
      protected: { what: "deletion protection is on", where: ID, state: "ACTIVE" },
      "release-failed": { what: `${NODE} could not be taken down, 2 times: no route to BMC`, state: "error" },
      "clean-failed": {
        what: `${NODE} could not be wiped: Clean step erase_devices failed: /dev/sda is frozen`,
        state: "clean failed",
      },
    },
  ],
  [
    "Volumes and networks",
    {
      "volume-failed": {
        what: "the volume could not be made, and was removed again: Cinder shows the status error: create volume: Driver failed to create the volume. (req-6d7a)",
      },
      "would-lose-data": { what: "the volume has 500 GiB and cannot become smaller (200 GiB)", path: "sizeGiB" },
      "not-isolated": { what: "the network is open to every project (shared)", where: ID },
    },
  ],
  [
    "The run",
    {
      "no-effect": { what: '"power on" was accepted and 1 min later nothing shows of it', elapsed: 75 },
      "timed-out": { what: "create took longer than 90 min; last seen: installing the machine", elapsed: 5400 },
      interrupted: { what: "create was interrupted while installing the machine", elapsed: 300 },
      unexpected: { what: "TypeError: Cannot read properties of undefined" },
    },
  ],
];

const MOVERS = { you: "you", operator: "the cloud's operator", hardware: "a person at the hardware" } as const;

/** The page docs/failures.md. Throws where a code of the catalogue has no place in it. */
export function failuresPage(): string {
  const listed = GROUPS.flatMap(([, codes]) => Object.keys(codes));
  const missing = Object.keys(catalogue).filter((code) => !listed.includes(code));
  if (missing.length) throw new Error(`scripts/generate/failures.ts has no example of ${missing.join(", ")}`);
  const sections = GROUPS.flatMap(([heading, codes]) => [
    `## ${heading}`,
    ...(Object.entries(codes) as [FailureCode, Example][]).map(([code, example]) => section(code, example)),
  ]);
  return `${[INTRODUCTION, table(), ...sections].join("\n\n")}\n`;
}

const INTRODUCTION = `# Failures

Every failure of this package ends in one of these codes, which stands in brackets at the end of its message. The message says what
happened in the cloud's own words, on which machine, volume or network, in which state and after how long, whose move it is, and what to do next.
Whose move it is and what to do may be more exact in a message than here. \`pulumi-baremetal doctor\` looks for the reasons of most of them
before anything is made.

Written by \`npm run generate\` from \`provider/core/catalogue.ts\`.`;

const table = () =>
  [
    "| code | what it means | whose move |",
    "| --- | --- | --- |",
    ...GROUPS.flatMap(([, codes]) =>
      (Object.keys(codes) as FailureCode[]).map(
        (code) => `| [${code}](#${code}) | ${catalogue[code].meaning} | ${MOVERS[catalogue[code].mover]} |`,
      ),
    ),
  ].join("\n");

function section(code: FailureCode, { what, ...more }: Example): string {
  const { meaning, mover, next } = catalogue[code];
  const message = failure(code, what, { resource: "Server db", ...more }).message;
  return [
    `### ${code}`,
    meaning,
    `Whose move: ${MOVERS[mover]}. What to do: ${next}`,
    message
      .split("\n")
      .map((line) => `    ${line}`)
      .join("\n"),
  ].join("\n\n");
}
