export * from "./flavors.ts";
export * from "./servers.ts";
