/** The URNs that a run is limited to. */

/** A set of URNs and patterns; without members it limits nothing. */
export class Targets {
  readonly #literals: Set<string>;
  readonly #patterns: RegExp[];

  /** @param urns URNs; `*` stands for any part between colons, `**` for anything */
  constructor(urns: readonly string[]) {
    this.#literals = new Set(urns.filter((urn) => !urn.includes("*")));
    this.#patterns = urns.filter((urn) => urn.includes("*")).map(pattern);
  }

  /** Whether the run is limited at all. */
  get constrained(): boolean {
    return this.#literals.size > 0 || this.#patterns.length > 0;
  }

  /** The URNs given as they are. */
  get literals(): string[] {
    return [...this.#literals];
  }

  /** Whether a URN is among them; everything is when nothing is. */
  contains(urn: string): boolean {
    return !this.constrained || this.#literals.has(urn) || this.#patterns.some((one) => one.test(urn));
  }

  /** Adds a URN, such as a dependent that is taken along. */
  add(urn: string): void {
    this.#literals.add(urn);
  }

  /** A set of its own with the same members. */
  clone(): Targets {
    const copy = new Targets([...this.#literals]);
    copy.#patterns.push(...this.#patterns);
    return copy;
  }
}

function pattern(text: string): RegExp {
  const parts = text.split("**").map((part) =>
    part
      .split("*")
      .map((literal) => literal.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join("[^:]*"),
  );
  return new RegExp(`^${parts.join(".*")}$`);
}
