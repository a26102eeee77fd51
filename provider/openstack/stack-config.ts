import { emptyLayer, type Layer, textOf, type ValueName } from "./layer.ts";

/** Reads a value of the stack's configuration by its full key: `openstack:authUrl`. */
export type StackConfig = (key: string) => unknown;

/** The keys as @pulumi/openstack names them. */
export const STACK_KEYS: Partial<Record<ValueName, string>> = {
  cloud: "cloud",
  authUrl: "authUrl",
  userId: "userId",
  userName: "userName",
  userDomainId: "userDomainId",
  userDomainName: "userDomainName",
  password: "password",
  token: "token",
  applicationCredentialId: "applicationCredentialId",
  applicationCredentialName: "applicationCredentialName",
  applicationCredentialSecret: "applicationCredentialSecret",
  projectId: "tenantId",
  projectName: "tenantName",
  projectDomainId: "projectDomainId",
  projectDomainName: "projectDomainName",
  domainId: "domainId",
  domainName: "domainName",
  defaultDomain: "defaultDomain",
  systemScope: "systemScope",
  region: "region",
  interface: "endpointType",
  cacert: "cacertFile",
  cert: "cert",
  key: "key",
  insecure: "insecure",
  maxRetries: "maxRetries",
  allowReauth: "allowReauth",
};

/** What the stack's configuration gives. `endpointOverrides` may be a map or its JSON text. */
export function readStackConfig(get: StackConfig): Layer {
  const layer = emptyLayer("stack configuration (openstack:)");
  for (const [name, key] of Object.entries(STACK_KEYS) as [ValueName, string][]) {
    const value = textOf(get(`openstack:${key}`));
    if (value !== undefined) layer.values[name] = { value, source: `openstack:${key}` };
  }
  let overrides = get("openstack:endpointOverrides");
  if (typeof overrides === "string" && overrides) {
    try {
      overrides = JSON.parse(overrides);
    } catch {
      layer.problems.push("openstack:endpointOverrides is not a JSON map");
    }
  }
  if (typeof overrides === "object" && overrides !== null) {
    for (const [type, value] of Object.entries(overrides)) {
      const text = textOf(value);
      if (text) layer.endpointOverrides[type] = { value: text, source: `openstack:endpointOverrides.${type}` };
    }
  }
  return layer;
}
