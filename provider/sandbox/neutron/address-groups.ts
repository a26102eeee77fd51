import type { Answer, Call } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { repr } from "../kernel/python.ts";
import { type Route, route } from "../kernel/service.ts";
import { type Attributes, attribute, BASE, orEmptyList, prefixes, STANDARD, text, toBoolean } from "./attributes.ts";
import { type Collection, found, routesOf, shown } from "./collection.ts";
import { badRequest, refusal } from "./errors.ts";
import { enforce } from "./policy.ts";
import type { AddressGroupRow } from "./rows.ts";
import type { State } from "./state.ts";

const ADDRESS_GROUP: Attributes = {
  ...BASE,
  ...STANDARD,
  description: attribute("cufs", { byDefault: "", check: text(1024) }),
  addresses: attribute("c", { convert: orEmptyList, check: prefixes }),
  shared: attribute("", { convert: toBoolean }),
};

/** `/v2.0/address-groups` and what is done to their addresses. */
export function addressGroupRoutes(state: State): Route[] {
  const groups: Collection<AddressGroupRow> = {
    path: "address-groups",
    resource: "address_group",
    plural: "address_groups",
    attributes: ADDRESS_GROUP,
    table: state.addressGroups,
    missing: (id) => refusal(404, "AddressGroupNotFound", `Address group ${id} could not be found.`),
    sees: (caller, row) =>
      row.project_id === caller.projectId || state.seesAll(caller) || state.isShared(row.id, caller),
    target: (caller, of) => ({
      owner: String(of.project_id),
      shared: of.id !== undefined && state.isShared(String(of.id), caller),
    }),
    view: ({ tags: _, ...row }) => ({ ...row, tenant_id: row.project_id }),
    create({ values }) {
      const addresses = (values["addresses"] as string[] | undefined) ?? [];
      const { tags, ...stamps } = state.stamps(addresses.length);
      return state.addressGroups.put({
        id: state.id(),
        name: values["name"] as string,
        description: values["description"] as string,
        project_id: values["project_id"] as string,
        addresses,
        ...stamps,
        tags,
      });
    },
    update(row, { values }) {
      Object.assign(row, values);
      return state.touch(state.addressGroups, row);
    },
    remove(row) {
      if (state.securityGroupRules.find(({ remote_address_group_id }) => remote_address_group_id === row.id))
        throw refusal(
          409,
          "AddressGroupInUse",
          `Address group ${row.id} is in use on one or more security group rules.`,
        );
      state.addressGroups.delete(row.id);
    },
  };
  return [
    ...routesOf(state, groups),
    route("PUT", "/v2.0/address-groups/{id}/add_addresses", (call) => change(state, groups, call, "add_addresses")),
    route("PUT", "/v2.0/address-groups/{id}/remove_addresses", (call) =>
      change(state, groups, call, "remove_addresses"),
    ),
  ];
}

function change(state: State, groups: Collection<AddressGroupRow>, call: Call, action: string): Answer {
  const row = found(groups, call.caller, call.params["id"]!);
  enforce(call.caller, action, groups.target(call.caller, row), undefined, "get_address_group");
  const given = isObject(call.body) ? call.body["addresses"] : undefined;
  const reason = prefixes(given);
  if (reason) throw badRequest(`Invalid input for addresses. Reason: ${reason}.`);
  const addresses = given as string[];
  const have = addresses.filter((one) => row.addresses.includes(one));
  if (action === "add_addresses") {
    if (have.length > 0)
      throw refusal(
        400,
        "AddressesAlreadyExist",
        `Addresses ${repr(have)} already exist in the address group ${row.id}.`,
      );
    row.addresses = [...row.addresses, ...addresses];
  } else {
    const unknown = addresses.filter((one) => !row.addresses.includes(one));
    if (unknown.length > 0)
      throw refusal(404, "AddressesNotFound", `Addresses ${repr(unknown)} not found in the address group ${row.id}.`);
    row.addresses = row.addresses.filter((one) => !addresses.includes(one));
  }
  state.touch(state.addressGroups, row, addresses.length);
  const view = { ...shown(groups, row, call.caller), shared: state.isShared(row.id, call.caller) };
  return { status: 200, body: { address_group: { ...view, standard_attr_id: state.standard() } } };
}
