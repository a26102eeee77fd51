/** Putting the cells of the matrix into as few lives of a machine as they need: each life has one create and one delete. */
import { type Cell, OPERATIONS, type Operation, type Row } from "./table.ts";

/** A cell with its row. */
export interface Placed {
  readonly row: Row;
  readonly operation: Operation;
  readonly cell: Cell;
}

/** Cells that share one machine, in the order in which they run. */
export type Life = readonly Placed[];

/** The cells of rows in which there is something to run. */
export function cellsOf(rows: readonly Row[]): Placed[] {
  return rows.flatMap((row) =>
    OPERATIONS.flatMap((operation) => {
      const cell = row[operation];
      return typeof cell === "string" ? [] : [{ row, operation, cell }];
    }),
  );
}

/** Shares the cells out: creates and deletes one a life, what is between them evenly. */
export function livesOf(cells: readonly Placed[]): Life[] {
  const of = (operation: Operation) => cells.filter((placed) => placed.operation === operation);
  const [creates, updates, refreshes, deletes] = OPERATIONS.map(of) as [Placed[], Placed[], Placed[], Placed[]];
  const count = Math.max(creates.length, deletes.length, updates.length + refreshes.length > 0 ? 1 : 0);
  const share = (all: readonly Placed[], life: number) => all.filter((_, index) => index % count === life);
  return Array.from({ length: count }, (_, life) => [
    ...creates.slice(life, life + 1),
    ...share(updates, life),
    ...share(refreshes, life),
    ...deletes.slice(life, life + 1),
  ]);
}
