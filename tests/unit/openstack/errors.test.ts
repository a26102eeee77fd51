import { inspect } from "node:util";
import t from "tap";
import { Failure } from "../../../provider/core/failure.ts";
import { ApiError, type ApiErrorFacts } from "../../../provider/openstack/api-error.ts";
import { redactBody, redactText, redactUrl, secretsIn } from "../../../provider/openstack/redact.ts";
import { serviceErrorType, serviceMessage } from "../../../provider/openstack/service-message.ts";

t.test("the service's own words come out of every form of body", async (t) => {
  const rows: [what: string, body: string, wanted: string][] = [
    ["nova", '{"badRequest": {"code": 400, "message": "Invalid image."}}', "Invalid image."],
    [
      "neutron",
      '{"NeutronError": {"type": "OverQuota", "message": "Quota exceeded", "detail": "ports"}}',
      "Quota exceeded (ports)",
    ],
    ["neutron without detail", '{"NeutronError": {"type": "X", "message": "No", "detail": ""}}', "No"],
    ["neutron as text", '{"NeutronError": "The request failed"}', "The request failed"],
    ["keystone", '{"error": {"code": 401, "message": "Log in.", "title": "Unauthorized"}}', "Log in."],
    [
      "ironic, a JSON text",
      '{"error_message": "{\\"faultcode\\": \\"Client\\", \\"faultstring\\": \\"Node 1 is locked\\", \\"debuginfo\\": null}"}',
      "Node 1 is locked",
    ],
    ["ironic, an object", '{"error_message": {"faultstring": "Node 1 not found"}}', "Node 1 not found"],
    ["ironic, its root", '{"error_message": "plain words"}', "plain words"],
    [
      "octavia",
      '{"faultcode": "Client", "faultstring": "Load Balancer 1 is immutable", "debuginfo": null}',
      "Load Balancer 1 is immutable",
    ],
    [
      "placement",
      '{"errors": [{"status": 404, "title": "Not Found", "detail": "No provider\\n\\n  "}]}',
      "No provider",
    ],
    [
      "glance",
      "<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n  No image found with ID 1<br /><br />\n </body>\n</html>",
      "404 Not Found 404 Not Found No image found with ID 1",
    ],
    [
      "a proxy",
      "<!DOCTYPE html><html><head><style>p{}</style></head><body><h1>502 Bad&nbsp;Gateway</h1></body></html>",
      "502 Bad Gateway",
    ],
    ["plain text", "  upstream request timeout ", "upstream request timeout"],
    ["broken JSON", '{"error": ', '{"error":'],
    ["nothing", "", ""],
    ["an empty object", "{}", "{}"],
  ];
  for (const [what, body, wanted] of rows) t.equal(serviceMessage(body), wanted, what);
  t.equal(serviceMessage("x".repeat(5000)).length, 601, "a page of text is cut");
});

t.test("the type of an error", async (t) => {
  t.equal(serviceErrorType('{"NeutronError": {"type": "OverQuota"}}'), "OverQuota");
  t.equal(serviceErrorType('{"overLimit": {"code": 413}}'), "overLimit");
  t.equal(serviceErrorType("<html>"), undefined);
});

const facts: ApiErrorFacts = {
  status: 400,
  service: "compute",
  method: "POST",
  url: "http://nova/v2.1/servers",
  serviceMessage: "No.",
};
const principal = {
  authUrl: "",
  region: undefined,
  userId: "u",
  userName: "ann",
  projectId: "p",
  projectName: "shop",
  roles: ["reader"],
};

t.test("each status says whose move it is", async (t) => {
  const rows: [Partial<ApiErrorFacts>, code: string, mover: string, pattern: RegExp][] = [
    [{ status: 401 }, "token-refused", "you", /fresh credentials/],
    [{ status: 401, service: "identity" }, "credentials-refused", "you", /check user, password/],
    [
      { status: 403, principal },
      "not-allowed",
      "you",
      /user ann\) has the roles in project shop: reader[\s\S]*writing needs the role member/,
    ],
    [
      { status: 403, method: "GET", principal: { ...principal, roles: [] } },
      "not-allowed",
      "you",
      /roles in project shop: none[\s\S]*reading needs the role reader/,
    ],
    [
      { status: 403, principal: { ...principal, roles: ["member"] } },
      "not-allowed",
      "you",
      /for the cloud's operators \(admin\)/,
    ],
    [
      { status: 403, service: "baremetal", method: "PUT" },
      "not-allowed",
      "you",
      /member in the project that owns the node, or manager in the one that leases it/,
    ],
    [{ status: 403, serviceMessage: "Quota exceeded for ram" }, "quota", "you", /larger Nova quota/],
    [{ status: 413, service: "block-storage" }, "quota", "you", /larger Cinder quota/],
    [{ status: 409, service: "network", errorType: "OverQuota" }, "quota", "you", /larger Neutron quota/],
    [{ status: 404, service: "baremetal" }, "not-found", "you", /Ironic also answers 404/],
    [{ status: 404 }, "not-found", "you", /project and region/],
    [{ status: 409 }, "service-refused", "you", /present state/],
    [{ status: 409, service: "baremetal", bodyKind: "node-locked" }, "busy", "you", /nothing is wrong/],
    [{ status: 429 }, "busy", "you", /in a few minutes/],
    [{ status: 503, service: "baremetal", bodyKind: "no-free-worker" }, "busy", "you", /in a few minutes/],
    [
      { status: 409, serviceMessage: "Cannot 'reboot' instance 1 while it is in task_state rebooting" },
      "busy",
      "you",
      /in a few minutes/,
    ],
    [{ status: 409, service: "network", errorType: "NetworkInUse" }, "in-use", "you", /free what is named/],
    [{ status: 409, service: "network", errorType: "IpAddressAlreadyAllocated" }, "in-use", "you", /free what/],
    [
      { status: 409, service: "network", errorType: "IpAddressGenerationFailure" },
      "no-addresses",
      "you",
      /larger block/,
    ],
    [{ status: 503, service: "network", errorType: "NoNetworkAvailable" }, "no-segments", "operator", /more segments/],
    [
      { status: 503, serviceMessage: "The Keystone service is temporarily unavailable." },
      "identity-unavailable",
      "operator",
      /Keystone answers/,
    ],
    [{ status: 500, service: "identity" }, "identity-unavailable", "operator", /Keystone answers/],
    [
      { status: 500, service: "baremetal", serviceMessage: "Unable to establish connection to http://c:8089" },
      "conductor-gone",
      "operator",
      /brought the conductor back/,
    ],
    [
      { status: 500, service: "baremetal", serviceMessage: "Could not add VIF. Binding failed for neutron port 1" },
      "network-failed",
      "operator",
      /port or network/,
    ],
    [
      { status: 503, service: "baremetal", serviceMessage: "Resource temporarily unavailable, please retry." },
      "conductor-gone",
      "operator",
      /conductor back/,
    ],
    [
      { status: 400, service: "baremetal", serviceMessage: "No valid host. Reason: No conductor service registered" },
      "conductor-gone",
      "operator",
      /conductor back/,
    ],
    [{ status: 406 }, "version-too-old", "operator", /upgraded/],
    [{ status: 400 }, "service-refused", "you", /correct/],
    [{ status: 500, requestId: "req-1" }, "service-broken", "operator", /give request req-1/],
    [{ status: 503 }, "service-broken", "operator", /operator/],
    [{ status: 504, unknownOutcome: true }, "answer-lost", "you", /nobody knows whether it took effect/],
  ];
  for (const [more, code, mover, pattern] of rows) {
    const error = new ApiError({ ...facts, ...more });
    const what = `${more.status} ${more.service ?? ""} ${more.serviceMessage ?? ""}`;
    t.equal(error.code, code, what);
    t.equal(error.details.mover, mover, what);
    t.match(error.message, pattern, what);
  }
});

t.test("an ApiError stays one when more is said with it", async (t) => {
  const error = new ApiError({ ...facts, unknownOutcome: true, request: { body: 1 } }).with({ resource: "Server db" });
  t.ok(error instanceof ApiError && error instanceof Failure);
  t.ok(error.is(400, 404));
  t.notOk(error.is(404));
  t.equal(error.unknownOutcome, true);
  t.match(error.message, /^Server db: Nova/);
  t.strictSame(error.request, { body: 1 });
  t.notOk(Object.keys(error).includes("request"), "the request is not printed with the error");
});

const TOKEN = "gAAAAABrAtyyplw6ANxQQDXxDj04IGvnhOJiL0X-23I94yQfILNrS0OEWN2JhRhOo2aZP6BzCmm6Yu6BL";

t.test("secrets are masked in addresses, bodies and texts", async (t) => {
  t.equal(redactUrl("https://me:pw@host/x?token=abc&name=n"), "https://host/x?token=[secret]&name=n");
  t.notMatch(redactUrl("http://h/vnc_auto.html?path=websockify%3Ftoken%3Dabc123"), /abc123/);
  t.equal(redactUrl("http://h/v1/nodes?marker=1"), "http://h/v1/nodes?marker=1");
  const body = {
    server: { name: "db", adminPass: "hush", user_data: "aGk=", key_name: "k", config_drive: true },
    configdrive: { user_data: "hush", meta_data: { a: 1 } },
    rescue_password: "hush",
    driver_info: { ipmi_username: "root", ipmi_password: "hush", redfish_password: "hush" },
    connection_info: { auth_password: "hush", auth_username: "hush", target: "iqn" },
    console_info: { url: "ws://h/?token=hush" },
    psk: "hush",
    target: "rescue",
  };
  const masked = JSON.stringify(redactBody(body));
  t.notMatch(masked, /hush|aGk=/);
  t.match(redactBody(body), { server: { name: "db", key_name: "k", config_drive: true }, target: "rescue" });
  t.notMatch(redactText(`X-Auth-Token: ${TOKEN} and ${TOKEN}`), /gAAAA/);
  t.equal(redactText('{"password": "a\\"b c", "name": "n"}'), '{"password": [secret], "name": "n"}');
  t.equal(redactText("http://u:p@h/x"), "http://h/x");
});

t.test("what a request kept secret is masked where the service quotes it", async (t) => {
  const known = secretsIn({ server: { user_data: "I2Nsb3VkLWNvbmZpZw==", name: "db" } });
  t.strictSame(known, ["I2Nsb3VkLWNvbmZpZw=="]);
  t.equal(
    redactText("Invalid input for field user_data. Value: I2Nsb3VkLWNvbmZpZw==. Too long", known),
    "Invalid input for field user_data. Value: [secret]. Too long",
  );
});

t.test("inspecting an error shows no secret", async (t) => {
  const error = new ApiError({ ...facts, request: redactBody({ adminPass: "hush" }) });
  t.notMatch(inspect(error, { showHidden: true, depth: 9 }), /hush/);
});
