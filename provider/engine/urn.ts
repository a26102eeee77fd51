/** URNs, the names of resources in state, and the references to providers built from them. */
import { UNKNOWN_TEXT } from "./values.ts";

/** The type of the resource that stands for the stack. */
export const STACK_TYPE = "pulumi:pulumi:Stack";
/** The type of the resource that reads the outputs of another stack. */
export const STACK_REFERENCE_TYPE = "pulumi:pulumi:StackReference";
const PROVIDER_PREFIX = "pulumi:providers:";

/** The parts of a URN. */
export interface UrnParts {
  stack: string;
  project: string;
  /** The types of the parents and of the resource itself, joined by "$". */
  qualifiedType: string;
  type: string;
  name: string;
}

/** Splits a URN; throws when the text is none. */
export function parseUrn(urn: string): UrnParts {
  const [prefix, project, qualifiedType, ...name] = urn.split("::");
  if (!prefix?.startsWith("urn:pulumi:") || project === undefined || qualifiedType === undefined || name.length === 0)
    throw new Error(`invalid URN "${urn}"`);
  return {
    stack: prefix.slice("urn:pulumi:".length),
    project,
    qualifiedType,
    type: qualifiedType.slice(qualifiedType.lastIndexOf("$") + 1),
    name: name.join("::"),
  };
}

/** Builds a URN; a parent that is the stack itself does not show in it. */
export function makeUrn(stack: string, project: string, parent: string, type: string, name: string): string {
  const parentType = parent === "" ? "" : parseUrn(parent).qualifiedType;
  const qualified = parentType === "" || parentType === STACK_TYPE ? type : `${parentType}$${type}`;
  return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
}

/** Whether a resource type is that of a provider. */
export const isProviderType = (type: string): boolean => type.startsWith(PROVIDER_PREFIX);

/** The resource type of a package's provider. */
export const providerType = (packageName: string): string => PROVIDER_PREFIX + packageName;

/** The package of a provider's or resource's type. */
export function packageOf(type: string): string {
  return isProviderType(type) ? type.slice(PROVIDER_PREFIX.length) : (type.split(":")[0] ?? "");
}

/** Whether a URN is that of a default provider, which users do not see. */
export function isDefaultProvider(urn: string): boolean {
  const { type, name } = parseUrn(urn);
  return isProviderType(type) && (name === "default" || name.startsWith("default_"));
}

/** The id of a provider that does not exist yet in a preview. */
export const UNKNOWN_ID = UNKNOWN_TEXT;

/** A provider as resources refer to it: its URN and id. */
export interface ProviderReference {
  urn: string;
  id: string;
}

/** Splits the text of a provider reference. */
export function parseReference(text: string): ProviderReference {
  const at = text.lastIndexOf("::");
  if (at < 0) throw new Error(`bad provider reference "${text}"`);
  return { urn: text.slice(0, at), id: text.slice(at + 2) };
}

/** The text of a provider reference. */
export const referenceText = (reference: ProviderReference): string => `${reference.urn}::${reference.id}`;
