import t from "tap";
import { ApiError } from "../../../provider/openstack/api-error.ts";
import type { Cloud } from "../../../provider/openstack/cloud.ts";
import { lastFailure } from "../../../provider/openstack/ironic/history.ts";

const refusal = (status: number) =>
  new ApiError({
    status,
    service: "baremetal",
    method: "GET",
    url: "http://ironic/v1/nodes/n/history",
    serviceMessage: "no",
  });

/** A cloud whose Ironic answers this to a request for a node's history. */
const cloudWith = (answer: unknown, supported = true) =>
  ({
    service: () => ({
      supports: async () => supported,
      negotiate: async () => "1.78",
      async get(_path: string, { query }: { query: object }) {
        if (answer instanceof Error) throw answer;
        // Ironic of 2023.1 answers 400 to any other argument.
        t.strictSame(Object.keys(query), ["detail"]);
        return { history: answer };
      },
    }),
  }) as unknown as Cloud;

const at = (second: number) => ({ created_at: `2026-11-20T10:00:${second}.000000+00:00` });
const started = { ...at(20), severity: "INFO", event_type: "deployment_start", event: "Starting deployment" };
const ended = {
  ...at(40),
  severity: "ERROR",
  event_type: "deployment_end",
  event: "Deployment aborted at step 'deploy'",
};
const reason = {
  ...at(30),
  severity: "ERROR",
  event_type: "deploying",
  event: "Deploy step deploy.deploy failed: disk not found",
};
const older = { ...reason, ...at(10), event: "an older failure" };

const CASES: readonly (readonly [string, Cloud, string | undefined])[] = [
  ["the newest failure", cloudWith([older, started, reason, ended]), reason.event],
  ["in whatever order they come", cloudWith([ended, reason, older, started]), reason.event],
  ["not the end of a job, which gives no reason", cloudWith([ended, reason, started]), reason.event],
  ["nothing has failed", cloudWith([started]), undefined],
  ["a lessee may not read it", cloudWith(refusal(403)), undefined],
  ["a node that is gone", cloudWith(refusal(404)), undefined],
  ["an Ironic without histories", cloudWith([reason], false), undefined],
];

for (const [what, cloud, expected] of CASES)
  t.test(`why a node failed: ${what}`, async (t) => {
    t.equal(await lastFailure(cloud, "n"), expected);
  });

t.test("a service that fails is not taken for silence", async (t) => {
  await t.rejects(lastFailure(cloudWith(refusal(500)), "n"), refusal(500));
});
