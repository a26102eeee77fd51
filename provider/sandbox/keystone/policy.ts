import type { Call, Caller } from "../kernel/call.ts";
import { hasRole } from "../kernel/call.ts";
import type { Directory } from "./directory.ts";
import { forbidden, notFound, unauthorized } from "./errors.ts";
import type { Session, Tokens } from "./tokens.ts";

/** Whoever asks Keystone, as its policies see it. */
export interface Asker {
  readonly caller: Caller;
  /** undefined for the sandbox's own services. */
  readonly session: Session | undefined;
  readonly domainId: string | undefined;
}

/** Keystone's rules: who may do what. */
export class Policy {
  readonly #directory: Directory;
  readonly #tokens: Tokens;

  constructor(directory: Directory, tokens: Tokens) {
    this.#directory = directory;
    this.#tokens = tokens;
  }

  /** Who asks. Keystone itself believes no cache: a revoked token is refused at once. */
  asker(call: Pick<Call, "caller" | "inner">): Asker {
    const { caller } = call;
    if (call.inner && caller.token === "") return { caller, session: undefined, domainId: undefined };
    const session = caller.token === "" ? undefined : this.#tokens.find(caller.token);
    if (!session) {
      const lost = this.#tokens.lostCredential(caller.token);
      throw lost ? notFound("Application Credential", lost) : unauthorized();
    }
    const { scope } = session.token;
    return { caller, session, domainId: scope?.kind === "domain" ? scope.id : undefined };
  }

  /** Refuses unless one of the conditions holds. */
  must(action: string, ...conditions: boolean[]): void {
    if (!conditions.some((condition) => condition)) throw forbidden(`identity:${action}`);
  }

  /** An administrator of anything. */
  admin({ caller }: Asker): boolean {
    return hasRole(caller, "admin");
  }

  /** An administrator of anything, or a reader of the system. */
  reads(asker: Asker): boolean {
    return this.admin(asker) || (asker.caller.system && hasRole(asker.caller, "reader"));
  }

  /** With a role in the domain that the thing is of. */
  inDomain({ caller, domainId }: Asker, role: "reader" | "manager", target: string | undefined): boolean {
    return domainId !== undefined && domainId === target && hasRole(caller, role);
  }

  /** The domain of the project that the token is for. */
  homeDomain({ caller, domainId }: Asker): string | undefined {
    return domainId ?? this.#directory.projects.get(caller.projectId)?.domain_id;
  }
}
