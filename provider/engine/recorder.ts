/** Keeps what an operation tells, passes it on, and writes it as text. */
import { DigestCollector } from "./digest.ts";
import { TextDisplay } from "./display.ts";
import type { Diagnostic, EngineEvent } from "./events.ts";
import type { OperationOptions, OperationResult, StepResult } from "./stack-options.ts";

/** Keeps what an operation tells. */
export class Recorder {
  readonly #options: OperationOptions;
  readonly #display: TextDisplay;
  readonly #digest = new DigestCollector();
  readonly #steps: StepResult[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  #stdout = "";

  constructor(options: OperationOptions) {
    this.#options = options;
    const write = (text: string) => {
      this.#stdout += text;
      options.onOutput?.(text);
    };
    this.#display = new TextDisplay({ diff: options.diff ?? false, write });
  }

  /** Takes an event. */
  handle(event: EngineEvent): void {
    this.#display.handle(event);
    this.#digest.handle(event);
    if (event.kind === "step-end" || event.kind === "step-failed") {
      const error = event.kind === "step-failed" ? event.error : undefined;
      this.#steps.push({ ...event.step, ...event.moment, error });
    }
    if (event.kind === "diagnostic" && event.diagnostic.severity !== "debug") this.#diagnostics.push(event.diagnostic);
    this.#options.onEvent?.(event);
  }

  /** What was told so far. */
  result(): Pick<OperationResult, "summary" | "steps" | "diagnostics" | "stdout" | "digest"> {
    return {
      summary: this.#digest.digest.changeSummary,
      steps: this.#steps,
      diagnostics: this.#diagnostics,
      stdout: this.#stdout,
      digest: this.#digest.digest,
    };
  }
}
