/** What tests need of the cloud besides the provider: log in, look, prove that nothing is left, clean up. */
export * from "./client.ts";
export { describeLeftovers, type Leftover, leftovers } from "./leftovers.ts";
export { getNode, NODES, nodesOf, type Patch, patchNode, provision, type SeedNode, waitProvision } from "./nodes.ts";
export { clearFileFaults, clearNodeFaults, makeAvailable, resetTenant } from "./reset.ts";
