import type { Row } from "../kernel/store.ts";

/** How much of a resource class a provider has. */
export interface Inventory {
  total: number;
  reserved: number;
  min_unit: number;
  max_unit: number;
  step_size: number;
  allocation_ratio: number;
}

export interface ProviderRow extends Row {
  name: string;
  generation: number;
  parent: string | null;
  root: string;
  inventories: Record<string, Inventory>;
  traits: string[];
  aggregates: string[];
}

/** A resource class or trait of one's own; the id is its name. */
export type NameRow = Row;

export interface ConsumerRow extends Row {
  project_id: string;
  user_id: string;
  /** null where a client of an old microversion made it. */
  type: string | null;
  generation: number;
}

/** What a consumer has of a provider; the id is `consumer provider`. */
export interface AllocationRow extends Row {
  consumer: string;
  provider: string;
  resources: Record<string, number>;
}
