import { type EngineEvent, type OperationResult, openStack } from "../../provider/engine/index.ts";

/** What the demo is run with. */
export interface EngineDemo {
  /** The example's folder. */
  folder: string;
  env: NodeJS.ProcessEnv;
  image: string;
  say(line: string): void;
}

const SIGNS: Record<string, string> = { create: "+", update: "~", delete: "-" };
const own = (type: string) => /baremetal:(\w+)$/.exec(type)?.[1];

/** The first example by the embedded engine, told as it goes: preview, up, a look at the machine, destroy. */
export async function demoByEngine({ folder, env, image, say }: EngineDemo): Promise<boolean> {
  const stack = openStack({ projectDir: folder, stack: "demo", env, config: { image } });
  let began = Date.now();
  const tell = (text: string) => say(`  ${((Date.now() - began) / 1000).toFixed(0).padStart(3)} s  ${text}`);
  const onEvent = (event: EngineEvent) => {
    if (event.kind === "diagnostic" && event.diagnostic.severity === "info")
      for (const line of event.diagnostic.message.split("\n")) if (line.trim()) tell(`  ${line.trim()}`);
    if (event.kind === "step-end" || event.kind === "step-failed") {
      const { op, type, urn } = event.step;
      const sign = SIGNS[op];
      if (sign && own(type))
        tell(`${sign} ${own(type)} ${urn.split("::").at(-1)}${event.kind === "step-failed" ? " FAILED" : ""}`);
    }
  };
  const step = async (title: string, command: string, work: () => Promise<OperationResult>): Promise<boolean> => {
    say(`\n${title} (pulumi ${command})`);
    began = Date.now();
    const { exitCode, diagnostics, stderr } = await work();
    for (const { severity, message } of diagnostics) if (severity === "error") say(message);
    if (exitCode !== 0 && stderr) say(stderr);
    return exitCode === 0;
  };

  let well = await step("What would be made", "preview", () => stack.preview({ onEvent }));
  well &&= await step("Make it", "up", () => stack.up({ onEvent }));
  if (well) {
    say("\nA look at it (pulumi stack output)");
    for (const [name, { value }] of Object.entries(stack.outputs()))
      say(`  ${name.padEnd(10)} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  }
  // Whatever was made is taken away again, also when a step failed.
  const gone = await step("And away with it", "destroy", () => stack.destroy({ onEvent }));
  return well && gone;
}
