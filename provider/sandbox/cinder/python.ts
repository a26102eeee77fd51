/** A text such as `{'a': 'b'}`, `['a']`, `5` or `'a'` as its value; the text itself where it is no Python literal. */
export function literal(text: string): unknown {
  const json = text
    .trim()
    .replace(/u?'((?:[^'\\]|\\.)*)'/g, (_, inner: string) => JSON.stringify(inner.replaceAll("\\'", "'")))
    .replace(/^\((.*?),?\)$/s, "[$1]")
    .replace(/\bTrue\b/g, "true")
    .replace(/\bFalse\b/g, "false")
    .replace(/\bNone\b/g, "null");
  try {
    const value: unknown = JSON.parse(json);
    return value;
  } catch {
    return text;
  }
}

/** What a URL's query must not have in it, encoded as Python's urlencode does. */
export function urlencode(pairs: Iterable<readonly [string, string]>): string {
  const encode = (text: string) =>
    encodeURIComponent(text)
      .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll("%20", "+");
  return [...pairs].map(([key, value]) => `${encode(key)}=${encode(value)}`).join("&");
}
