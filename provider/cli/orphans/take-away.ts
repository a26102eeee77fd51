import { type Context, discard, Failure, newNonce } from "../../core/index.ts";
import { type Orphan, stillThere } from "./find.ts";

/** How it went with one of them: gone, or why not. */
export interface Taken {
  readonly orphan: Orphan;
  readonly failure?: Failure;
  /** It was not touched: it is gone by now, or a run has taken it over since it was listed. */
  readonly changed?: boolean;
}

/** Takes orphans away one by one, in the order given, until the context is interrupted; tells of each as it ends. */
export async function takeAway(
  context: Context<unknown>,
  orphans: readonly Orphan[],
  tell: (taken: Taken) => void,
): Promise<Taken[]> {
  const all: Taken[] = [];
  for (const orphan of orphans) {
    if (context.signal.aborted) break;
    const taken = { orphan, ...(await attempt(context, orphan)) };
    all.push(taken);
    tell(taken);
  }
  return all;
}

async function attempt(context: Context<unknown>, orphan: Orphan): Promise<Omit<Taken, "orphan">> {
  const { definition, id, mark } = orphan;
  try {
    if (!(await stillThere(context, orphan))) return { changed: true };
    // With our own nonce on it, a provider that lives on without its engine stops at its next look.
    const own = mark.nonce === undefined ? mark : { ...mark, nonce: newNonce() };
    if (id !== undefined && own !== mark) await definition.mark(context, id, own);
    await discard(definition, context, { ...orphan, mark: own });
    return {};
  } catch (error) {
    if (error instanceof Failure) return { failure: error };
    throw error;
  }
}
