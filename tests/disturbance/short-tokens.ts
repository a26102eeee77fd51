/**
 * Import it before anything else: a sandbox that this test process starts has tokens that live for two minutes. A real cloud has them
 * when it was started with OSCLOUD_TOKEN_LIFE=120.
 */

/** Seconds that a token lives here. */
export const TOKEN_LIFE = 120;

process.env["SANDBOX_TOKEN_LIFE"] = String(TOKEN_LIFE);
