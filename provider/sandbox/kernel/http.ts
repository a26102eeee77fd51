import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { NOBODY, type World } from "../world.ts";
import type { Answer, Call, Caller, Json } from "./call.ts";
import { Refusal } from "./call.ts";
import type { CallFault } from "./faults.ts";
import type { Service } from "./service.ts";

/** Longest JSON body, as oslo.middleware's default. */
const LONGEST_BODY = 114688;

/** What answers paths of no service: the knobs, the front page. */
export type Extra = (
  request: IncomingMessage,
  path: string,
  body: () => Promise<Buffer>,
) => Promise<Answer | undefined>;

/** The one HTTP server in front of all services. */
export function serve(world: World, extra: Extra): Server {
  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    answerRequest(world, extra, request, response).catch((error: unknown) => {
      world.report(`${request.method} ${request.url}`, error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  return server;
}

async function answerRequest(
  world: World,
  extra: Extra,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  const pathname = mark < 0 ? url : url.slice(0, mark);
  const service = [...world.services.values()].find(
    ({ prefix }) => pathname === prefix || pathname.startsWith(`${prefix}/`),
  );
  if (!service) {
    const answer = await extra(request, pathname, () => read(request, 8 * 1024 * 1024));
    await send(response, request, answer ?? { status: 404, body: `There is no service at ${pathname}.\n` });
    return;
  }
  await new Exchange(world, service, request, response, url.slice(service.prefix.length)).run();
}

/** One request of a service, from its first byte to its answer and its line in the journal. */
class Exchange {
  readonly #world: World;
  readonly #service: Service;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #url: string;
  readonly #began = performance.now();
  #call: Call;
  #before: Json | undefined;
  #error: string | undefined;
  #route: string | undefined;
  #fault: string | undefined;
  /** After a refusal whose body was not read. */
  #close = false;

  constructor(world: World, service: Service, request: IncomingMessage, response: ServerResponse, url: string) {
    this.#world = world;
    this.#service = service;
    this.#request = request;
    this.#response = response;
    this.#url = url;
    const mark = url.indexOf("?");
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers))
      headers[name] = Array.isArray(value) ? value.join(", ") : (value ?? "");
    this.#call = {
      service,
      method: request.method ?? "GET",
      path: mark < 0 ? url : url.slice(0, mark),
      params: {},
      query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)),
      headers,
      body: undefined,
      stream: undefined,
      caller: NOBODY,
      version: [0, 0],
      id: `req-${world.random.uuid()}`,
      base: `http://${request.headers.host ?? world.url.slice("http://".length)}${service.prefix}`,
      inner: false,
    };
  }

  async run(): Promise<void> {
    if ((await this.#world.faults.thawed(this.#service.daemon)) === "dead") return this.#cut("the process is dead");
    const token = this.#call.headers["x-auth-token"];
    const caller = token ? this.#world.identity.callerOf(token) : undefined;
    const fault = this.#world.faults.meets({
      service: this.#service.name,
      method: this.#call.method,
      path: this.#url,
      user: caller?.userName ?? "",
    });
    if (fault)
      this.#fault = `${fault.effect}${fault.status ? ` ${fault.status}` : ""}${fault.afterTheWork ? " after the work" : ""}`;
    if (fault && !fault.afterTheWork) {
      const ended = await this.#apply(fault);
      if (ended) return;
    }
    const answer = await this.#work(caller);
    this.#world.store.flush();
    if (fault?.afterTheWork && (await this.#apply(fault))) return;
    await this.#send(answer);
  }

  /** The answer to the request, refusals included. Never throws. */
  async #work(caller: Caller | undefined): Promise<Answer> {
    const service = this.#service;
    try {
      if (service.version) this.#call = { ...this.#call, version: service.version(this.#call.headers) };
      const found = this.#world.router(service.name).find(this.#call.method, this.#call.path);
      const open = found.route?.public ?? false;
      if (!open && !caller) {
        if (service.name !== "keystone" && this.#world.faults.daemon("keystone") !== "running")
          return this.#keystoneGone();
        return this.#unauthenticated();
      }
      if (!found.route) {
        if (found.methods.length > 0)
          throw new Refusal(405, "The method is not allowed for the requested URL.", {
            headers: { Allow: found.methods.join(", ") },
          });
        throw new Refusal(404, "The resource could not be found.");
      }
      this.#route = found.route.path;
      this.#call = { ...this.#call, params: found.params, caller: caller ?? NOBODY };
      if (found.route.raw) this.#call = { ...this.#call, stream: this.#request };
      else this.#call = { ...this.#call, body: await this.#body() };
      this.#before = service.stateOf?.(this.#call);
      return await found.route.handle(this.#call);
    } catch (failure) {
      if (failure instanceof Refusal) {
        this.#error = failure.message;
        return { ...service.refuse(failure, this.#call) };
      }
      this.#world.report(`${this.#call.method} ${service.name}${this.#url}`, failure);
      this.#error = String(failure);
      return service.refuse(new Refusal(500, "The sandbox failed: its standard error tells more."), this.#call);
    }
  }

  /** What Keystone's middleware answers to a request without a good token. */
  #unauthenticated(): Answer {
    const message = "The request you have made requires authentication.";
    this.#error = message;
    const usual: Answer = { status: 401, body: { error: { code: 401, title: "Unauthorized", message } } };
    const answer = this.#service.unauthenticated?.(this.#call) ?? usual;
    const uri = `${this.#call.base.slice(0, -this.#service.prefix.length)}${this.#world.services.get("keystone")!.prefix}`;
    return { ...answer, headers: { "WWW-Authenticate": `Keystone uri="${uri}"`, ...answer.headers } };
  }

  /** What Keystone's middleware answers while there is no Keystone. */
  #keystoneGone(): Answer {
    return {
      status: 503,
      headers: { "content-type": "text/html; charset=UTF-8" },
      body: "<html>\n <head>\n  <title>503 Service Unavailable</title>\n </head>\n <body>\n  <h1>503 Service Unavailable</h1>\n  The server is currently unavailable. Please try again at a later time.<br /><br />\nThe Keystone service is temporarily unavailable.\n\n\n </body>\n</html>",
    };
  }

  async #body(): Promise<unknown> {
    let bytes: Buffer;
    try {
      bytes = await read(this.#request, this.#service.longestBody ?? LONGEST_BODY);
    } catch {
      this.#close = true;
      throw new Refusal(413, "Request is too large.");
    }
    if (bytes.length === 0) return undefined;
    try {
      return JSON.parse(bytes.toString("utf8")) as unknown;
    } catch {
      throw new Refusal(400, "Malformed JSON in request body.", { type: "malformed" });
    }
  }

  /** Does what the fault says; true where no further answer follows. */
  async #apply(fault: CallFault): Promise<boolean> {
    switch (fault.effect) {
      case "cut":
        this.#cut("injected: connection cut");
        return true;
      case "hang":
        this.#note(0);
        return true;
      case "delay":
        await this.#world.clock.sleepReal(fault.seconds ?? 1);
        return false;
      case "status": {
        const status = fault.status ?? 503;
        const headers: Record<string, string> =
          fault.retryAfter === undefined ? {} : { "Retry-After": String(fault.retryAfter) };
        this.#error = `injected: ${status}`;
        const answer = fault.html
          ? {
              status,
              headers: { "content-type": "text/html" },
              body: `<html><body><h1>${status}</h1>\nNo server is available to handle this request.\n</body></html>\n`,
            }
          : this.#service.refuse(
              new Refusal(status, INJECTED[status] ?? "An injected fault.", { headers }),
              this.#call,
            );
        await this.#send({ ...answer, headers: { ...answer.headers, ...headers } });
        return true;
      }
    }
  }

  #cut(why: string): void {
    this.#error = why;
    this.#note(0);
    this.#request.socket.destroy();
  }

  async #send(answer: Answer): Promise<void> {
    const own = this.#service.headers?.(this.#call) ?? {};
    // A body that nobody read stands in the way of the next request on this connection.
    const close = this.#close || (!this.#request.complete && this.#request.headers["content-length"] !== undefined);
    this.#note(answer.status);
    await send(this.#response, this.#request, {
      ...answer,
      headers: { ...own, ...answer.headers, ...(close ? { Connection: "close" } : {}) },
    });
  }

  #note(status: number): void {
    this.#world.note(this.#call, status, performance.now() - this.#began, this.#before, {
      error: this.#error,
      fault: this.#fault,
      route: this.#route,
      path: this.#url,
    });
  }
}

const INJECTED: Record<number, string> = {
  429: "Too many requests.",
  500: "An unexpected error prevented the server from fulfilling your request.",
  502: "Bad gateway.",
  503: "The server is currently unavailable. Please try again at a later time.",
  504: "The gateway has timed out.",
};

async function send(response: ServerResponse, request: IncomingMessage, answer: Answer): Promise<void> {
  if (response.destroyed) return;
  const headers: Record<string, string | number> = { ...answer.headers };
  const has = (name: string) => Object.keys(headers).some((key) => key.toLowerCase() === name);
  if (answer.file !== undefined) {
    headers["Content-Length"] = statSync(answer.file).size;
    response.writeHead(answer.status, headers);
    createReadStream(answer.file).pipe(response);
    return;
  }
  let body: Buffer | undefined;
  if (answer.body !== undefined) {
    const text = typeof answer.body === "string" || Buffer.isBuffer(answer.body);
    if (!has("content-type")) headers["Content-Type"] = text ? "text/plain; charset=utf-8" : "application/json";
    body = text ? Buffer.from(answer.body as string) : Buffer.from(JSON.stringify(answer.body));
  }
  if (answer.status !== 204 && answer.status !== 304) headers["Content-Length"] = body?.length ?? 0;
  response.writeHead(answer.status, headers);
  response.end(request.method === "HEAD" ? undefined : body);
}

/** The whole body. Throws where it is longer than `most` bytes. */
function read(request: IncomingMessage, most: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > most) {
        request.pause();
        reject(new Error(`the body is longer than ${most} bytes`));
      } else chunks.push(chunk);
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", reject);
    request.on("aborted", () => reject(new Error("the client went away")));
  });
}
