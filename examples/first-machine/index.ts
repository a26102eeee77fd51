import * as pulumi from "@pulumi/pulumi";
import * as baremetal from "pulumi-baremetal";

const config = new pulumi.Config();

// A network that nobody else is on.
const network = new baremetal.IsolatedNetwork("first", { cidr: "10.20.0.0/24" });

// A volume that outlives the machine.
const data = new baremetal.Volume("data", { sizeGiB: 10 });

// The smallest machine that has at least this much, with the volume exported to it from its first boot on.
const machine = new baremetal.Server("first", {
  hardware: { cpus: config.requireNumber("cpus"), memoryGiB: config.requireNumber("memoryGiB") },
  image: config.require("image"),
  networks: [{ network: network.id }],
  volumes: [data.id],
});

export const address = machine.address;
export const hardware = machine.facts;
export const isolated = network.isolated;
