import type { Answer, Call, Json } from "../kernel/call.ts";
import { bool } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import { CHANGE, MAKE, MEMBERS } from "./bodies.ts";
import { invalid, notFound, outer } from "./errors.ts";
import { listOf, one } from "./lists.ts";
import { checkAddress, checkMember, memberChanges, memberFields } from "./members.ts";
import { commonChanges, mayRead, mayWrite, type Octavia } from "./octavia.ts";
import type { Member, Pool } from "./rows.ts";
import { readBody, readObject } from "./types.ts";
import { memberView } from "./view.ts";
import { seen } from "./vip.ts";

/** Members of a pool: /lbaas/pools/{pool}/members. */
export function memberRoutes(octavia: Octavia): Route[] {
  const { tables } = octavia;
  const path = "/lbaas/pools/{pool}/members";
  return [
    route("GET", path, (call) => {
      const pool = parentOf(octavia, call);
      mayRead(call, pool.project_id, "service");
      return listOf(call, "members", tables.members.by("parent", pool.id), memberView);
    }),
    route("POST", path, (call) => make(octavia, call)),
    route("PUT", path, (call) => replaceAll(octavia, call)),
    route("GET", `${path}/{id}`, (call) => {
      const member = memberOf(octavia, call, (project) => mayRead(call, project, "service"));
      return one(call, "member", memberView(member));
    }),
    route("PUT", `${path}/{id}`, (call) => {
      parentOf(octavia, call);
      const body = readObject(call.body, "member_", "member", CHANGE.member);
      const member = memberOf(octavia, call, (project) => mayWrite(call, project));
      const pool = takeWith(octavia, member.pool_id);
      octavia.change(tables.members, member, {
        ...withoutDescription(commonChanges(body)),
        ...memberChanges(body),
        provisioning_status: "PENDING_UPDATE",
      });
      octavia.worker.send("update_member", pool.load_balancer_id, { kind: "members", id: member.id });
      return { status: 200, body: { member: memberView(member) } };
    }),
    route("DELETE", `${path}/{id}`, (call) => {
      parentOf(octavia, call);
      const member = memberOf(octavia, call, (project) => mayWrite(call, project));
      const pool = takeWith(octavia, member.pool_id);
      octavia.change(tables.members, member, { provisioning_status: "PENDING_DELETE" });
      octavia.worker.send("delete_member", pool.load_balancer_id, { kind: "members", id: member.id });
      return { status: 204 };
    }),
  ];
}

function withoutDescription(fields: Json): Json {
  const { description: _, ...kept } = fields;
  return kept;
}

/** The pool of the path. It is looked for before anything else. */
function parentOf(octavia: Octavia, call: Call): Pool {
  const id = call.params["pool"]!;
  const pool = octavia.tables.pools.get(id);
  if (!pool) throw outer(404, `Pool ${id} not found.`, "Bad Request");
  return pool;
}

function memberOf(octavia: Octavia, call: Call, allowed: (projectId: string) => void): Member {
  parentOf(octavia, call);
  const id = call.params["id"]!;
  const member = octavia.tables.members.get(id);
  if (!member) throw notFound("Member", id);
  allowed(member.project_id);
  if (member.pool_id !== call.params["pool"]) throw notFound("Member", id);
  return member;
}

/** Takes the load balancer of a pool for a change of its members. */
function takeWith(octavia: Octavia, poolId: string): Pool {
  const pool = octavia.tables.pools.get(poolId)!;
  octavia.take(pool.load_balancer_id, { listeners: octavia.tables.listenersOf(poolId), pool });
  return pool;
}

async function make(octavia: Octavia, call: Call): Promise<Answer> {
  const { project_id } = parentOf(octavia, call);
  const body = readObject(call.body, "member_", "member", MAKE.member);
  mayWrite(call, project_id);
  if (typeof body["address"] === "string") checkAddress(body["address"]);
  if (body["subnet_id"]) await seen(octavia, call, "Subnet", "subnets", body["subnet_id"] as string);
  const pool = parentOf(octavia, call);
  octavia.checkQuota(pool.project_id, "member");
  octavia.mutable(pool.load_balancer_id, pool);
  checkMember(octavia, pool, body);
  takeWith(octavia, pool.id);
  const member = octavia.tables.members.put(memberFields(octavia, pool, body));
  octavia.worker.send("create_member", pool.load_balancer_id, { kind: "members", id: member.id });
  return { status: 201, body: { member: memberView(member) } };
}

async function replaceAll(octavia: Octavia, call: Call): Promise<Answer> {
  const { project_id } = parentOf(octavia, call);
  const bodies = readBody(call.body, "members_", "members", MEMBERS) as Json[];
  const additive = bool(call.query.get("additive_only") ?? "false") === true;
  mayWrite(call, project_id);
  const { members } = octavia.tables;
  const key = (one: { address?: unknown; protocol_port?: unknown }) => `${one.address} ${one.protocol_port}`;
  {
    const pool = parentOf(octavia, call);
    octavia.mutable(pool.load_balancer_id, pool);
  }
  const subnets = new Set(bodies.flatMap((body) => (body["subnet_id"] as string | null | undefined) ?? []));
  for (const subnet of subnets) await seen(octavia, call, "Subnet", "subnets", subnet);
  const pool = parentOf(octavia, call);
  octavia.mutable(pool.load_balancer_id, pool);
  const old = new Map(members.by("parent", pool.id).map((member) => [key(member), member]));
  const changed = new Map<Member, Json>();
  const added = new Map<string, Json>();
  for (const body of bodies) {
    const member = old.get(key(body));
    if (member) {
      if (changed.has(member)) throw invalid("Member must be updated only once in the same request.");
      changed.set(member, body);
    } else {
      checkMember(octavia, pool, body);
      if (added.has(key(body))) checkTwice(body);
      added.set(key(body), body);
    }
  }
  const gone = [...old.values()].filter((member) => !changed.has(member));
  if (changed.size + added.size + gone.length === 0) return { status: 202 };
  const more = added.size - (additive ? 0 : gone.length);
  if (more > 0) octavia.checkQuota(pool.project_id, "member", more);
  takeWith(octavia, pool.id);
  const targets = [...added.values()].map((body) => members.put(memberFields(octavia, pool, body)));
  for (const [member, body] of changed) {
    const sent = (call.body as { members: Json[] }).members.find((one) => key(one) === key(member)) ?? {};
    const given = { ...body, ...(sent["name"] === undefined ? { name: undefined } : {}) };
    octavia.change(members, member, {
      ...withoutDescription(commonChanges(given)),
      ...memberChanges(given),
      provisioning_status: "PENDING_UPDATE",
    });
    targets.push(member);
  }
  if (!additive)
    for (const member of gone) targets.push(octavia.change(members, member, { provisioning_status: "PENDING_DELETE" }));
  octavia.worker.send(
    "batch_update_members",
    pool.load_balancer_id,
    ...targets.map(({ id }) => ({ kind: "members" as const, id })),
  );
  return { status: 202 };
}

function checkTwice(body: Json): never {
  throw invalid(`Member ${String(body["address"])}:${String(body["protocol_port"])} is in the request twice.`);
}
