/** Writes a run as text, the way the pulumi CLI does where there is no terminal. */

import { changesBetween } from "./diff.ts";
import type { Changes, Diagnostic, EngineEvent, Op, RunKind, StepView } from "./events.ts";
import { parsePath } from "./property-path.ts";
import { parseUrn, STACK_TYPE } from "./urn.ts";
import { diffLines, mapLines } from "./value-text.ts";
import { mapWithoutSecrets } from "./values.ts";

interface Words {
  sign: string;
  preview: string;
  doing: string;
  done: string;
  failed: string;
}

/** Signs and words, in the order of the summary. */
const WORDS: Partial<Record<Op, Words>> = {
  create: { sign: "+ ", preview: "create", doing: "creating", done: "created", failed: "creating failed" },
  import: { sign: "= ", preview: "import", doing: "importing", done: "imported", failed: "importing failed" },
  update: { sign: "~ ", preview: "update", doing: "updating", done: "updated", failed: "updating failed" },
  delete: { sign: "- ", preview: "delete", doing: "deleting", done: "deleted", failed: "deleting failed" },
  replace: { sign: "+-", preview: "replace", doing: "replacing", done: "replaced", failed: "replacing failed" },
  "create-replacement": {
    sign: "++",
    preview: "create replacement",
    doing: "creating replacement",
    done: "created replacement",
    failed: "creating failed",
  },
  "delete-replaced": {
    sign: "--",
    preview: "delete original",
    doing: "deleting original",
    done: "deleted original",
    failed: "deleting failed",
  },
  refresh: { sign: "~ ", preview: "refreshing", doing: "refreshing", done: "refresh", failed: "refreshing failed" },
};

const TITLES: Record<RunKind, string> = {
  update: "Updating",
  preview: "Previewing update",
  refresh: "Refreshing",
  destroy: "Destroying",
};

/** What a display is asked for. */
export interface DisplayOptions {
  /** Show the properties that change instead of progress lines. */
  diff: boolean;
  /** Receives finished text, newline included. */
  write: (text: string) => void;
}

/** Turns the events of one run into text. */
export class TextDisplay {
  readonly #options: DisplayOptions;
  readonly #started = new Map<string, number>();
  readonly #diagnostics = new Map<string, Diagnostic[]>();
  #preview = false;
  #run: RunKind = "update";
  #stack = "";
  #stackRow: StepView | undefined;

  constructor(options: DisplayOptions) {
    this.#options = options;
  }

  /** Takes an event. */
  handle(event: EngineEvent): void {
    switch (event.kind) {
      case "start":
        this.#preview = event.preview;
        this.#run = event.run;
        this.#stack = event.stack;
        this.#line(
          `${event.preview && event.run !== "preview" ? "Previewing " : ""}${this.#title(event)} (${event.stack}):`,
        );
        if (!this.#options.diff) this.#line("");
        break;
      case "step-start":
        this.#startStep(event.step);
        break;
      case "step-end":
        this.#endStep(event.step);
        break;
      case "step-failed":
        if (!event.step.internal) this.#row(event.step, `**${WORDS[event.step.op]?.failed ?? "failed"}**`);
        break;
      case "outputs":
        if (event.step.type === STACK_TYPE) this.#stackRow = event.step;
        break;
      case "diagnostic":
        this.#remember(event.diagnostic);
        break;
      case "summary":
        this.#summary(event);
        break;
    }
  }

  #title({ run, preview }: { run: RunKind; preview: boolean }): string {
    if (!preview || run === "preview") return TITLES[run];
    return run;
  }

  #startStep(step: StepView): void {
    if (step.type === STACK_TYPE) this.#stackRow ??= step;
    this.#started.set(step.urn + step.op, Date.now());
    if (step.internal || step.op === "same") return;
    const words = WORDS[step.op];
    if (this.#options.diff) this.#details(step);
    else if (words) this.#row(step, this.#preview ? words.preview : `${words.doing} (0s)`);
  }

  #endStep(step: StepView): void {
    if (step.type === STACK_TYPE) this.#stackRow = step;
    const words = WORDS[step.op];
    if (step.internal || this.#preview || this.#options.diff) return;
    const began = this.#started.get(step.urn + step.op) ?? this.#started.get(`${step.urn}refresh`) ?? Date.now();
    if (words && step.op !== "refresh") this.#row(step, `${words.done} (${seconds(Date.now() - began)})`);
    else if (this.#run === "refresh" && step.type !== STACK_TYPE) this.#row(step, "");
  }

  #row(step: StepView, status: string): void {
    const sign = WORDS[step.op]?.sign ?? "  ";
    const { type, name } = parseUrn(step.urn);
    this.#line(` ${sign} ${type} ${name} ${status} ${shortDiff(step)}`);
  }

  /** A step under --diff: the resource and what changes of it. */
  #details(step: StepView): void {
    const words = WORDS[step.op];
    if (!words || step.op === "create-replacement" || step.op === "delete-replaced") return;
    const indent = step.type === STACK_TYPE ? 2 : 4;
    const pad = " ".repeat(indent + 4);
    this.#line(`${" ".repeat(indent)}${words.sign}${step.type}: (${words.preview})`);
    const id = step.old?.id || step.new?.id;
    if (id) this.#line(`${pad}[id=${id}]`);
    this.#line(`${pad}[urn=${step.urn}]`);
    const inputs = { old: step.old?.inputs ?? {}, new: step.new?.inputs ?? {} };
    const lines =
      step.old && step.new
        ? diffLines(inputs.old, inputs.new, indent + 4)
        : mapLines(step.new ? inputs.new : inputs.old, indent + 4);
    for (const text of lines) this.#line(text);
  }

  #remember(diagnostic: Diagnostic): void {
    if (diagnostic.ephemeral || diagnostic.severity === "debug") return;
    const known = this.#diagnostics.get(diagnostic.urn);
    if (known) known.push(diagnostic);
    else this.#diagnostics.set(diagnostic.urn, [diagnostic]);
  }

  #summary({ preview, changes, durationMs }: { preview: boolean; changes: Changes; durationMs: number }): void {
    const stack = this.#stackRow;
    if (stack && !this.#options.diff && stack.op === "same")
      this.#line(`    ${STACK_TYPE} ${parseUrn(stack.urn).name}  `);
    this.#printDiagnostics(stack);
    this.#printOutputs(stack);
    this.#line("Resources:");
    for (const text of summaryLines(changes, preview)) this.#line(`    ${text}`);
    const errored = [...this.#diagnostics.values()].filter((list) =>
      list.some((one) => one.severity === "error"),
    ).length;
    if (errored > 0) this.#line(`    ${errored} errored`);
    this.#line("");
    if (!preview) this.#line(`Duration: ${Math.ceil(durationMs / 1000)}s\n`);
  }

  #printDiagnostics(stack: StepView | undefined): void {
    if (this.#diagnostics.size === 0) return;
    this.#line("Diagnostics:");
    for (const [urn, list] of this.#diagnostics) {
      const parts =
        urn || stack?.urn ? parseUrn(urn || (stack?.urn as string)) : { type: STACK_TYPE, name: this.#stack };
      this.#line(`  ${parts.type} (${parts.name}):`);
      for (const { severity, message } of list) {
        const text = `${severity.startsWith("info") ? "" : `${severity}: `}${message.trimEnd()}`;
        for (const one of text.split("\n")) this.#line(`    ${one}`.trimEnd());
      }
      this.#line("");
    }
  }

  #printOutputs(stack: StepView | undefined): void {
    const now = stack?.new?.outputs ?? {};
    const old = stack?.old?.outputs ?? {};
    if (this.#run !== "update" && this.#run !== "preview") return;
    if (Object.keys(now).length + Object.keys(old).length === 0) return;
    this.#line("Outputs:");
    const lines = stack?.op === "create" ? mapLines(now, 4) : diffLines(old, now, 4, { unchanged: true });
    for (const text of lines) this.#line(text);
    this.#line("");
  }

  #line(text: string): void {
    this.#options.write(`${text}\n`);
  }
}

/** `[diff: ~size]`: the top-level properties that change, as far as users typed them. */
function shortDiff(step: StepView): string {
  if (step.op === "same" || !step.old || !step.new) return "";
  const groups: Record<"add" | "delete" | "update", Set<string>> = {
    add: new Set(),
    delete: new Set(),
    update: new Set(),
  };
  if (step.detailedDiff) {
    for (const [path, { kind }] of Object.entries(step.detailedDiff)) {
      const steps = parsePath(path);
      const whole = steps.length === 1 ? (kind.replace("-replace", "") as "add" | "delete" | "update") : "update";
      groups[whole].add(String(steps[0]));
    }
  } else {
    const changes = changesBetween(mapWithoutSecrets(step.old.inputs), mapWithoutSecrets(step.new.inputs));
    for (const { path, kind } of changes) groups[path.length === 1 ? kind : "update"].add(String(path[0]));
  }
  const part = (sign: string, keys: Set<string>) => {
    const shown = [...keys].filter((key) => !key.startsWith("__")).sort();
    return shown.length > 0 ? sign + shown.join(",") : "";
  };
  const text = part("+", groups.add) + part("-", groups.delete) + part("~", groups.update);
  return text === "" ? "" : `[diff: ${text}]`;
}

function summaryLines(changes: Changes, preview: boolean): string[] {
  const counted = Object.entries(WORDS).filter(([op]) => op !== "refresh" && (changes[op as Op] ?? 0) > 0);
  const lines = counted.map(([op, words]) => {
    const word = preview ? `to ${words.preview}` : words.done;
    return `${words.sign}${changes[op as Op]} ${word}`;
  });
  const total = counted.reduce((sum, [op]) => sum + (changes[op as Op] ?? 0), 0);
  const pieces = [
    ...(counted.length > 1 ? [`${total} changes`] : []),
    ...(changes.same ? [`${changes.same} unchanged`] : []),
  ];
  return pieces.length > 0 ? [...lines, pieces.join(". ")] : lines;
}

const seconds = (ms: number): string => (ms < 1000 ? `${(ms / 1000).toFixed(2)}s` : `${Math.floor(ms / 1000)}s`);
