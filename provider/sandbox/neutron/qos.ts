import type { Answer, Call, Json } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import {
  type Attributes,
  attribute,
  BASE,
  between,
  oneOf,
  STANDARD,
  TAGS,
  toBoolean,
  toInteger,
} from "./attributes.ts";
import { createBody, updateBody } from "./body.ts";
import { type Collection, found, routesOf } from "./collection.ts";
import { forbidden, refusal } from "./errors.ts";
import { may } from "./policy.ts";
import { withFields } from "./query.ts";
import type { QosPolicyRow, QosRule } from "./rows.ts";
import type { State } from "./state.ts";

const POLICY: Attributes = {
  ...BASE,
  shared: attribute("cuf", { byDefault: false, convert: toBoolean }),
  rules: attribute(""),
  is_default: attribute("cuf", { byDefault: false, convert: toBoolean }),
  ...STANDARD,
  ...TAGS,
};

const kbps = (flags: string, byDefault?: number): Attributes[string] =>
  attribute(flags, {
    ...(byDefault === undefined ? {} : { byDefault }),
    convert: toInteger,
    check: between(0, 2147483647),
  });

const direction = (...more: string[]): Attributes[string] =>
  attribute("cufs", { byDefault: "egress", check: oneOf(...more, "ingress", "egress") });

const DSCP = [0, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 44, 46, 48, 56];

/** Rules by type: what they say. */
const RULE_TYPES: Record<string, Attributes> = {
  bandwidth_limit: { max_kbps: kbps("crufs"), max_burst_kbps: kbps("cufs", 0), direction: direction() },
  dscp_marking: { dscp_mark: attribute("crufs", { convert: toInteger, check: oneOf(...DSCP) }) },
  minimum_bandwidth: { min_kbps: kbps("crufs"), direction: direction() },
  minimum_packet_rate: { min_kpps: kbps("crufs"), direction: direction("any") },
  packet_rate_limit: { max_kpps: kbps("crufs"), max_burst_kpps: kbps("cufs", 0), direction: direction() },
};

/** `/v2.0/qos/policies`. */
export function qosCollection(state: State): Collection<QosPolicyRow> {
  return {
    path: "qos/policies",
    resource: "policy",
    plural: "policies",
    attributes: POLICY,
    table: state.qosPolicies,
    missing: (id) => refusal(404, "QosPolicyNotFound", `QoS policy ${id} could not be found.`),
    sees: (caller, row) =>
      row.project_id === caller.projectId || row.shared || state.seesAll(caller) || state.isShared(row.id, caller),
    target: (caller, of) => ({
      owner: String(of.project_id),
      shared: of.id !== undefined && (of["shared"] === true || state.isShared(String(of.id), caller)),
    }),
    view: (row) => ({
      ...row,
      tenant_id: row.project_id,
      rules: row.rules.map((rule) => ({ ...rule, qos_policy_id: row.id })),
    }),
    create: ({ values }) =>
      state.qosPolicies.put({
        id: state.id(),
        name: values["name"] as string,
        description: values["description"] as string,
        project_id: values["project_id"] as string,
        shared: values["shared"] as boolean,
        is_default: values["is_default"] as boolean,
        rules: [],
        ...state.stamps(0),
      }),
    update(row, { values }) {
      Object.assign(row, values);
      return state.touch(state.qosPolicies, row);
    },
    remove(row) {
      const usedBy = (type: string, id: string) =>
        refusal(409, "QosPolicyInUse", `QoS Policy ${row.id} is used by ${type} ${id}.`);
      const network = state.networks.find(({ qos_policy_id }) => qos_policy_id === row.id);
      if (network) throw usedBy("network", network.id);
      const port = state.ports.find(({ qos_policy_id }) => qos_policy_id === row.id);
      if (port) throw usedBy("port", port.id);
      const floating = state.floatingIps.find(({ qos_policy_id }) => qos_policy_id === row.id);
      if (floating) throw usedBy("floatingip", floating.id);
      state.qosPolicies.delete(row.id);
    },
  };
}

/** Policies, their rules, and the types that there are. */
export function qosRoutes(state: State): Route[] {
  const policies = qosCollection(state);
  const routes = [
    ...routesOf(state, policies),
    route("GET", "/v2.0/qos/rule-types", () => ({
      status: 200,
      body: { rule_types: Object.keys(RULE_TYPES).map((type) => ({ type })) },
    })),
  ];
  for (const [type, attributes] of Object.entries(RULE_TYPES)) {
    const list = `/v2.0/qos/policies/{policy}/${type}_rules`;
    const kind = { type, name: `${type}_rule`, attributes, policies };
    routes.push(
      route("GET", list, (call) => listRules(kind, call)),
      route("POST", list, (call) => addRule(state, kind, call)),
      route("GET", `${list}/{id}`, (call) => showRule(kind, call)),
      route("PUT", `${list}/{id}`, (call) => changeRule(state, kind, call)),
      route("DELETE", `${list}/{id}`, (call) => removeRule(state, kind, call)),
    );
  }
  return routes;
}

interface Kind {
  readonly type: string;
  readonly name: string;
  readonly attributes: Attributes;
  readonly policies: Collection<QosPolicyRow>;
}

const shownRule = ({ type: _, ...rule }: QosRule): Json => rule;

function policyOf(kind: Kind, call: Call, verb?: string): QosPolicyRow {
  const policy = found(kind.policies, call.caller, call.params["policy"]!);
  const rule = verb ? "change_rule" : "get_rule";
  if (!may(call.caller, rule, { owner: "", parentOwner: policy.project_id }))
    throw forbidden(`rule:${verb ?? "get"}_policy_${kind.name}`);
  return policy;
}

function ruleOf(policy: QosPolicyRow, call: Call): QosRule {
  const rule = policy.rules.find(({ id }) => id === call.params["id"]);
  if (!rule)
    throw refusal(404, "QosRuleNotFound", `QoS rule ${call.params["id"]} for policy ${policy.id} could not be found.`);
  return rule;
}

function listRules(kind: Kind, call: Call): Answer {
  const rules = policyOf(kind, call).rules.filter(({ type }) => type === kind.type);
  return { status: 200, body: { [`${kind.name}s`]: rules.map((rule) => withFields(shownRule(rule), call.query)) } };
}

function showRule(kind: Kind, call: Call): Answer {
  const rule = ruleOf(policyOf(kind, call), call);
  return { status: 200, body: { [kind.name]: withFields(shownRule(rule), call.query) } };
}

function addRule(state: State, kind: Kind, call: Call): Answer {
  const { items } = createBody(call, kind.name, `${kind.name}s`, { ...kind.attributes });
  const policy = policyOf(kind, call, "create");
  const made = items.map(({ values }): QosRule => ({ ...values, id: state.id(), type: kind.type }));
  for (const rule of made) {
    const same = policy.rules.find(({ type, direction: way }) => type === rule.type && way === rule["direction"]);
    if (same)
      throw refusal(
        409,
        "QoSRulesConflict",
        `Rule ${kind.type} conflicts with rule ${same.id} which already exists in QoS Policy ${policy.id}.`,
      );
    policy.rules.push(rule);
  }
  state.touch(state.qosPolicies, policy);
  return { status: 201, body: { [kind.name]: shownRule(made[0]!) } };
}

function changeRule(state: State, kind: Kind, call: Call): Answer {
  const { values } = updateBody(call, kind.name, `${kind.name}s`, kind.attributes);
  const policy = policyOf(kind, call, "update");
  const rule = ruleOf(policy, call);
  Object.assign(rule, values);
  state.touch(state.qosPolicies, policy);
  return { status: 200, body: { [kind.name]: shownRule(rule) } };
}

function removeRule(state: State, kind: Kind, call: Call): Answer {
  const policy = policyOf(kind, call, "delete");
  const rule = ruleOf(policy, call);
  policy.rules = policy.rules.filter((one) => one !== rule);
  state.touch(state.qosPolicies, policy);
  return { status: 204 };
}
