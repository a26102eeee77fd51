/**
 * How long work takes on hardware, in seconds; the clock's speed makes it shorter. The figures are what a common rack server
 * needs (a deploy of minutes, a metadata wipe, a cold boot), not measurements of a particular one.
 */
export const DURATIONS = {
  /** Ironic: the BMC acts on a power request. */
  "power on": 5,
  "power off": 5,
  reboot: 10,
  /** Ironic: how often the conductor compares its view with the BMC's. */
  "power sync": 60,
  /** Ironic: `manage` of an enrolled node. */
  verify: 5,
  inspect: 120,
  /** Ironic: from `deploying` to `wait call-back`, the ramdisk's boot. */
  "ramdisk boot": 90,
  /** Ironic: writing the image, per deploy. */
  "write image": 90,
  "tenant network": 10,
  /** Ironic: tear down after `deleted`. */
  "tear down": 20,
  /** Ironic: erasing the metadata of all disks. */
  clean: 120,
  rescue: 90,
  service: 120,
  /** Ironic: an allocation looks for its node. */
  allocate: 1,
  /** Nova: scheduling, and a virtual machine's build. */
  schedule: 1,
  "build virtual": 10,
  /** Nova: how often it compares power states, and looks for nodes. */
  "nova power sync": 60,
  "nova resources": 20,
  /** Neutron: a switch is told of a port. */
  bind: 1,
  /** Cinder: whatever makes or deletes a volume, snapshot or attachment; a backup or restore of one GiB. */
  volume: 2,
  "backup per GiB": 4,
  /** Octavia: a load balancer's first build, and each change of it. */
  "load balancer": 30,
  "load balancer change": 3,
  "image import": 2,
} as const;
