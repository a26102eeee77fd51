"""openstacksdk, unmodified, against the cloud of clouds.yaml: one JSON line per step, with the error of one that fails."""
import json
import traceback

import openstack

STEPS = []


def step(work):
    """Marks a step. They run in order, each for itself."""
    STEPS.append(work)
    return work


alpha = openstack.connect(cloud="alpha")
beta = openstack.connect(cloud="beta")
system = openstack.connect(cloud="system")


@step
def catalog_and_identity():
    assert alpha.current_project_id
    wanted = ["compute", "network", "image", "block-storage", "baremetal", "load-balancer", "placement", "identity"]
    assert [service for service in wanted if not alpha.has_service(service)] == []


@step
def network_subnet_port():
    net = alpha.network.create_network(name="sdk-net")
    subnet = alpha.network.create_subnet(network_id=net.id, ip_version=4, cidr="10.80.0.0/24", name="sdk-subnet")
    port = alpha.network.create_port(network_id=net.id, name="sdk-port")
    assert port.fixed_ips[0]["subnet_id"] == subnet.id
    assert alpha.network.find_port("sdk-port").id == port.id
    assert alpha.network.find_network("sdk-net", ignore_missing=False).id == net.id
    assert [p.id for p in alpha.network.ports(network_id=net.id, name="sdk-port")] == [port.id]
    assert alpha.network.update_port(port, description="d").description == "d"
    alpha.network.delete_port(port)
    alpha.network.delete_subnet(subnet)
    alpha.network.delete_network(net)
    assert alpha.network.find_network("sdk-net") is None


@step
def volume_snapshot_backup():
    volume = alpha.block_storage.create_volume(size=1, name="sdk-volume", volume_type="nfs")
    volume = alpha.block_storage.wait_for_status(volume, "available", interval=0.1, wait=60)
    assert alpha.block_storage.find_volume(volume.id).name == "sdk-volume"
    alpha.block_storage.extend_volume(volume, 2)
    volume = alpha.block_storage.get_volume(volume.id)
    volume = alpha.block_storage.wait_for_status(volume, "available", interval=0.1, wait=60)
    assert volume.size == 2
    backup = alpha.block_storage.create_backup(volume_id=volume.id, name="sdk-backup")
    backup = alpha.block_storage.wait_for_status(backup, "available", interval=0.1, wait=60)
    assert [b.id for b in alpha.block_storage.backups()] == [backup.id]
    alpha.block_storage.delete_backup(backup)
    alpha.block_storage.wait_for_delete(backup, interval=0.1, wait=60)
    alpha.block_storage.delete_volume(volume)
    alpha.block_storage.wait_for_delete(volume, interval=0.1, wait=60)


@step
def image():
    made = alpha.image.create_image(name="sdk-image", data=b"x" * 4096, disk_format="raw", container_format="bare")
    assert alpha.image.find_image("sdk-image").status == "active"
    assert alpha.image.download_image(made).content == b"x" * 4096
    alpha.image.delete_image(made)


@step
def load_balancer():
    net = beta.network.create_network(name="sdk-lb-net")
    subnet = beta.network.create_subnet(network_id=net.id, ip_version=4, cidr="10.81.0.0/24")
    balancer = beta.load_balancer.create_load_balancer(name="sdk-lb", vip_subnet_id=subnet.id)

    def active():
        beta.load_balancer.wait_for_load_balancer(balancer.id, interval=0.1, wait=60)

    active()
    assert beta.load_balancer.find_load_balancer("sdk-lb").id == balancer.id
    listener = beta.load_balancer.create_listener(
        name="sdk-listener", protocol="TCP", protocol_port=443, load_balancer_id=balancer.id)
    active()
    pool = beta.load_balancer.create_pool(
        name="sdk-pool", protocol="TCP", lb_algorithm="ROUND_ROBIN", listener_id=listener.id)
    active()
    beta.load_balancer.create_member(pool, address="10.81.0.9", protocol_port=443)
    active()
    assert len(list(beta.load_balancer.members(pool))) == 1
    beta.load_balancer.update_listener(listener, description="d")
    active()
    beta.load_balancer.delete_load_balancer(balancer.id, cascade=True)
    openstack.resource.wait_for_delete(beta.load_balancer, balancer, 0.1, 60)
    beta.network.delete_network(net)


@step
def node_and_allocation():
    project = alpha.current_project_id
    node = system.baremetal.create_node(
        name="sdk-0", driver="fake-hardware", resource_class="sdk", owner=project, network_interface="noop",
        properties={"cpu_arch": "x86_64", "memory_mb": 1024, "local_gb": 10, "cpus": 1})
    system.baremetal.create_port(node_id=node.id, address="52:54:00:0d:00:01")
    system.baremetal.set_node_provision_state(node, "manage")
    [node] = system.baremetal.wait_for_nodes_provision_state([node], "manageable", timeout=60)
    system.baremetal.set_node_provision_state(node, "provide")
    [node] = system.baremetal.wait_for_nodes_provision_state([node], "available", timeout=60)
    allocation = alpha.baremetal.create_allocation(name="sdk-allocation", resource_class="sdk")
    allocation = alpha.baremetal.wait_for_allocation(allocation, timeout=60)
    assert allocation.node_id == node.id
    node = alpha.baremetal.get_node(node.id)
    node = alpha.baremetal.update_node(node, instance_info={
        "image_source": "http://192.0.2.1/x.raw", "image_checksum": "d41d8cd98f00b204e9800998ecf8427e"})
    assert alpha.baremetal.validate_node(node)["deploy"].result
    alpha.baremetal.set_node_provision_state(node, "active")
    [node] = alpha.baremetal.wait_for_nodes_provision_state([node], "active", timeout=60)
    alpha.baremetal.set_node_power_state(node, "power off")
    alpha.baremetal.wait_for_node_power_state(node, "power off", timeout=60)
    alpha.baremetal.set_node_provision_state(node, "deleted")
    [node] = alpha.baremetal.wait_for_nodes_provision_state([node], "available", timeout=60)
    assert [n.name for n in alpha.baremetal.nodes(resource_class="sdk")] == ["sdk-0"]
    system.baremetal.delete_node(node.id)
    assert system.baremetal.find_node("sdk-0") is None


@step
def server():
    net = alpha.network.create_network(name="sdk-server-net")
    alpha.network.create_subnet(network_id=net.id, ip_version=4, cidr="10.82.0.0/24")
    made = alpha.compute.create_server(
        name="sdk-server", image_id=alpha.image.find_image("tiny").id,
        flavor_id=alpha.compute.find_flavor("baremetal").id, networks=[{"uuid": net.id}])
    made = alpha.compute.wait_for_server(made, interval=0.2, wait=60)
    assert made.status == "ACTIVE"
    assert alpha.compute.find_server("sdk-server").id == made.id
    assert [s.id for s in alpha.compute.servers(name="sdk-server")] == [made.id]
    assert made.addresses["sdk-server-net"][0]["addr"].startswith("10.82.0.")
    alpha.compute.stop_server(made)
    alpha.compute.wait_for_server(made, status="SHUTOFF", interval=0.2, wait=60)
    alpha.compute.delete_server(made)
    alpha.compute.wait_for_delete(made, interval=0.2, wait=60)
    alpha.network.delete_network(net)


@step
def cloud_layer():
    """The layer above: by names, waiting by itself."""
    alpha.create_network("sdk-cloud-net")
    alpha.create_subnet("sdk-cloud-net", cidr="10.83.0.0/24")
    volume = alpha.create_volume(1, name="sdk-cloud-volume", wait=True, timeout=60)
    assert alpha.delete_volume(volume.id, wait=True, timeout=60)
    server = alpha.create_server(
        "sdk-cloud-server", image="tiny", flavor="baremetal", network="sdk-cloud-net", auto_ip=False,
        wait=True, timeout=60)
    assert server.status == "ACTIVE"
    assert alpha.delete_server("sdk-cloud-server", wait=True, timeout=60)
    assert alpha.delete_network("sdk-cloud-net")


for work in STEPS:
    line = {"step": work.__name__}
    try:
        work()
    except Exception:
        line["error"] = traceback.format_exc()
    print(json.dumps(line), flush=True)
print(json.dumps({"step": "the end"}), flush=True)
