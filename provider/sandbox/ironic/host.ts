/** Name of the conductor, as locks and nodes show it. */
export const HOST = "localhost:28089";

/** Name of its process, as knobs know it. */
export const DAEMON = "ironic-conductor";
