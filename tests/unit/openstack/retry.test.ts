import t from "tap";
import {
  bodyKind,
  decideRetry,
  leavesDoubt,
  parseRetryAfter,
  type RetryInput,
} from "../../../provider/openstack/retry.ts";

type Wanted = number | "stop" | "unknown";
const base = { attempt: 1, elapsedMs: 0, random: 1 };
const table: [what: string, input: Partial<RetryInput> & { method: string }, wanted: Wanted][] = [
  ["GET refused connection", { method: "GET", errorCode: "ECONNREFUSED", reach: "not-sent" }, 500],
  ["POST refused connection: it was never sent", { method: "POST", errorCode: "ECONNREFUSED", reach: "not-sent" }, 500],
  ["POST no TLS in time: it was never sent", { method: "POST", errorCode: "CONNECT_TIMEOUT", reach: "not-sent" }, 500],
  ["GET cut", { method: "GET", errorCode: "ECONNRESET", reach: "maybe-sent" }, 500],
  ["GET cut in the body", { method: "GET", errorCode: "ERR_STREAM_PREMATURE_CLOSE", reach: "maybe-sent" }, 500],
  ["PUT cut", { method: "PUT", errorCode: "ECONNRESET", reach: "maybe-sent" }, 500],
  ["DELETE without an answer", { method: "DELETE", errorCode: "FIRST_BYTE_TIMEOUT", reach: "maybe-sent" }, 500],
  ["POST cut", { method: "POST", errorCode: "ECONNRESET", reach: "maybe-sent" }, "unknown"],
  ["POST without an answer", { method: "POST", errorCode: "FIRST_BYTE_TIMEOUT", reach: "maybe-sent" }, "unknown"],
  ["PATCH cut", { method: "PATCH", errorCode: "ECONNRESET", reach: "maybe-sent" }, "unknown"],
  ["repeatable POST cut", { method: "POST", repeatable: true, errorCode: "ECONNRESET", reach: "maybe-sent" }, 500],
  [
    "GET with a certificate error",
    { method: "GET", errorCode: "DEPTH_ZERO_SELF_SIGNED_CERT", reach: "not-sent" },
    "stop",
  ],
  ["POST with a certificate error", { method: "POST", errorCode: "CERT_HAS_EXPIRED", reach: "not-sent" }, "stop"],
  ["GET, sixth failure", { method: "GET", errorCode: "ECONNRESET", reach: "maybe-sent", attempt: 6 }, "stop"],
  ["GET, fifth failure", { method: "GET", errorCode: "ECONNRESET", reach: "maybe-sent", attempt: 5 }, 8000],
  [
    "GET, unknown host, third failure",
    { method: "GET", errorCode: "ENOTFOUND", reach: "not-sent", attempt: 3 },
    "stop",
  ],
  ["GET with maxRetries 0", { method: "GET", errorCode: "ECONNREFUSED", limits: { connectionRetries: 0 } }, "stop"],
  ["GET 502", { method: "GET", status: 502 }, 500],
  ["GET 504", { method: "GET", status: 504 }, 500],
  ["POST 502", { method: "POST", status: 502 }, "unknown"],
  ["POST 504", { method: "POST", status: 504 }, "unknown"],
  ["repeatable POST 504", { method: "POST", repeatable: true, status: 504 }, 500],
  ["GET 500 once", { method: "GET", status: 500 }, 500],
  ["GET 500 for the third time", { method: "GET", status: 500, attempt: 3 }, "stop"],
  ["DELETE 500", { method: "DELETE", status: 500 }, "stop"],
  ["POST 500", { method: "POST", status: 500 }, "stop"],
  ["GET 503", { method: "GET", status: 503 }, 500],
  ["POST 503 that says nothing", { method: "POST", status: 503 }, "unknown"],
  ["POST 503 with Retry-After", { method: "POST", status: 503, retryAfterMs: 5000 }, 6000],
  ["POST 503 no free worker", { method: "POST", status: 503, bodyKind: "no-free-worker" }, 2000],
  ["POST 500 no conductor", { method: "POST", status: 500, bodyKind: "not-accepted" }, 2000],
  ["POST 503 not accepted", { method: "POST", status: 503, bodyKind: "not-accepted" }, 2000],
  ["POST 503 that Neutron itself says", { method: "POST", status: 503, bodyKind: "refused" }, "stop"],
  ["GET 503 that Neutron itself says", { method: "GET", status: 503, bodyKind: "refused" }, 500],
  ["PUT 409 after a lost answer: done, or not", { method: "PUT", status: 409, doubtful: true }, "unknown"],
  [
    "PUT 409 locked after a lost answer: perhaps by ourselves",
    { method: "PUT", status: 409, bodyKind: "node-locked", doubtful: true },
    "unknown",
  ],
  ["DELETE 404 after a lost answer", { method: "DELETE", status: 404, doubtful: true }, "unknown"],
  ["DELETE 400 after a lost answer", { method: "DELETE", status: 400, doubtful: true }, "unknown"],
  ["PUT 403 after a lost answer", { method: "PUT", status: 403, doubtful: true }, "stop"],
  ["PUT 503 after a lost answer", { method: "PUT", status: 503, doubtful: true }, 500],
  ["POST 429 with Retry-After", { method: "POST", status: 429, retryAfterMs: 30_000 }, 31_000],
  ["POST 429 without", { method: "POST", status: 429 }, 2000],
  ["GET 429 for longer than we wait", { method: "GET", status: 429, retryAfterMs: 600_000 }, "stop"],
  ["PATCH 409 node locked", { method: "PATCH", status: 409, bodyKind: "node-locked" }, 2000],
  [
    "PATCH 409 node locked, later",
    { method: "PATCH", status: 409, bodyKind: "node-locked", attempt: 9, elapsedMs: 120_000 },
    20_000,
  ],
  [
    "PATCH 409 node locked, too late",
    { method: "PATCH", status: 409, bodyKind: "node-locked", attempt: 9, elapsedMs: 170_000 },
    "stop",
  ],
  ["POST 409 immutable", { method: "POST", status: 409, bodyKind: "immutable" }, 2000],
  ["POST 409 of another kind", { method: "POST", status: 409, bodyKind: "other" }, "stop"],
  ["GET 404", { method: "GET", status: 404 }, "stop"],
  ["GET 401", { method: "GET", status: 401 }, "stop"],
  ["POST 413", { method: "POST", status: 413, retryAfterMs: 0 }, "stop"],
  ["once only", { method: "GET", status: 503, limits: { totalMs: 0 } }, "stop"],
];

t.test("what is sent again, and when", async (t) => {
  for (const [what, input, wanted] of table) {
    const decision = decideRetry({ ...base, ...input });
    const found = decision.retry ? decision.afterMs : decision.unknownOutcome ? "unknown" : "stop";
    t.equal(found, wanted, `${what}: ${decision.why}`);
  }
});

t.test("jitter spreads a wait over its upper half", async (t) => {
  const least = decideRetry({ ...base, method: "GET", status: 503, random: 0 });
  t.match(least, { retry: true, afterMs: 250 });
});

t.test("a Retry-After is never undercut, whatever the jitter", async (t) => {
  for (const random of [0, 0.5, 1]) {
    const decision = decideRetry({ ...base, method: "GET", status: 429, retryAfterMs: 7000, random });
    t.ok(decision.retry && decision.afterMs >= 7000);
  }
});

t.test("what an answer's text means", async (t) => {
  const rows: [string, number, string, ReturnType<typeof bodyKind>][] = [
    [
      "baremetal",
      409,
      "Node 1 is locked by host conductor-1, please retry after the current operation is completed.",
      "node-locked",
    ],
    ["baremetal", 409, "Node 1 can not be updated while a state transition is in progress.", "node-locked"],
    ["baremetal", 409, "Node 1 is associated with instance 2.", "other"],
    ["baremetal", 409, "An allocation with name x already exists.", "other"],
    ["compute", 409, "is locked by host", "other"],
    ["load-balancer", 409, "Load Balancer 1 is immutable and cannot be updated.", "immutable"],
    ["network", 409, "immutable", "other"],
    ["baremetal", 503, "Requested action cannot be performed due to lack of free conductor workers.", "no-free-worker"],
    [
      "baremetal",
      503,
      "Unable to process request at this time. The concurrent action limit for deploy has been reached.",
      "no-free-worker",
    ],
    ["baremetal", 503, "Resource temporarily unavailable, please retry.", "not-accepted"],
    [
      "baremetal",
      500,
      "Unable to establish connection to http://localhost:8089: Max retries exceeded (Caused by NewConnectionError: Failed to establish a new connection: [Errno 111] Connection refused)",
      "not-accepted",
    ],
    ["network", 503, "The Keystone service is temporarily unavailable.", "not-accepted"],
    ["compute", 503, "Service Unavailable", "other"],
    [
      "network",
      503,
      JSON.stringify({ NeutronError: { type: "NoNetworkAvailable", message: "Unable to create the network." } }),
      "refused",
    ],
    ["network", 503, "<html><body><h1>503 Service Unavailable</h1></body></html>", "other"],
  ];
  for (const [service, status, text, wanted] of rows) t.equal(bodyKind(service, status, text), wanted, text);
});

t.test("which failed sendings may have been done all the same", async (t) => {
  const rows: [Parameters<typeof leavesDoubt>[0], boolean][] = [
    [{ method: "PUT", reach: "maybe-sent" }, true],
    [{ method: "PUT", reach: "not-sent" }, false],
    [{ method: "DELETE", status: 504 }, true],
    [{ method: "DELETE", status: 502 }, true],
    [{ method: "DELETE", status: 503, bodyKind: "other" }, true],
    [{ method: "DELETE", status: 503, bodyKind: "not-accepted" }, false],
    [{ method: "PUT", status: 409, bodyKind: "node-locked" }, false],
    [{ method: "GET", status: 504 }, false],
    [{ method: "GET", reach: "maybe-sent" }, false],
  ];
  for (const [sending, wanted] of rows) t.equal(leavesDoubt(sending), wanted, JSON.stringify(sending));
});

t.test("Retry-After in seconds and as a date", async (t) => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  t.equal(parseRetryAfter("12", now), 12_000);
  t.equal(parseRetryAfter("Thu, 01 Jan 2026 00:00:30 GMT", now), 30_000);
  t.equal(parseRetryAfter("Wed, 31 Dec 2025 00:00:00 GMT", now), 0);
  t.equal(parseRetryAfter("soon", now), undefined);
  t.equal(parseRetryAfter(null, now), undefined);
});
