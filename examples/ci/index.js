const pulumi = require("@pulumi/pulumi");
const baremetal = require("pulumi-baremetal");

const config = new pulumi.Config();

const network = new baremetal.IsolatedNetwork("db", { cidr: "10.20.0.0/24" });
const data = new baremetal.Volume("data", { sizeGiB: 100 });

const machine = new baremetal.Server("db", {
  hardware: { cpus: 16, memoryGiB: config.requireNumber("memoryGiB") },
  image: "debian-12",
  networks: [{ network: network.id }],
  volumes: [data.id],
  power: "on",
});

exports.address = machine.address;
