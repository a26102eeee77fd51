import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseDocument } from "yaml";
import type { Sandbox } from "../sandbox/index.ts";

/** Writes a cloud's entry into a clouds.yaml; all other entries and comments stay. Throws where the file is no YAML. */
export function writeCloudsEntry(file: string, name: string, running: Sandbox): void {
  const document = parseDocument(existsSync(file) ? readFileSync(file, "utf8") : "clouds: {}\n");
  if (document.errors.length > 0) throw new Error(`${file} is no YAML: ${document.errors[0]!.message}`);
  const env = running.environment();
  document.setIn(
    ["clouds", name],
    document.createNode({
      auth: {
        auth_url: running.authUrl,
        username: env["OS_USERNAME"],
        password: env["OS_PASSWORD"],
        project_name: env["OS_PROJECT_NAME"],
        user_domain_name: "Default",
        project_domain_name: "Default",
      },
      region_name: env["OS_REGION_NAME"],
      identity_api_version: 3,
    }),
  );
  // A fresh `{}` would keep all entries on one line.
  const clouds = document.get("clouds") as { flow?: boolean };
  clouds.flow = false;
  writeFileSync(file, document.toString(), { mode: 0o600 });
}
