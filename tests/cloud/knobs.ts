/** The knobs of the sandbox, where the tests run on one ($SANDBOX_URL). */

/** Turns a knob of the sandbox. False on the real cloud, which has none: do it there in another way. */
export async function turnKnob(method: "PUT" | "POST" | "DELETE", path: string, body?: unknown): Promise<boolean> {
  const sandbox = process.env["SANDBOX_URL"];
  if (!sandbox) return false;
  const reply = await fetch(`${sandbox}/sandbox/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!reply.ok) throw new Error(`${method} /sandbox/${path} -> ${reply.status} ${await reply.text()}`);
  return true;
}
