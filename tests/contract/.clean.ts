import { login } from "../cloud/client.ts";
import { ironic } from "../cloud/nodes.ts";
const s = await login("alpha");
const x = (await s.call("nova","GET","/servers/309544d9-1dee-477c-8c42-a0c62be137b9")).server as any; console.log(x.status, x.fault, x["OS-EXT-STS:task_state"], x.updated);
for (const a of (await s.call("nova","GET","/servers/309544d9-1dee-477c-8c42-a0c62be137b9/os-instance-actions")).instanceActions as any[]) console.log(a.action, a.start_time, a.message);
for (const n of (await ironic("GET","/nodes?instance_uuid=309544d9-1dee-477c-8c42-a0c62be137b9&detail=true")).nodes as any[]) console.log(n.name, n.provision_state, n.last_error, n.maintenance, n.fault);
const b = await login("beta");
for (const m of (await b.list("cinder","/messages?limit=5","messages"))) console.log(m);
