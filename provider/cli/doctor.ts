import { Failure } from "../core/index.ts";
import { resolveCloudConfig, Session, systemSources } from "../openstack/index.ts";
import { type Command, type Output, textOf, UsageError } from "./command.ts";
import { type Finding, failed, WAYS } from "./doctor/finding.ts";
import { look } from "./doctor/look.ts";
import { findingsOf, report, reportJson, verdictsOf } from "./doctor/report.ts";

/** `pulumi-baremetal doctor`. */
export const doctor: Command = {
  name: "doctor",
  about: "what of this cloud works with this credential, and what to do about the rest",
  usage: "[--cloud NAME] [--json]",
  help: [
    "Looks at credential, roles, services and their versions, quotas, machines, images, networks and volumes, and says what",
    "works, what does not, and whose move it is. It only reads. The cloud is the one of OS_* or OS_CLOUD.",
    "Exit code 0: a machine can be made by at least one way; 1: by none.",
  ].join("\n"),
  options: {
    cloud: { value: "NAME", about: "an entry of clouds.yaml, as `openstack:cloud` in a stack names it" },
    json: { about: "print JSON" },
  },
  async run(given, output) {
    if (given.arguments.length > 0) throw new UsageError(`doctor takes no arguments: ${given.arguments.join(" ")}`);
    const findings = await examine(textOf(given, "cloud"), output);
    output.say(given.options["json"] === true ? reportJson(findings) : report(findings));
    return verdictsOf(findings).some(({ open }) => open) ? 0 : 1;
  },
};

/** Looks and judges; a credential that does not even log in is the one finding then. */
async function examine(cloud: string | undefined, output: Output): Promise<Finding[]> {
  let session: Session | undefined;
  try {
    const stack = cloud === undefined ? undefined : (key: string) => (key === "openstack:cloud" ? cloud : undefined);
    const config = resolveCloudConfig(systemSources(stack));
    output.complain(`asking ${config.authUrl} …`);
    // Somebody waits for the answer: what is down is told soon, not tried for minutes.
    session = new Session(config, {
      limits: { totalMs: 10_000, connectionRetries: 1 },
      timeouts: { connectMs: 5_000, firstByteMs: 20_000 },
    });
    return findingsOf(await look(session));
  } catch (error) {
    if (error instanceof Failure) return [failed("Credential", error, WAYS)];
    throw error;
  } finally {
    session?.close();
  }
}
