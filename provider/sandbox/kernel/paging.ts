/** A page of a list by `limit` and `marker`, and whether more follows. */
export function page<T>(
  items: readonly T[],
  query: URLSearchParams,
  idOf: (item: T) => string,
  options: {
    /** Most items of a page, also where no limit is asked for. */
    most: number;
    /** Called where the marker is no item's id: throws the service's refusal. */
    unknownMarker(marker: string): never;
  },
): { items: T[]; next: string | undefined } {
  const marker = query.get("marker");
  let first = 0;
  if (marker) {
    first = items.findIndex((item) => idOf(item) === marker) + 1;
    if (first === 0) options.unknownMarker(marker);
  }
  const asked = Number(query.get("limit") ?? options.most);
  const limit = asked > 0 ? Math.min(asked, options.most) : options.most;
  const items_ = items.slice(first, first + limit);
  return { items: items_, next: first + limit < items.length ? idOf(items_.at(-1)!) : undefined };
}
