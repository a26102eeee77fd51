/** Writes resources that were renamed through aliases under their new name, everywhere they are mentioned. */
import type { ResourceState } from "./state.ts";
import { makeUrn, parseReference, parseUrn, referenceText, STACK_TYPE } from "./urn.ts";

/** The resources with old names replaced; aliases have then done their work and go. */
export function withoutAliases(resources: ResourceState[]): ResourceState[] {
  const names = newNames(resources);
  if (names.size === 0) return resources;
  const rename = (urn: string) => names.get(urn) ?? urn;
  return resources.map((resource) => {
    const { provider, propertyDependencies } = resource;
    const reference = provider === "" ? undefined : parseReference(provider);
    return {
      ...resource,
      urn: rename(resource.urn),
      parent: rename(resource.parent),
      provider: reference ? referenceText({ ...reference, urn: rename(reference.urn) }) : "",
      dependencies: resource.dependencies.map(rename),
      propertyDependencies: Object.fromEntries(
        Object.entries(propertyDependencies).map(([key, urns]) => [key, urns.map(rename)]),
      ),
      deletedWith: rename(resource.deletedWith),
      replaceWith: resource.replaceWith.map(rename),
      aliases: [],
    };
  });
}

/** Old URN to new URN: by aliases, and for children of what was renamed. */
function newNames(resources: ResourceState[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { urn, aliases, parent } of resources) {
    for (const alias of aliases) names.set(alias, urn);
    const newParent = names.get(parent);
    if (newParent === undefined || parseUrn(newParent).qualifiedType === STACK_TYPE) continue;
    const { stack, project, type, name } = parseUrn(urn);
    const renamed = makeUrn(stack, project, newParent, type, name);
    if (renamed !== urn) names.set(urn, renamed);
  }
  return names;
}
