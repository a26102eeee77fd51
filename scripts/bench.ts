/**
 * `npm run bench [names] [-- --json FILE]`: measures and prints a table; with --json also a file. Figures depend on the
 * machine: they are for reading and for comparing side by side, no test asserts them.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import type { Benchmark, Figure } from "../tests/bench/figure.ts";
import { sandboxScale } from "../tests/bench/sandbox-scale.ts";

const BENCHMARKS: readonly Benchmark[] = [sandboxScale];

const { values, positionals } = parseArgs({ options: { json: { type: "string" } }, allowPositionals: true });
const unknown = positionals.filter((name) => !BENCHMARKS.some((one) => one.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.join(", ")}. There are: ${BENCHMARKS.map((one) => one.name).join(" ")}`,
  );
  process.exit(2);
}

const rounded = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));
const results: { benchmark: string; figures: Figure[] }[] = [];
for (const benchmark of BENCHMARKS.filter((one) => positionals.length === 0 || positionals.includes(one.name))) {
  console.log(`${benchmark.name}: ${benchmark.about} (usually ${benchmark.usual})`);
  const figures = await benchmark.run((line) => console.log(`    ${line}`));
  results.push({ benchmark: benchmark.name, figures });
  const width = Math.max(...figures.map(({ what }) => what.length));
  for (const { what, value, unit, atMost } of figures) {
    const aim = atMost === undefined ? "" : `  aim: at most ${atMost} ${unit}${value <= atMost ? "" : "  MISSED"}`;
    console.log(`  ${what.padEnd(width)}  ${rounded(value).padStart(8)} ${unit.padEnd(12)}${aim}`);
  }
}
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}`;
console.log(`\nOn ${machine}.`);
if (values.json)
  writeFileSync(values.json, `${JSON.stringify({ machine, at: new Date().toISOString(), results }, null, 2)}\n`);
