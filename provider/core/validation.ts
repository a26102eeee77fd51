import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { hasUnknown, isUnknown } from "./unknown.ts";

/** What is wrong with one property: its path (`disks[0].sizeGiB`, empty for the whole) and why, for people. */
export interface Problem {
  readonly path: string;
  readonly reason: string;
}

/** The annotations that our schemas carry beside JSON Schema's own keywords. */
const VOCABULARY = ["replaces", "secret", "reinstalls", "sdkSets"];

const ajv = new Ajv({
  allErrors: true,
  useDefaults: false,
  strict: true,
  strictTypes: false,
  verbose: true,
  discriminator: true,
});
ajv.addVocabulary(VOCABULARY);
ajv.addFormat("cidr", true);
ajv.addFormat("ip", true);

/** The JSON schema of a resource's inputs or outputs, as typebox writes it. */
export type ObjectSchema = { readonly type: "object"; readonly properties: Record<string, PropertySchema> } & Record<
  string,
  unknown
>;

/** The schema of one property with our annotations. */
export interface PropertySchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  /** A change of this property makes a new object. */
  readonly replaces?: boolean;
  /** The value is kept encrypted. */
  readonly secret?: boolean;
  /** A change of this property wipes and reinstalls the machine. */
  readonly reinstalls?: boolean;
  readonly [keyword: string]: unknown;
}

const compiled = new WeakMap<object, ValidateFunction>();

/** Checks values against a schema. Unknown values, of whatever type they will be, pass. */
export function validate(schema: ObjectSchema, values: unknown): Problem[] {
  let check = compiled.get(schema);
  if (!check) {
    check = ajv.compile(schema);
    compiled.set(schema, check);
  }
  if (check(values)) return [];
  const errors = (check.errors ?? []).filter(
    (error) => !isUnknown(error.data) && !(isChoice(error) && hasUnknown(error.data)),
  );
  // A failed choice reports each of its branches too: where the choice itself is excused or says it all, they go.
  const choices = (check.errors ?? []).filter(isChoice);
  const told = errors.filter(
    (error) => !choices.some((choice) => choice !== error && error.schemaPath.startsWith(`${choice.schemaPath}/`)),
  );
  const problems = told.map((error) => ({ path: pathOf(error), reason: reasonOf(error, schema) }));
  return problems.filter((problem, index) => problems.findIndex((other) => other.path === problem.path) === index);
}

const isChoice = (error: ErrorObject) =>
  error.keyword === "anyOf" || error.keyword === "oneOf" || error.keyword === "not";

/** `/disks/0/sizeGiB` as Pulumi writes it: `disks[0].sizeGiB`. */
export function propertyPath(pointer: string, last?: string): string {
  const parts = pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (last !== undefined) parts.push(last);
  return parts.reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path ? `${path}.${part}` : part), "");
}

function pathOf(error: ErrorObject): string {
  if (error.keyword === "additionalProperties")
    return propertyPath(error.instancePath, error.params["additionalProperty"]);
  if (error.keyword === "required") return propertyPath(error.instancePath, error.params["missingProperty"]);
  return propertyPath(error.instancePath);
}

function reasonOf(error: ErrorObject, root: ObjectSchema): string {
  const was = `, not ${show(error.data)}`;
  switch (error.keyword) {
    case "required":
      return "is required";
    case "additionalProperties": {
      const known = Object.keys((error.parentSchema as ObjectSchema | undefined)?.properties ?? root.properties);
      const near = closest(error.params["additionalProperty"], known);
      return `is not a property of this resource${near ? `; did you mean "${near}"?` : `; there are ${known.join(", ")}`}`;
    }
    case "type":
      return `must be ${article(error.params["type"])}${was}`;
    case "enum":
      return `must be one of ${(error.params["allowedValues"] as unknown[]).map((value) => JSON.stringify(value)).join(", ")}${was}`;
    case "const":
      return `must be ${JSON.stringify(error.params["allowedValue"])}${was}`;
    case "minimum":
      return `must be at least ${error.params["limit"]}${was}`;
    case "exclusiveMinimum":
      return `must be more than ${error.params["limit"]}${was}`;
    case "maximum":
      return `must be at most ${error.params["limit"]}${was}`;
    case "minLength":
      return "must not be empty";
    case "maxLength":
      return `must have at most ${error.params["limit"]} characters`;
    case "minItems":
      return `must have at least ${error.params["limit"]} item${error.params["limit"] === 1 ? "" : "s"}`;
    case "uniqueItems":
      return `has item ${error.params["i"]} twice`;
    case "pattern":
      return `must match ${error.params["pattern"]}${was}`;
    case "anyOf":
    case "oneOf": {
      const options = (error.schema as PropertySchema[]).map((option) =>
        option["const"] !== undefined
          ? JSON.stringify(option["const"])
          : option.type
            ? article(option.type)
            : "another form",
      );
      return `must be ${[...new Set(options)].join(" or ")}${was}`;
    }
    default:
      return `${error.message ?? "is not right"}${was}`;
  }
}

const article = (type: string | string[]): string =>
  [type]
    .flat()
    .map(
      (one) =>
        ({
          integer: "a whole number",
          number: "a number",
          string: "a text",
          boolean: "true or false",
          array: "a list",
          object: "an object",
        })[one] ?? one,
    )
    .join(" or ");

function show(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The known word that a mistyped one was probably meant to be. */
function closest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((candidate) => ({
    candidate,
    distance: editDistance(word.toLowerCase(), candidate.toLowerCase()),
  }));
  const best = ranked.sort((a, b) => a.distance - b.distance)[0];
  return best && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
