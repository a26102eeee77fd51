import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** What every table's rows have. A row is plain JSON. */
export interface Row {
  id: string;
}

/** Told of each row that was put or deleted, after it happened. */
export type Watcher<T extends Row> = (row: T, gone: boolean) => void;

/** Rows of one kind by id, in the order in which they were first put. Whoever changes a row puts it again. */
export class Table<T extends Row> {
  readonly name: string;
  readonly #rows = new Map<string, T>();
  readonly #indexes = new Map<
    string,
    { keyOf: (row: T) => string | null | undefined; ids: Map<string, Set<string>>; of: Map<string, string> }
  >();
  readonly #watchers = new Set<Watcher<T>>();
  readonly #log: (line: unknown) => void;

  constructor(name: string, log: (line: unknown) => void) {
    this.name = name;
    this.#log = log;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): T | undefined {
    return this.#rows.get(id);
  }

  values(): T[] {
    return [...this.#rows.values()];
  }

  find(test: (row: T) => boolean): T | undefined {
    for (const row of this.#rows.values()) if (test(row)) return row;
    return undefined;
  }

  filter(test: (row: T) => boolean): T[] {
    const found: T[] = [];
    for (const row of this.#rows.values()) if (test(row)) found.push(row);
    return found;
  }

  /** Adds the row, or writes down what changed in it. */
  put(row: T): T {
    this.#rows.set(row.id, row);
    for (const index of this.#indexes.values()) this.#enter(index, row);
    this.#log([this.name, row.id, row]);
    for (const watcher of [...this.#watchers]) watcher(row, false);
    return row;
  }

  delete(id: string): void {
    const row = this.#rows.get(id);
    if (!row) return;
    this.#rows.delete(id);
    for (const { ids, of } of this.#indexes.values()) {
      ids.get(of.get(id)!)?.delete(id);
      of.delete(id);
    }
    this.#log([this.name, id, null]);
    for (const watcher of [...this.#watchers]) watcher(row, true);
  }

  /** Keeps rows findable by a key. Declare it once, where the table is first asked for. */
  index(name: string, keyOf: (row: T) => string | null | undefined): this {
    if (this.#indexes.has(name)) return this;
    const index = { keyOf, ids: new Map<string, Set<string>>(), of: new Map<string, string>() };
    this.#indexes.set(name, index);
    for (const row of this.#rows.values()) this.#enter(index, row);
    return this;
  }

  #enter(
    index: { keyOf: (row: T) => string | null | undefined; ids: Map<string, Set<string>>; of: Map<string, string> },
    row: T,
  ): void {
    const key = index.keyOf(row) ?? undefined;
    const before = index.of.get(row.id);
    if (before === key) return;
    if (before !== undefined) index.ids.get(before)?.delete(row.id);
    if (key === undefined) {
      index.of.delete(row.id);
      return;
    }
    index.of.set(row.id, key);
    const ids = index.ids.get(key) ?? new Set();
    index.ids.set(key, ids.add(row.id));
  }

  /** The rows that have this key in an index. */
  by(index: string, key: string): T[] {
    const found = this.#indexes.get(index);
    if (!found) throw new Error(`table ${this.name} has no index ${index}`);
    return [...(found.ids.get(key) ?? [])].map((id) => this.#rows.get(id)!);
  }

  /** Calls `watcher` after each change, until the returned function is called. */
  watch(watcher: Watcher<T>): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** The row once `test` holds for it, undefined once it is gone; asks again after each change of it. */
  until(id: string, test: (row: T) => boolean): Promise<T | undefined> {
    return new Promise((resolve) => {
      const look = (row: T | undefined): boolean => {
        if (row && !test(row)) return false;
        stop();
        resolve(row);
        return true;
      };
      let stop = () => {};
      const now = this.get(id);
      if (look(now)) return;
      stop = this.watch((row, gone) => {
        if (row.id === id) look(gone ? undefined : row);
      });
    });
  }

  /** Only for loading: takes a row as it was written. */
  load(id: string, row: T | null): void {
    if (row) this.#rows.set(id, row);
    else this.#rows.delete(id);
  }
}

/** All tables of a cloud; with a folder, each change is in its log before the answer that tells of it. */
export class Store {
  readonly #tables = new Map<string, Table<Row>>();
  #pending: string[] = [];
  #file: number | undefined;
  /** Whether a folder held a state, which was loaded. */
  readonly loaded: boolean;

  /** @param folder where the state is kept; without one it ends with the process */
  constructor(folder?: string) {
    this.loaded = folder !== undefined && existsSync(join(folder, LOG));
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    if (this.loaded) this.#load(folder);
    this.#compact(folder);
    this.#file = openSync(join(folder, LOG), "a");
  }

  /** A table by its name, `ironic.nodes`; the same object each time. */
  table<T extends Row>(name: string): Table<T> {
    const have = this.#tables.get(name);
    if (have) return have as unknown as Table<T>;
    const table = new Table<T>(name, (line) => {
      if (this.#file !== undefined) this.#pending.push(JSON.stringify(line));
    });
    this.#tables.set(name, table as unknown as Table<Row>);
    return table;
  }

  /** Writes what is pending; after this a killed process has lost nothing. */
  flush(): void {
    if (this.#pending.length === 0 || this.#file === undefined) return;
    const text = `${this.#pending.join("\n")}\n`;
    this.#pending = [];
    writeSync(this.#file, text);
  }

  close(): void {
    this.flush();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** A last line that a killed process wrote by half is left out: its change was never answered. */
  #load(folder: string): void {
    for (const line of readFileSync(join(folder, LOG), "utf8").split("\n")) {
      if (line === "") continue;
      let parsed: [string, string, Row | null];
      try {
        parsed = JSON.parse(line) as typeof parsed;
      } catch {
        continue;
      }
      const [name, id, row] = parsed;
      this.table(name).load(id, row);
    }
  }

  #compact(folder: string): void {
    const next = join(folder, `${LOG}.next`);
    writeFileSync(next, "");
    for (const table of this.#tables.values())
      for (const row of table.values()) appendFileSync(next, `${JSON.stringify([table.name, row.id, row])}\n`);
    renameSync(next, join(folder, LOG));
  }
}

const LOG = "state.jsonl";
