/**
 * `npm run bench [-- names] [--only TEXT] [--json FILE] [--write FILE]`: measures and prints a table; with --json also a file,
 * with --write the tables into a Markdown file. Figures of time and memory depend on the machine and on what else runs on it:
 * they are for reading and for comparing side by side, no test asserts them.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Benchmark, Figure } from "../tests/bench/figure.ts";
import { refresh } from "../tests/bench/refresh.ts";
import { resource } from "../tests/bench/resource.ts";
import { sandboxScale } from "../tests/bench/sandbox-scale.ts";
import { waiting } from "../tests/bench/waiting.ts";

const BENCHMARKS: readonly Benchmark[] = [waiting, refresh, resource, sandboxScale];
/** Of whole programs, which run what is in dist/. */
const BUILT: readonly Benchmark[] = [waiting, refresh, resource];

const { values, positionals } = parseArgs({
  options: { json: { type: "string" }, write: { type: "string" }, only: { type: "string" } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !BENCHMARKS.some((one) => one.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.join(", ")}. There are: ${BENCHMARKS.map((one) => one.name).join(" ")}`,
  );
  process.exit(2);
}
const chosen = BENCHMARKS.filter((one) => positionals.length === 0 || positionals.includes(one.name));
if (chosen.some((one) => BUILT.includes(one)))
  execFileSync(process.execPath, [join(import.meta.dirname, "build.ts"), "--quick"], { stdio: "inherit" });

const rounded = (value: number) =>
  Number.isInteger(value) || Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
const load = () => `load ${loadavg()[0]!.toFixed(1)}`;
const results: { benchmark: string; about: string; load: string; figures: Figure[] }[] = [];
for (const benchmark of chosen) {
  console.log(`${benchmark.name}: ${benchmark.about} (usually ${benchmark.usual})`);
  const figures = await benchmark.run((line) => console.log(`    ${line}`), values.only);
  results.push({ benchmark: benchmark.name, about: benchmark.about, load: load(), figures });
  const width = Math.max(0, ...figures.map(({ what }) => what.length));
  for (const { what, value, unit, atMost } of figures) {
    const aim = atMost === undefined ? "" : `  aim: at most ${atMost} ${unit}${value <= atMost ? "" : "  MISSED"}`;
    console.log(`  ${what.padEnd(width)}  ${rounded(value).padStart(8)} ${unit.padEnd(12)}${aim}`);
  }
}
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}`;
console.log(`\nOn ${machine}; ${load()}.`);
const at = new Date().toISOString();
if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine, at, results }, null, 2)}\n`);
if (values.write) writeTables(values.write);

/** Puts each table in the place of the one before it, between comments that name the benchmark. */
function writeTables(file: string): void {
  let text = readFileSync(file, "utf8");
  for (const { benchmark, about, load: when, figures } of results) {
    const rows = figures.map(({ what, value, unit, atMost }) => {
      const aim = atMost === undefined ? "" : `${atMost} ${unit}`;
      const shown = `${rounded(value)} ${unit}`;
      return `| ${what} | ${aim} | ${atMost !== undefined && value > atMost ? `**${shown}** (missed)` : shown} |`;
    });
    const command = `npm run bench -- ${benchmark}${values.only ? ` --only ${JSON.stringify(values.only)}` : ""}`;
    const table = [
      `<!-- ${benchmark} -->`,
      `${about[0]!.toUpperCase()}${about.slice(1)}. By \`${command}\`, ${at.slice(0, 10)}, on ${machine}, ${when}.`,
      "",
      "| | at most | measured |",
      "| --- | --- | --- |",
      ...rows,
      `<!-- /${benchmark} -->`,
    ].join("\n");
    const place = new RegExp(`<!-- ${benchmark} -->[\\s\\S]*?<!-- /${benchmark} -->`);
    if (!place.test(text))
      throw new Error(`${file} has no place for ${benchmark}: <!-- ${benchmark} --><!-- /${benchmark} -->`);
    text = text.replace(place, () => table);
  }
  writeFileSync(file, text);
}
