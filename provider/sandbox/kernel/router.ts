import type { Route, Service } from "./service.ts";

interface Compiled {
  readonly route: Route;
  readonly segments: readonly string[];
}

/** What a path leads to: a route with its parameters, or the methods that the path has. */
export type Found =
  | { readonly route: Route; readonly params: Record<string, string> }
  | { readonly route: undefined; readonly methods: string[] };

/** Finds the route of a request. Literal segments win over parameters. */
export class Router {
  readonly #routes: Compiled[];

  constructor(service: Service) {
    this.#routes = service.routes.map((route) => ({ route, segments: route.path.split("/") }));
    const literals = ({ segments }: Compiled) => segments.filter((segment) => !segment.startsWith("{")).length;
    this.#routes.sort((left, right) => literals(right) - literals(left));
  }

  find(method: string, path: string): Found {
    const segments = path.split("/");
    const methods = new Set<string>();
    for (const { route, segments: wanted } of this.#routes) {
      const params = match(wanted, segments);
      if (!params) continue;
      if (route.method === method) return { route, params };
      methods.add(route.method);
    }
    return { route: undefined, methods: [...methods] };
  }
}

function match(wanted: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  const rest = wanted.at(-1)?.endsWith("*}") ?? false;
  if (rest ? given.length < wanted.length : given.length !== wanted.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    if (!segment.startsWith("{")) {
      if (segment !== given[index]) return undefined;
      continue;
    }
    const name = segment.slice(1, -1);
    if (name.endsWith("*")) {
      params[name.slice(0, -1)] = decode(given.slice(index).join("/"));
      return params;
    }
    if (given[index] === "") return undefined;
    params[name] = decode(given[index]!);
  }
  return params;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
