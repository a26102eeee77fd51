/** What the provider asked of the embedded cloud, out of the cloud's journal. */
import type { Entry } from "../../provider/sandbox/index.ts";

const url = () => `${process.env["SANDBOX_URL"]}/sandbox/journal`;

/** The provider's requests that change something and were not refused: `PUT ironic/v1/nodes/ID/states/power {"target":"power off"}`. */
export async function writes(): Promise<string[]> {
  const { entries } = (await (await fetch(url())).json()) as { entries: Entry[] };
  return entries
    .filter(({ agent, method, status }) => agent === "pulumi-baremetal" && method !== "GET" && status < 400)
    .map(({ method, service, path, body }) => `${method} ${service}${path}${body ? ` ${JSON.stringify(body)}` : ""}`);
}

/** Those of them that take a machine, or what is on its disks, away; one that is asked twice counts once. */
export const wipesIn = (requests: readonly string[]): string[] => [
  ...new Set(
    requests.filter((line) =>
      /^DELETE nova\/v2\.1\/servers\/[^/ ]+$|^DELETE cinder\S+\/volumes\/[^/ ]+$|"rebuild"|\/states\/provision .*"deleted"/.test(
        line,
      ),
    ),
  ),
];

/** Empties the journal. */
export async function forget(): Promise<void> {
  await fetch(url(), { method: "DELETE" });
}
