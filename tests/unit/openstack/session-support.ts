export { Failure } from "../../../provider/core/failure.ts";
export { ApiError, type CloudConfig, type ServiceType, Session } from "../../../provider/openstack/index.ts";
