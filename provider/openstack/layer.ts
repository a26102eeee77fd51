/** The values a cloud's configuration is made of, by one name each whatever a source calls them. */
export const VALUE_NAMES = [
  "cloud",
  "authUrl",
  "authType",
  "userId",
  "userName",
  "userDomainId",
  "userDomainName",
  "password",
  "token",
  "applicationCredentialId",
  "applicationCredentialName",
  "applicationCredentialSecret",
  "projectId",
  "projectName",
  "projectDomainId",
  "projectDomainName",
  "domainId",
  "domainName",
  "defaultDomain",
  "systemScope",
  "region",
  "interface",
  "cacert",
  "cert",
  "key",
  "insecure",
  "maxRetries",
  "allowReauth",
] as const;

/** One of {@link VALUE_NAMES}. */
export type ValueName = (typeof VALUE_NAMES)[number];

/** A value and where it was found; the place never holds the value. */
export interface Sourced {
  value: string;
  source: string;
}

/** What one source of configuration gives. */
export interface Layer {
  /** How messages call the source. */
  label: string;
  values: Partial<Record<ValueName, Sourced>>;
  endpointOverrides: Record<string, Sourced>;
  /** Why the source gives less than it could: a file that is not there, a value that is no address. */
  problems: string[];
}

/** A layer without values. */
export function emptyLayer(label: string): Layer {
  return { label, values: {}, endpointOverrides: {}, problems: [] };
}

/** Text of a configuration value; nothing for what is absent or empty. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** `true`, `1`, `yes`, `on`, `all` (of OS_SYSTEM_SCOPE) mean true. */
export function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(true|1|yes|on|all|t|y)$/i.test(text.trim());
}
