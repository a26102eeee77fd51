import { type CloudConfig, resolveCloudConfig } from "../../../provider/openstack/index.ts";

export { Failure } from "../../../provider/core/failure.ts";
export type { CloudConfig } from "../../../provider/openstack/index.ts";

/** Sources as plain values; files by their whole path. */
export interface Sources {
  stack?: Record<string, unknown>;
  env?: Record<string, string>;
  files?: Record<string, string>;
}

export function resolve({ stack = {}, env = {}, files = {} }: Sources): CloudConfig {
  return resolveCloudConfig({
    stack: (key) => stack[key.replace("openstack:", "")],
    env,
    readFile: (file) => files[file],
    directory: "/work",
    home: "/home/me",
  });
}
