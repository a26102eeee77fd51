import { tagOf } from "../../core/index.ts";
import type { StackState } from "../state-files.ts";

/** The resource of a given stack for which an object was made. */
export interface Owner {
  /** `shop/dev`. */
  readonly stack: string;
  /** The logical name. */
  readonly name: string;
  /** The id that the state has for it: the object found is a second one. */
  readonly holds?: string;
}

/**
 * Finds out for whom objects were made. A mark holds only a hash of who that is, so the resources that the states name, and
 * those that a run of theirs would make under the object's name in the cloud, are hashed and compared.
 */
export class Owners {
  readonly #states: readonly StackState[];
  readonly #projectId: string;
  readonly #named = new Map<string, Owner>();

  /** @param projectId the cloud project in which is looked */
  constructor(states: readonly StackState[], projectId: string) {
    this.#states = states;
    this.#projectId = projectId;
    for (const { begun, resources } of states) {
      for (const identity of begun) this.#add(identity);
      for (const { identity, id } of resources) if (identity !== undefined) this.#add(identity, id);
    }
  }

  #add(identity: string, holds?: string): void {
    this.#named.set(tagOf(identity, this.#projectId), { ...ownerOf(identity), ...(holds && { holds }) });
  }

  /** The resource whose tag this is; undefined where no given stack can be it. */
  of(tag: string, type: string, name: string): Owner | undefined {
    const known = this.#named.get(tag);
    if (known) return known;
    for (const { stack, components } of this.#states)
      for (const path of [type, ...components.map((component) => `${component}$${type}`)]) {
        const identity = `${stack}/${path}/${name}`;
        if (stack !== undefined && tagOf(identity, this.#projectId) === tag) return ownerOf(identity);
      }
    return undefined;
  }
}

function ownerOf(identity: string): Owner {
  const [project, stack, , ...name] = identity.split("/");
  return { stack: `${project}/${stack}`, name: name.join("/") };
}
