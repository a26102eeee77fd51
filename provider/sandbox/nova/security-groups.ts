import type { Call, Json } from "../kernel/call.ts";
import { list, object } from "../kernel/input.ts";
import type { Nova } from "./core.ts";
import { bad, forbidden, missing } from "./errors.ts";
import type { Network } from "./network.ts";
import type { ServerRow } from "./rows.ts";

/** Puts a security group on all ports of a server, or takes it off them. */
export async function changeGroup(
  nova: Nova,
  network: Network,
  call: Call,
  server: ServerRow,
  given: Json,
  add: boolean,
): Promise<undefined> {
  const name = String(given["name"] ?? "");
  if (name === "") throw bad("Security group name is not specified");
  const query = `/security-groups?project_id=${server.project}`;
  const all = list((await network.ask("GET", query, undefined, call.caller))["security_groups"]).map(object);
  const group = all.find((one) => one["name"] === name || one["id"] === name);
  if (!group) throw missing(`Security group ${name} is not found for project ${server.project}`);
  const id = String(group["id"]);
  let found = false;
  for (const { port } of server.vifs) {
    const have = list((await network.port(port))?.["security_groups"]).map(String);
    if (!add && !have.includes(id)) continue;
    found = true;
    if (add && have.includes(id))
      throw bad(
        `Invalid input for security_groups. Reason: Duplicate items in the list: '${id}'.\nNeutron server returns request_ids: ['req-${nova.world.random.uuid()}']`,
      );
    const security_groups = add ? [...have, id] : have.filter((one) => one !== id);
    await network.ask("PUT", `/ports/${port}`, { port: { security_groups } });
  }
  if (!found)
    throw add
      ? forbidden(`Security group ${name} cannot be added to the instance ${server.id}`)
      : missing(`Security group ${name} not associated with the instance ${server.id}`);
  await network.refresh(server);
}
