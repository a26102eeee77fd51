import { emptyLayer, type Layer, type ValueName } from "./layer.ts";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that give each value, the first that is set counts; as terraform-provider-openstack reads them. */
export const VARIABLES: Partial<Record<ValueName, readonly string[]>> = {
  cloud: ["OS_CLOUD"],
  authUrl: ["OS_AUTH_URL"],
  authType: ["OS_AUTH_TYPE"],
  userId: ["OS_USER_ID"],
  userName: ["OS_USERNAME"],
  userDomainId: ["OS_USER_DOMAIN_ID"],
  userDomainName: ["OS_USER_DOMAIN_NAME"],
  password: ["OS_PASSWORD"],
  token: ["OS_TOKEN", "OS_AUTH_TOKEN"],
  applicationCredentialId: ["OS_APPLICATION_CREDENTIAL_ID"],
  applicationCredentialName: ["OS_APPLICATION_CREDENTIAL_NAME"],
  applicationCredentialSecret: ["OS_APPLICATION_CREDENTIAL_SECRET"],
  projectId: ["OS_TENANT_ID", "OS_PROJECT_ID"],
  projectName: ["OS_TENANT_NAME", "OS_PROJECT_NAME"],
  projectDomainId: ["OS_PROJECT_DOMAIN_ID"],
  projectDomainName: ["OS_PROJECT_DOMAIN_NAME"],
  domainId: ["OS_DOMAIN_ID"],
  domainName: ["OS_DOMAIN_NAME"],
  defaultDomain: ["OS_DEFAULT_DOMAIN"],
  systemScope: ["OS_SYSTEM_SCOPE"],
  region: ["OS_REGION_NAME"],
  interface: ["OS_ENDPOINT_TYPE", "OS_INTERFACE"],
  cacert: ["OS_CACERT"],
  cert: ["OS_CERT"],
  key: ["OS_KEY"],
  insecure: ["OS_INSECURE"],
  allowReauth: ["OS_ALLOW_REAUTH"],
};

/** What OS_* variables give; also `OS_BAREMETAL_ENDPOINT_OVERRIDE` and the like. A variable set to nothing is not set. */
export function readEnvironment(env: Environment): Layer {
  const layer = emptyLayer("environment (OS_*)");
  for (const [name, variables] of Object.entries(VARIABLES) as [ValueName, readonly string[]][]) {
    const variable = variables.find((one) => env[one]);
    if (variable) layer.values[name] = { value: env[variable]!, source: variable };
  }
  for (const [variable, value] of Object.entries(env)) {
    const type = /^OS_(.+)_ENDPOINT_OVERRIDE$/.exec(variable)?.[1];
    if (type && value) layer.endpointOverrides[type.toLowerCase().replaceAll("_", "-")] = { value, source: variable };
  }
  return layer;
}
