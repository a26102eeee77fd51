/** The whole matrix, in the order in which it is shown. */
import type { Row } from "../table.ts";
import { IRONIC } from "./ironic.ts";
import { NOVA } from "./nova.ts";
import { NETWORK, STORAGE } from "./storage.ts";

export const MATRIX: readonly Row[] = [...IRONIC, ...NOVA, ...STORAGE, ...NETWORK];
