import { disturbEachKind } from "./each-kind.ts";
import { WAYS } from "./life.ts";

await disturbEachKind(WAYS.virtual);
