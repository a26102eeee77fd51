/** Rehearsals: a team's own Pulumi program against the sandbox, before it ever meets a cloud. */
export { rehearse, type Teller } from "./course.ts";
export { Interrupted, RehearsalError } from "./error.ts";
export type { RehearsalEvent } from "./events.ts";
export { FILE, type RehearsalFile, readEvents, readRehearsalFile } from "./file.ts";
export { markdownOf } from "./markdown.ts";
export { Rehearsal, type RehearsalOptions } from "./rehearsal.ts";
export type { Report, Step } from "./report.ts";
export { closing, opening, textTeller, transcriptOf } from "./text.ts";
