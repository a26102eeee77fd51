import { listFlavors } from "../../openstack/nova/flavors.ts";
import { proveServersReadable } from "../../openstack/nova/servers.ts";
import type { Route } from "../route.ts";
import { type NovaAction, perform } from "./actions.ts";
import { mark } from "./mark.ts";
import { next } from "./next.ts";
import { find, observe } from "./observe.ts";
import { flavorOffers, offersFor } from "./offers.ts";
import { actual, result, trouble } from "./outputs.ts";
import type { NovaSeen } from "./seen.ts";

export type { NovaAction } from "./actions.ts";
export type { NovaSeen } from "./seen.ts";

/** Machines by way of Nova: flavors, servers, and what Ironic lets a tenant see of the nodes under them. */
export const novaRoute: Route<NovaSeen, NovaAction> = {
  name: "nova",
  offers: async (context, inputs) => offersFor(inputs, flavorOffers(await listFlavors(context.cloud))),
  find,
  observe,
  next,
  perform,
  mark,
  proveVisible: (context) => proveServersReadable(context.cloud),
  result,
  actual,
  trouble,
};
