import t from "tap";
import { type CloudConfig, Failure, resolve, type Sources } from "./config-support.ts";

const FILE = `
clouds:
  one:
    region_name: RegionFile
    interface: internal
    auth:
      auth_url: https://file.example:5000
      username: file-user
      password: file-password
      project_name: file-project
      user_domain_name: FileDomain
      project_domain_id: file-domain
`;
const CREDENTIALS = {
  OS_AUTH_URL: "http://env:5000/v3",
  OS_USERNAME: "env-user",
  OS_PASSWORD: "env-password",
  OS_PROJECT_NAME: "env-project",
};

const rows: [name: string, sources: Sources, check: (config: CloudConfig) => [found: unknown, wanted: unknown]][] = [
  [
    "the stack comes before the environment, the environment before clouds.yaml",
    {
      stack: { region: "RegionStack" },
      env: { OS_CLOUD: "one", OS_REGION_NAME: "RegionEnv", OS_INTERFACE: "admin" },
      files: { "/work/clouds.yaml": FILE },
    },
    (c) => [
      [c.region, c.interface, c.authUrl, c.sources["region"], c.sources["interface"]],
      ["RegionStack", "admin", "https://file.example:5000/v3", "openstack:region", "OS_INTERFACE"],
    ],
  ],
  [
    "everything from clouds.yaml, each value with its place",
    { env: { OS_CLOUD: "one" }, files: { "/work/clouds.yaml": FILE } },
    (c) => [
      [c.region, c.interface, c.cloud, c.sources["userName"], c.sources["cloud"]],
      ["RegionFile", "internal", "one", "/work/clouds.yaml clouds.one.auth.username", "OS_CLOUD"],
    ],
  ],
  [
    "the stack's cloud comes before OS_CLOUD",
    { stack: { cloud: "one" }, env: { OS_CLOUD: "two" }, files: { "/work/clouds.yaml": FILE } },
    (c) => [c.sources["cloud"], "openstack:cloud"],
  ],
  [
    "the only entry of clouds.yaml is used where nothing names one",
    { files: { "/work/clouds.yaml": FILE } },
    (c) => [
      [c.cloud, c.sources["cloud"]],
      ["one", "the only entry of clouds.yaml"],
    ],
  ],
  [
    "clouds.yaml is left alone where the environment has an auth URL and names no cloud",
    { env: CREDENTIALS, files: { "/work/clouds.yaml": "not: [valid" } },
    (c) => [
      [c.authUrl, c.cloud],
      ["http://env:5000/v3", undefined],
    ],
  ],
  [
    "a project name of the stack is not mixed with a project id of the environment",
    { stack: { tenantName: "mine" }, env: { ...CREDENTIALS, OS_PROJECT_ID: "1234" } },
    (c) => [c.scope, { kind: "project", name: "mine", domain: { id: "default" } }],
  ],
  [
    "the first source with a secret decides how to log in",
    { stack: { applicationCredentialId: "ac", applicationCredentialSecret: "ac-secret" }, env: CREDENTIALS },
    (c) => [
      [c.credential.kind, c.scope.kind],
      ["application-credential", "none"],
    ],
  ],
  [
    "of several secrets in one source the token comes before the password",
    { env: { ...CREDENTIALS, OS_TOKEN: "tok" } },
    (c) => [c.credential.kind, "token"],
  ],
  [
    "OS_AUTH_TYPE chooses among several secrets",
    { env: { ...CREDENTIALS, OS_TOKEN: "tok", OS_AUTH_TYPE: "v3password" } },
    (c) => [c.credential.kind, "password"],
  ],
  [
    "an application credential by name belongs to a user",
    {
      env: {
        OS_AUTH_URL: "http://env:5000",
        OS_USERNAME: "u",
        OS_USER_DOMAIN_NAME: "D",
        OS_APPLICATION_CREDENTIAL_NAME: "ac",
        OS_APPLICATION_CREDENTIAL_SECRET: "s",
      },
    },
    (c) => [
      c.credential.kind === "application-credential" && [c.credential.name, c.credential.user],
      ["ac", { name: "u", domain: { name: "D" } }],
    ],
  ],
  [
    "a token needs no project",
    { env: { OS_AUTH_URL: "http://env:5000", OS_TOKEN: "tok" } },
    (c) => [c.scope, { kind: "none" }],
  ],
  [
    "system scope takes the project's place",
    { env: { ...CREDENTIALS, OS_SYSTEM_SCOPE: "all" } },
    (c) => [c.scope, { kind: "system" }],
  ],
  [
    "the older names of variables count",
    {
      env: {
        OS_AUTH_URL: "http://env:5000/v2.0/",
        OS_USERNAME: "u",
        OS_PASSWORD: "p",
        OS_TENANT_ID: "t1",
        OS_ENDPOINT_TYPE: "internalURL",
      },
    },
    (c) => [
      [c.authUrl, c.scope, c.interface],
      ["http://env:5000/v3", { kind: "project", id: "t1", domain: { id: "default" } }, "internal"],
    ],
  ],
  [
    "domains: own, then the common one, then the default",
    {
      env: { ...CREDENTIALS, OS_USER_DOMAIN_NAME: "Mine", OS_DOMAIN_ID: "common" },
      stack: { defaultDomain: "fallback" },
    },
    (c) => [
      [c.credential.kind === "password" && c.credential.user.domain, c.scope.kind === "project" && c.scope.domain],
      [{ name: "Mine" }, { id: "common" }],
    ],
  ],
  [
    "the path behind Keystone's host stays",
    { env: { ...CREDENTIALS, OS_AUTH_URL: "https://x/identity" } },
    (c) => [c.authUrl, "https://x/identity/v3"],
  ],
  [
    "secure.yaml beside clouds.yaml gives the password, and says so",
    {
      env: { OS_CLOUD: "one" },
      files: {
        "/home/me/.config/openstack/clouds.yaml": FILE,
        "/home/me/.config/openstack/secure.yaml": "clouds: {one: {auth: {password: from-secure}}}",
      },
    },
    (c) => [
      [c.credential.kind === "password" && c.credential.password.reveal(), c.sources["password"]],
      ["from-secure", "/home/me/.config/openstack/secure.yaml clouds.one.auth.password"],
    ],
  ],
  [
    "the working directory comes before the user's folder, that before /etc",
    {
      env: { OS_CLOUD: "one", XDG_CONFIG_HOME: "/xdg" },
      files: {
        "/etc/openstack/clouds.yaml": FILE,
        "/xdg/openstack/clouds.yaml": FILE.replaceAll("RegionFile", "RegionXdg"),
      },
    },
    (c) => [c.region, "RegionXdg"],
  ],
  [
    "OS_CLIENT_CONFIG_FILE alone counts where it is set",
    {
      env: { OS_CLOUD: "one", OS_CLIENT_CONFIG_FILE: "mine.yaml" },
      files: { "/work/mine.yaml": FILE.replaceAll("RegionFile", "RegionMine"), "/work/clouds.yaml": FILE },
    },
    (c) => [c.region, "RegionMine"],
  ],
  [
    "a profile of clouds-public.yaml fills what the entry leaves out",
    {
      env: { OS_CLOUD: "p" },
      files: {
        "/work/clouds.yaml":
          "clouds: {p: {profile: vendor, region_name: Mine, auth: {username: u, password: w, project_name: q}}}",
        "/etc/openstack/clouds-public.yaml":
          "public-clouds: {vendor: {region_name: Theirs, interface: admin, auth: {auth_url: 'https://vendor/v3'}}}",
      },
    },
    (c) => [
      [c.authUrl, c.region, c.interface, c.sources["authUrl"]],
      ["https://vendor/v3", "Mine", "admin", "/etc/openstack/clouds-public.yaml public-clouds.vendor.auth.auth_url"],
    ],
  ],
  [
    "the values of the region in use come before the entry's",
    {
      stack: { cloud: "r", region: "east" },
      files: {
        "/work/clouds.yaml":
          "clouds: {r: {regions: [west, {name: east, values: {auth: {auth_url: 'https://east'}}}], auth: {auth_url: 'https://west', username: u, password: w, project_name: q}}}",
      },
    },
    (c) => [
      [c.authUrl, c.region],
      ["https://east/v3", "east"],
    ],
  ],
  [
    "TLS: a path relative to the working directory, a text as it is, a home folder",
    {
      env: { ...CREDENTIALS, OS_CACERT: "ca.pem", OS_CERT: "~/cert.pem" },
      stack: { key: "-----BEGIN PRIVATE KEY-----\nabc", insecure: "true" },
      files: { "/work/ca.pem": "CA", "/home/me/cert.pem": "CERT" },
    },
    (c) => [
      [c.tls.ca, c.tls.cert, c.tls.key?.reveal(), c.tls.verify],
      ["CA", "CERT", "-----BEGIN PRIVATE KEY-----\nabc", false],
    ],
  ],
  [
    "verify: false in clouds.yaml is insecure",
    { env: { OS_CLOUD: "one" }, files: { "/work/clouds.yaml": FILE.replace("interface: internal", "verify: false") } },
    (c) => [
      [c.tls.verify, c.sources["insecure"]],
      [false, "/work/clouds.yaml clouds.one.verify"],
    ],
  ],
  [
    "endpoint overrides of all sources are put together, the first wins",
    {
      stack: { cloud: "one", endpointOverrides: '{"compute": "http://stack"}' },
      env: { OS_BAREMETAL_ENDPOINT_OVERRIDE: "http://env", OS_COMPUTE_ENDPOINT_OVERRIDE: "http://env" },
      files: {
        "/work/clouds.yaml": FILE.replace("interface: internal", "block_storage_endpoint_override: http://file"),
      },
    },
    (c) => [c.endpointOverrides, { compute: "http://stack", baremetal: "http://env", "block-storage": "http://file" }],
  ],
  [
    "maxRetries and allowReauth",
    { env: CREDENTIALS, stack: { maxRetries: "3", allowReauth: "false" } },
    (c) => [
      [c.maxRetries, c.allowReauth],
      [3, false],
    ],
  ],
];

for (const [name, sources, check] of rows) {
  t.test(name, async (t) => {
    const [found, wanted] = check(resolve(sources));
    t.strictSame(found, wanted);
  });
}

const failures: [name: string, sources: Sources, ...patterns: RegExp[]][] = [
  [
    "nothing at all",
    {},
    /stack configuration \(openstack:\): has nothing; lacks auth URL, user, secret, project/,
    /environment \(OS_\*\): has nothing/,
    /clouds\.yaml: .*not found \(looked in \/work, \/home\/me\/\.config\/openstack, \/etc\/openstack\)/,
    /no-credentials/,
  ],
  [
    "a user without a password",
    { env: { OS_AUTH_URL: "http://x", OS_USERNAME: "u", OS_PROJECT_NAME: "p" } },
    /a password missing/,
    /has OS_AUTH_URL, OS_USERNAME, OS_PROJECT_NAME; lacks secret/,
  ],
  [
    "a password without a project",
    { env: { OS_AUTH_URL: "http://x", OS_USERNAME: "u", OS_PASSWORD: "hush-hush" } },
    /a project name or id missing/,
  ],
  [
    "half an application credential",
    { env: { OS_AUTH_URL: "http://x", OS_APPLICATION_CREDENTIAL_ID: "i" } },
    /the application credential's secret missing/,
  ],
  [
    "a cloud that is not in the file",
    { env: { OS_CLOUD: "none" }, files: { "/work/clouds.yaml": FILE } },
    /has no cloud "none" \(it has one\)/,
  ],
  [
    "a cloud that is not in the file although the rest would do",
    { env: { ...CREDENTIALS, OS_CLOUD: "none" }, files: { "/work/clouds.yaml": FILE } },
    /has no cloud "none"/,
  ],
  [
    "several clouds and none named",
    { files: { "/work/clouds.yaml": "clouds: {a: {}, b: {}}" } },
    /has a, b and none is named by openstack:cloud or OS_CLOUD/,
  ],
  [
    "YAML that is none; its text is not quoted",
    { env: { OS_CLOUD: "one" }, files: { "/work/clouds.yaml": 'clouds:\n  one:\n    auth: {password: "hush-hush' } },
    /is not valid YAML \(\w+ in line \d+\)/,
  ],
  [
    "an address that is none",
    { env: { ...CREDENTIALS, OS_AUTH_URL: "keystone:5000" } },
    /OS_AUTH_URL is not an http\(s\) address/,
  ],
  [
    "a certificate that is not there",
    { env: { ...CREDENTIALS, OS_CACERT: "/nowhere.pem" } },
    /\/nowhere\.pem \(from OS_CACERT\) does not exist/,
  ],
  [
    "a kind of login that is unknown",
    { env: { ...CREDENTIALS, OS_AUTH_TYPE: "v3oidcpassword" } },
    /OS_AUTH_TYPE is "v3oidcpassword"/,
  ],
  [
    "an interface that is unknown",
    { env: { ...CREDENTIALS, OS_INTERFACE: "inside" } },
    /OS_INTERFACE must be public, internal or admin/,
  ],
  [
    "a profile that is nowhere",
    { env: { OS_CLOUD: "p" }, files: { "/work/clouds.yaml": "clouds: {p: {profile: v}}" } },
    /profile "v" is in no clouds-public\.yaml/,
  ],
  [
    "a stack that names one cloud and a shell that points to another",
    { stack: { cloud: "one" }, env: CREDENTIALS, files: { "/work/clouds.yaml": FILE } },
    /openstack:cloud names "one", but OS_AUTH_URL points elsewhere/,
  ],
  [
    "overrides that are no map",
    { env: CREDENTIALS, stack: { endpointOverrides: "{", cloud: "x" } },
    /endpointOverrides is not a JSON map/,
  ],
];

for (const [name, sources, ...patterns] of failures) {
  t.test(`refused: ${name}`, async (t) => {
    try {
      resolve(sources);
      t.fail("was accepted");
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      for (const pattern of patterns) t.match(error.message, pattern);
      t.notMatch(error.message, /hush-hush|env-password|file-password/, "no secret is in the message");
    }
  });
}

t.test("a configuration never prints its secrets", async (t) => {
  const config = resolve({ env: CREDENTIALS });
  t.notMatch(JSON.stringify(config), /env-password/);
  t.notMatch(`${config.credential.kind === "password" && config.credential.password}`, /env-password/);
});
