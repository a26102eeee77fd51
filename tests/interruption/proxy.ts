/**
 * A proxy on loopback between a provider and a cloud, on which things happen: it counts requests, keeps a log of them, and does to
 * each what the test decides. It serves the embedded cloud (one port) and the real one (a port a service) alike:
 * `http://127.0.0.1:PROXY/PORT/path` goes to `http://127.0.0.1:PORT/path`, and every such address in an answer (catalog, version
 * documents, links, Location) comes back as one of the proxy's, so that nothing goes past it.
 *
 *     const proxy = await startProxy();
 *     const env = proxy.env(tenantEnv("alpha"));                    // OS_* of a tenant, through the proxy
 *     proxy.decide = ({ number }) => (number === 7 ? "503" : undefined);
 *     proxy.decide = ({ kind }) => (kind === "POST neutron /v2.0/ports" ? "lose" : undefined);
 *     proxy.decide = atRequest(7, "kill after");                    // with proxy.kill set to what ends the process
 *     proxy.log                                                     // what was asked since the last proxy.restart()
 */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { PORT_BASE, SERVICES } from "../cloud/client.ts";

/**
 * What happens to a request. `kill before`: {@link Proxy.kill} is called and the cloud hears nothing. `kill after`: it is called
 * when the cloud has answered, and the provider hears nothing. `lose`: the cloud works, the connection is cut. `cut`: cut before
 * the cloud hears anything. `503`, `504`: a load balancer's answer in HTML, 503 before the work, 504 after it. `500`: a failing
 * service's own in HTML, before the work. `repeat`: the cloud
 * gets it twice, and the second answer counts. `hang`: the answer comes after so many seconds.
 */
export type Mishap =
  | "kill before"
  | "kill after"
  | "lose"
  | "cut"
  | "500"
  | "503"
  | "504"
  | "repeat"
  | { readonly hang: number };

/** A request as the proxy got it. */
export interface Asked {
  /** Counted from 1 since the start or the last {@link Proxy.restart}. */
  readonly number: number;
  readonly method: string;
  /** As in {@link SERVICES}; the port where it is none of them. */
  readonly service: string;
  /** Path and query below the service's address: `/v2.0/ports?fields=id`. */
  readonly path: string;
  readonly body: string;
  /** What {@link kindOf} says. */
  readonly kind: string;
}

/** A request with what came of it. */
export interface Exchange extends Asked {
  /** What the cloud answered; 0 where it was not asked. */
  status: number;
  mishap?: Mishap;
}

/** A running proxy. */
export interface Proxy {
  readonly url: string;
  /** Decides about each request; nothing happens where it answers undefined. */
  decide: (asked: Asked) => Mishap | undefined;
  /** Ends the provider's process, for the mishaps that kill. */
  kill: () => void | Promise<void>;
  /** All requests since the start or the last restart. */
  readonly log: readonly Exchange[];
  /** Counts from 1 again, with an empty log and nothing to happen. */
  restart(): void;
  /** An address of the cloud as one of this proxy's. */
  addressOf(url: string): string;
  /** OS_* variables by which a provider goes through this proxy. */
  env(variables: Record<string, string>): Record<string, string>;
  /** Resolves when the cloud has answered all that was sent to it. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Decides that this happens to the request of this number, and nothing to the others. */
export const atRequest =
  (number: number, mishap: Mishap) =>
  (asked: Asked): Mishap | undefined =>
    asked.number === number ? mishap : undefined;

const ID = /^([0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|[0-9a-f]{20}|[0-9]+)$/;

/** Names the kind of a request: `POST nova /v2.1/servers/{id}/action reboot`. Ids are all alike, queries do not count. */
export function kindOf({ method, service, path, body }: Pick<Asked, "method" | "service" | "path" | "body">): string {
  const plain = path
    .replace(/\?.*/, "")
    .split("/")
    .map((part) => (ID.test(part) ? "{id}" : part))
    .join("/")
    .replace(/(\/allocations|\/tags)\/[^/]+$/, "$1/{id}");
  return [method, service, plain, wordOf(plain, body)].filter(Boolean).join(" ");
}

/** The word in the body that says what is asked of a path which serves many purposes. */
function wordOf(path: string, body: string): string | undefined {
  if (!/\/action$|\/states\/\w+$/.test(path)) return undefined;
  try {
    const sent = JSON.parse(body) as Record<string, unknown>;
    return typeof sent["target"] === "string" ? sent["target"] : Object.keys(sent)[0];
  } catch {
    return undefined;
  }
}

const page = (title: string) =>
  `<html><body><h1>${title}</h1>\nNo server is available to handle this request.\n</body></html>\n`;
const PAGES = {
  500: "<html>\n <head>\n  <title>500 Internal Server Error</title>\n </head>\n <body>\n  <h1>500 Internal Server Error</h1>\n  (pymysql.err.OperationalError) (2006, &quot;MySQL server has gone away&quot;)<br /><br />\n </body>\n</html>\n",
  503: page("503 Service Unavailable"),
  504: page("504 Gateway Time-out"),
};

/** Headers of one connection, which do not go on to the next. */
const OWN = /^(connection|keep-alive|transfer-encoding|content-length|host|proxy-.*)$/i;
const CLOUD = /http:\/\/127\.0\.0\.1:(\d+)/g;

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[]>;
  readonly body: Buffer;
}

/** Starts a proxy on any free port. It ends with {@link Proxy.close}, or with the process. */
export async function startProxy(): Promise<Proxy> {
  let log: Exchange[] = [];
  const underWay = new Set<Promise<unknown>>();
  const server = http.createServer(async (request, response) => {
    const received: Buffer[] = [];
    for await (const part of request) received.push(part as Buffer);
    await serve(request, response, Buffer.concat(received));
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  server.unref();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const addressOf = (text: string) => text.replace(CLOUD, (whole, port) => (whole === url ? whole : `${url}/${port}`));

  const proxy: Proxy = {
    url,
    decide: () => undefined,
    kill: () => {
      throw new Error("nobody said what is to be killed");
    },
    get log() {
      return log;
    },
    restart() {
      log = [];
      proxy.decide = () => undefined;
    },
    addressOf,
    env: (variables) => Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, addressOf(value)])),
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;

  async function serve(request: http.IncomingMessage, response: http.ServerResponse, body: Buffer): Promise<void> {
    const { port, below, asked } = read(request, body, log.length + 1);
    const exchange: Exchange = { ...asked, status: 0 };
    log.push(exchange);
    const mishap = proxy.decide(asked);
    if (mishap !== undefined) exchange.mishap = mishap;
    const forward = async () => {
      const work = ask(port, below, request, body);
      underWay.add(work);
      try {
        const answer = await work;
        exchange.status = answer.status;
        return answer;
      } finally {
        underWay.delete(work);
      }
    };
    const cut = () => request.socket.destroy();
    try {
      switch (mishap) {
        case "kill before":
          await proxy.kill();
          return void cut();
        case "kill after":
          await forward();
          await proxy.kill();
          return void cut();
        case "lose":
          await forward();
          return void cut();
        case "cut":
          return void cut();
        case "500":
          return void response.writeHead(500, { "content-type": "text/html; charset=UTF-8" }).end(PAGES[500]);
        case "503":
          return void response.writeHead(503, { "content-type": "text/html" }).end(PAGES[503]);
        case "504":
          await forward();
          return void response.writeHead(504, { "content-type": "text/html" }).end(PAGES[504]);
        case "repeat":
          await forward();
          break;
        case undefined:
          break;
        default:
          await new Promise((resolve) => setTimeout(resolve, mishap.hang * 1000).unref());
      }
      const { status, headers, body: answered } = await forward();
      response.writeHead(status, rewritten(headers)).end(rewrittenBody(headers, answered));
    } catch {
      // The cloud is not there, or cut the connection: the provider sees the same.
      cut();
    }
  }

  function rewritten(headers: Answer["headers"]): http.OutgoingHttpHeaders {
    return Object.fromEntries(
      Object.entries(headers)
        .filter(([name]) => !OWN.test(name))
        .map(([name, value]) => [name, Array.isArray(value) ? value.map(addressOf) : addressOf(value)]),
    );
  }

  function rewrittenBody(headers: Answer["headers"], body: Buffer): Buffer {
    return /json/.test(String(headers["content-type"])) ? Buffer.from(addressOf(body.toString("utf8"))) : body;
  }
}

function read(request: http.IncomingMessage, body: Buffer, number: number) {
  const [, port = "", below = "/"] = /^\/(\d+)(\/.*)?$/.exec(request.url ?? "") ?? [];
  const { service, path } = placeOf(Number(port), below);
  const asked = { method: request.method ?? "GET", service, path, body: body.toString("utf8") };
  return { port: Number(port), below, asked: { number, ...asked, kind: kindOf(asked) } };
}

/** The service behind a port of the real cloud, or behind a folder of the embedded one. */
function placeOf(port: number, below: string): { service: string; path: string } {
  const [, folder, rest = ""] = /^\/([^/?]*)(.*)$/.exec(below)!;
  const services = Object.entries(SERVICES);
  const embedded = services.find(([, place]) => place.folder === folder);
  if (embedded) return { service: embedded[0], path: rest || "/" };
  return { service: services.find(([, place]) => PORT_BASE + place.port === port)?.[0] ?? String(port), path: below };
}

function ask(port: number, path: string, { method, headers }: http.IncomingMessage, body: Buffer): Promise<Answer> {
  const sent = Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN.test(name)));
  // An encoded answer could not be searched for addresses.
  delete sent["accept-encoding"];
  return new Promise((resolve, reject) => {
    const asked = http.request(
      { host: "127.0.0.1", port, path, method, headers: { ...sent, "content-length": body.length }, agent: false },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers as Answer["headers"],
            body: Buffer.concat(parts),
          }),
        );
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}
