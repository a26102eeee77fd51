import * as pulumi from "@pulumi/pulumi";

/** What a generated class tells {@link BaremetalResource} about its type. */
export interface ResourceTraits {
  /** The type's name: `Server`. */
  readonly type: string;
  /** Inputs whose values are kept encrypted. */
  readonly secrets: readonly string[];
  /** All outputs. */
  readonly outputs: readonly string[];
  /** Whether a replacement must delete the old object first. */
  readonly deleteBeforeReplace: boolean;
}

/**
 * The base of every resource of this package: a resource of Pulumi's dynamic provider whose code is one constant line.
 * The line names the installed package, so state holds no code, and a new release shows no difference.
 */
export abstract class BaremetalResource extends pulumi.CustomResource {
  protected constructor(traits: ResourceTraits, name: string, args: object, opts: pulumi.CustomResourceOptions = {}) {
    const type = `pulumi-nodejs:dynamic/baremetal:${traits.type}`;
    const props: Record<string, unknown> = {
      ...Object.fromEntries(traits.outputs.map((key) => [key, undefined])),
      ...args,
    };
    for (const key of traits.secrets) if (props[key] !== undefined) props[key] = pulumi.secret(props[key]);
    props["identity"] = identityOf(pulumi.createUrn(name, traits.type, opts.parent));
    // Dynamic providers never see customTimeouts; they travel as an input.
    if (opts.customTimeouts) props["timeouts"] = timeoutsOf(opts.customTimeouts);
    props["__provider"] = `exports.handler = () => require("pulumi-baremetal/dynamic").resources.${traits.type};`;
    const secretOutputs = [...new Set([...(opts.additionalSecretOutputs ?? []), ...traits.secrets])];
    super(type, name, props, {
      ...(traits.deleteBeforeReplace && { deleteBeforeReplace: true }),
      ...opts,
      ...(secretOutputs.length && { additionalSecretOutputs: secretOutputs }),
    });
  }
}

/** `urn:pulumi:dev::shop::my:comp:Db$Server::main` as the provider's identity: `shop/dev/my:comp:Db$Server/main`. */
function identityOf(urn: pulumi.Output<string>): pulumi.Output<string> {
  return urn.apply((text) => {
    const [stack, project, types, ...name] = text.slice("urn:pulumi:".length).split("::");
    const type = types!.replace("pulumi:pulumi:Stack$", "");
    return `${project}/${stack}/${type.replaceAll("/", ".")}/${name.join("::")}`;
  });
}

function timeoutsOf(timeouts: pulumi.CustomTimeouts): Record<string, string> {
  return Object.fromEntries(
    Object.entries(timeouts).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
