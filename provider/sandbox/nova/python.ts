import { repr } from "../kernel/python.ts";

/** A JSON value as Python would print it alone. */
export const str = (value: unknown): string => (typeof value === "string" ? value : repr(value));
