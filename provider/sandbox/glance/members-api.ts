import type { Call, Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import { bad } from "./errors.ts";
import { bodyOf, type Glance, isoZ } from "./glance.ts";
import type { ImageRow, MemberRow } from "./rows.ts";

const NOT_SHARED = "Only shared images have members.";

/** The projects that an image is shared with. */
export function memberRoutes(glance: Glance): Route[] {
  const find = (call: Call): ImageRow => glance.find(call, (id) => new Refusal(404, `Image ${id} not found.`));
  const memberOf = (call: Call, image: ImageRow): MemberRow => {
    const id = call.params["member"]!;
    const member = glance.member(image, id);
    if (!member || !sees(call, image, member))
      throw new Refusal(404, `${id} not found in the member list of the image ${image.id}.`);
    return member;
  };
  const sees = ({ caller }: Call, image: ImageRow, member: MemberRow) =>
    caller.roles.has("admin") || image.owner === caller.projectId || member.member_id === caller.projectId;
  const mustBeShared = (image: ImageRow, refusal: string) => {
    if (image.visibility !== "shared") throw new Refusal(403, refusal);
  };

  return [
    route("GET", "/v2/images/{image}/members", (call) => {
      const image = find(call);
      glance.must("get_members", call.caller, image);
      mustBeShared(image, `Not allowed to list members for image ${image.id}: ${NOT_SHARED}`);
      const members = glance.members.by("image", image.id).filter((member) => sees(call, image, member));
      return { status: 200, body: { members: members.map(memberView), schema: "/v2/schemas/members" } };
    }),
    route("GET", "/v2/images/{image}/members/{member}", (call) => {
      const image = find(call);
      glance.must("get_member", call.caller, image);
      return { status: 200, body: memberView(memberOf(call, image)) };
    }),
    route("POST", "/v2/images/{image}/members", (call) => {
      const body = bodyOf(call);
      const id = isObject(body) ? body["member"] : undefined;
      if (id === undefined) throw bad("Member to be added not specified");
      if (typeof id !== "string" || id === "") throw bad("Member can't be empty");
      const image = find(call);
      glance.must("add_member", call.caller, image);
      mustBeShared(image, `Not allowed to create members for image ${image.id}.`);
      if (glance.member(image, id)) throw new Refusal(409, `Member ${id} is duplicated for image ${image.id}`);
      const now = glance.world.clock.now();
      const member = glance.members.put({
        id: `${image.id} ${id}`,
        image_id: image.id,
        member_id: id,
        status: "pending",
        created: now,
        updated: now,
      });
      return { status: 200, body: memberView(member) };
    }),
    route("PUT", "/v2/images/{image}/members/{member}", (call) => {
      const body = bodyOf(call);
      const status = isObject(body) ? body["status"] : undefined;
      if (status === undefined) throw bad("Status not specified");
      if (status === "") throw bad("Status can't be empty");
      const image = find(call);
      const member = memberOf(call, image);
      if (!call.caller.roles.has("admin") && member.member_id !== call.caller.projectId)
        throw new Refusal(403, "You are not authorized to complete modify_member action.");
      if (status !== "pending" && status !== "accepted" && status !== "rejected")
        throw bad('Incorrect request: Status must be "pending", "accepted" or "rejected".');
      const changed = glance.members.put({ ...member, status, updated: glance.world.clock.now() });
      return { status: 200, body: memberView(changed) };
    }),
    route("DELETE", "/v2/images/{image}/members/{member}", (call) => {
      const image = find(call);
      const member = memberOf(call, image);
      glance.must("delete_member", call.caller, image);
      glance.members.delete(member.id);
      return { status: 204 };
    }),
  ];
}

function memberView(member: MemberRow): Json {
  return {
    member_id: member.member_id,
    image_id: member.image_id,
    status: member.status,
    created_at: isoZ(member.created),
    updated_at: isoZ(member.updated),
    schema: "/v2/schemas/member",
  };
}
