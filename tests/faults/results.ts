/** The results of cells as a file, a line each; a later one of the same cell counts. */
import { readFileSync } from "node:fs";
import type { Result } from "./table.ts";

/** By what the results of one cell are known. */
export const cellKey = ({ stage, fault, operation }: Pick<Result, "stage" | "fault" | "operation">): string =>
  `${stage}/${fault}/${operation}`;

/** Reads such a file. */
export const readResults = (file: string): Result[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Result);
