import { login } from "../cloud/client.ts";
import { getNode, ironic } from "../cloud/nodes.ts";
import { makeAvailable } from "../cloud/reset.ts";
const alpha = await login("alpha");
const n = await getNode("alpha-0"); console.log(n.provision_state, n.power_state, n.instance_uuid, n.allocation_uuid, n.last_error);
for (const t of (await ironic("GET", `/volume/targets?node=${n.uuid}&detail=true`)).targets as never[]) { console.log(t); }
for (const x of await alpha.list("cinder","/attachments","attachments")) console.log(x);
