export {
  ApiError,
  type ApiErrorFacts,
  ConnectionError,
  hasUnknownOutcome,
  isStatus,
  SERVICE_NAMES,
} from "./api-error.ts";
export type { Cloud, Collection, CollectionSource } from "./cloud.ts";
export type { CloudConfig, Credential, EndpointInterface, Scope, TlsConfig } from "./config.ts";
export type { FetchFunction, PhaseTimeouts } from "./http.ts";
export { compareVersions, type Feature, REQUIREMENTS, type Requirement, requirement } from "./microversions.ts";
export { type FreshOptions, type LookupOptions, Poller, type Snapshot, type Watch } from "./poller.ts";
export { REDACTED, redactBody, redactText, redactUrl, Secret } from "./redact.ts";
export { type ConfigSources, type FileReader, resolveCloudConfig, systemSources } from "./resolve.ts";
export { decideRetry, RETRY_LIMITS, type RetryDecision, type RetryInput, type RetryLimits } from "./retry.ts";
export { OpenStackService } from "./service.ts";
export { Session, type SessionOptions } from "./session.ts";
export type { Answer, Principal, Query, RequestOptions, Service, ServiceType } from "./types.ts";
