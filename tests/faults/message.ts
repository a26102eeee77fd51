/** Reading failures out of what a run prints. */

/** A failure as its message tells it. */
export interface Told {
  /** Type and name: `Server machine`. */
  readonly resource: string;
  /** Everything from the resource to the code. */
  readonly text: string;
  /** Whose move it is, in the message's words. */
  readonly whose: string;
  readonly next: string;
  readonly code: string;
}

const MESSAGE =
  /((?:Server|Volume|IsolatedNetwork|VolumeAttachment) [\w-]+)((?:(?!(?:Server|Volume|IsolatedNetwork|VolumeAttachment) [\w-]+[,:] )[\s\S])*?)\n\s*(Your move|The cloud operator's move|The hardware needs attention[^:]*): (.+?) \[([a-z-]+)\]/g;

/** The failures that a run tells, each once. */
export function failuresIn(output: string): Told[] {
  const found = [...output.matchAll(MESSAGE)].map(
    ([text, resource, , whose, next, code]): Told => ({
      resource: resource!,
      text,
      whose: whose!,
      next: next!,
      code: code!,
    }),
  );
  return found.filter((one, index) => found.findIndex(({ text }) => text === one.text) === index);
}
