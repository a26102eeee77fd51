/** The cells of the matrix as the page shows them. */
import { MATRIX } from "./matrix/index.ts";
import { STAGES } from "./stages.ts";
import { OPERATIONS, type Operation } from "./table.ts";

/** A cell, and why there is nothing to run in it where there is not. */
export interface Shown {
  readonly fault: string;
  readonly stage: string;
  readonly operation: Operation;
  readonly empty?: string;
}

/** All cells, in the matrix' order. */
export const cellsToShow = (): Shown[] =>
  MATRIX.flatMap((row) =>
    OPERATIONS.map((operation) => {
      const cell = row[operation];
      const { fault } = row;
      const stage = STAGES[row.stage].title;
      return { fault, stage, operation, ...(typeof cell === "string" && { empty: cell }) };
    }),
  );
