#!/usr/bin/env python3
"""Fill the running cloud with what the tests need. Safe to run again: it adds only what is missing.

Networks, images, volume types, flavors, and the twelve bare-metal nodes of nodes.json, which it takes from enroll to available:
  bm-0..5     nobody's own: for servers through nova (flavors baremetal, baremetal-gpu)
  alpha-0..2  owned by project alpha, resource class metal, which no flavor uses: for the Ironic route
  beta-0..2   leased to project beta, resource class metal, likewise
"""
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests

PASSWORD = 'secret'
PORT_BASE = int(os.environ.get('OSCLOUD_PORT_BASE', '20000'))
KEYSTONE, IRONIC, NEUTRON, CINDER, GLANCE, NOVA, PLACEMENT = (
    'http://127.0.0.1:%d' % (PORT_BASE + port) for port in (5000, 6385, 9696, 8776, 9292, 8774, 8778))
OURS = ('power', 'deploy', 'management', 'console', 'inspect', 'rescue', 'raid', 'bios', 'firmware')
if os.environ.get('OSCLOUD_RELEASE') == 'zed':   # Ironic 21.4 has no firmware interfaces
    OURS = tuple(kind for kind in OURS if kind != 'firmware')
    MICROVERSION = '1.82'
else:
    MICROVERSION = '1.115'
INTERFACES = dict({kind + '_interface': 'oscloud' for kind in OURS},
                  boot_interface='fake', vendor_interface='fake', network_interface='neutron', storage_interface='cinder')
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'nodes.json')) as f:
    NODES = {n['name']: n for n in json.load(f)}

session = requests.Session()
session.trust_env = False


def say(text):
    print('    seed: ' + text, flush=True)


def answers(url):
    try:
        session.get(url, timeout=5)
        return True
    except requests.RequestException:
        return False


def call(method, url, ok=(200, 201, 202, 204), **kw):
    if url.startswith(IRONIC):
        kw['headers'] = dict(kw.get('headers', {}), **{'X-Auth-Token': SYSTEM})
    for _ in range(40):                    # 409 node locked, 503 not ready yet: what a real client must do too
        r = session.request(method, url, timeout=60, **kw)
        if r.status_code == 503 or (r.status_code == 409 and 'locked' in r.text):
            time.sleep(0.5)
            continue
        break
    if r.status_code not in ok:
        sys.exit('%s %s -> %d %s' % (method, url, r.status_code, r.text[:600]))
    return r.json() if r.content and 'json' in r.headers.get('Content-Type', '') else None


def login(user, scope):
    r = session.post(KEYSTONE + '/v3/auth/tokens', json={'auth': {
        'identity': {'methods': ['password'], 'password': {'user': {'name': user, 'password': PASSWORD, 'domain': {'id': 'default'}}}},
        'scope': scope}})
    r.raise_for_status()
    return r.headers['X-Subject-Token'], r.json()['token']


session.headers['X-Auth-Token'], token = login('admin', {'project': {'name': 'admin', 'domain': {'id': 'default'}}})
ADMIN = token['project']['id']
# ironic's administrator is system-scoped; a project admin sees only the nodes that its project owns
SYSTEM = login('admin', {'system': {'all': True}})[0]
session.headers['X-OpenStack-Ironic-API-Version'] = MICROVERSION
PROVISION = {}                             # tenant: its own provisioning network
PROJECTS = {p['name']: p['id'] for p in call('GET', KEYSTONE + '/v3/projects')['projects']}


def network(name, cidr, subnet=None, **kw):
    got = call('GET', NEUTRON + '/v2.0/networks?name=' + name)['networks']
    if got:
        return got[0]['id']
    n = call('POST', NEUTRON + '/v2.0/networks', json={'network': dict(kw, name=name)})['network']['id']
    call('POST', NEUTRON + '/v2.0/subnets',
         json={'subnet': dict(subnet or {}, network_id=n, cidr=cidr, ip_version=4, name=name)})
    return n


def image(name, byte):
    """A raw whole-disk image of 1 MiB; each has bytes of its own, hence a checksum of its own."""
    have = call('GET', GLANCE + '/v2/images?name=' + name)['images']
    for broken in [i for i in have if i['status'] != 'active']:
        call('DELETE', GLANCE + '/v2/images/' + broken['id'])
    if any(i['status'] == 'active' for i in have):
        return
    i = call('POST', GLANCE + '/v2/images', json={
        'name': name, 'disk_format': 'raw', 'container_format': 'bare', 'visibility': 'public', 'min_disk': 1, 'hw_disk_bus': 'scsi',
        'os_distro': 'debian'})['id']
    call('PUT', '%s/v2/images/%s/file' % (GLANCE, i), data=byte * (64 * 1024), headers={'Content-Type': 'application/octet-stream'})


def node(n):
    tenant = n['owner'] or n['lessee']
    body = dict(INTERFACES, name=n['name'], driver='fake-hardware', resource_class=n['resourceClass'], properties=n['properties'],
                extra={'rack': n['rack']}, driver_info={'bmc': 'bmc-' + n['name']})
    if tenant in PROVISION:
        body['driver_info'].update({use + '_network': PROVISION[tenant]
                                    for use in ('provisioning', 'cleaning', 'rescuing', 'inspection', 'servicing')})
    for role in ('owner', 'lessee'):
        if n[role]:
            body[role] = PROJECTS[n[role]]
    uuid = call('POST', IRONIC + '/v1/nodes', json=body)['uuid']
    for k, p in enumerate(n['ports']):
        call('POST', IRONIC + '/v1/ports', json={
            'node_uuid': uuid, 'address': p['address'], 'physical_network': 'physnet1', 'pxe_enabled': k == 0,
            'local_link_connection': {key: p[key] for key in ('switch_id', 'port_id', 'switch_info')}})
    call('PUT', IRONIC + '/v1/nodes/%s/traits' % uuid, json={'traits': n['traits']})
    for kind, value in n['connectors'].items():
        call('POST', IRONIC + '/v1/volume/connectors', json={'node_uuid': uuid, 'type': kind, 'connector_id': value})
    call('PUT', IRONIC + '/v1/nodes/%s/states/provision' % uuid, json={'target': 'manage'})


def node_states():
    listed = call('GET', IRONIC + '/v1/nodes?fields=uuid,name,provision_state,maintenance,last_error')['nodes']
    return {n['name']: n for n in listed if n['name'] in NODES}


def wait_nodes(target, busy):
    for _ in range(400):
        now = node_states()
        late = {n: v for n, v in now.items() if v['provision_state'] in busy}
        if not late:
            return
        time.sleep(0.3)
    sys.exit('nodes are not %s: %s' % (target, late))


def provide_nodes():
    """Makes all nodes available that are not yet."""
    for n in node_states().values():
        if n['provision_state'] == 'manageable':
            # network_interface neutron needs ironic-neutron-agent's report of this node before a port binds
            for _ in range(120):
                if not has[NEUTRON] or call('GET', NEUTRON + '/v2.0/agents?host=' + n['uuid'])['agents']:
                    break
                time.sleep(0.25)
            call('PUT', IRONIC + '/v1/nodes/%s/states/provision' % n['uuid'], json={'target': 'provide'})
    wait_nodes('available', ('enroll', 'verifying', 'cleaning', 'clean wait', 'manageable'))


def failed_cleaning():
    return {name: n for name, n in node_states().items() if n['provision_state'] == 'clean failed'}


def flavor(have, name, ram, vcpus, disk, specs=None):
    if name in have:
        return
    f = call('POST', NOVA + '/v2.1/flavors', json={'flavor': {'name': name, 'ram': ram, 'vcpus': vcpus, 'disk': disk}})['flavor']['id']
    if specs:
        call('POST', NOVA + '/v2.1/flavors/%s/os-extra_specs' % f, json={'extra_specs': specs})


has = {url: answers(url) for url in (IRONIC, NEUTRON, CINDER, GLANCE, NOVA, PLACEMENT)}
if has[NEUTRON]:
    network('provision-net', '192.0.2.0/24', **{
        'provider:network_type': 'flat', 'provider:physical_network': 'physnet1', 'shared': False})
    # Ironic 39 looks up the provisioning and cleaning networks, and the ports that it makes on them, with the token of whoever
    # asked for the deploy. A tenant sees a foreign port only on a network of its own project: so each tenant's nodes have one.
    for tenant, cidr, vlan in (('alpha', '198.51.100.0/25', 91), ('beta', '198.51.100.128/25', 92)):
        PROVISION[tenant] = network(tenant + '-provision-net', cidr, {'project_id': PROJECTS[tenant]}, **{
            'provider:network_type': 'vlan', 'provider:physical_network': 'physnet1', 'provider:segmentation_id': vlan,
            'project_id': PROJECTS[tenant]})
    network('public', '203.0.113.0/24', {'enable_dhcp': False}, **{
        'provider:network_type': 'flat', 'provider:physical_network': 'public', 'router:external': True})
if has[GLANCE]:
    image('tiny', b'oscloud raw disk')
    image('tiny-2', b'another raw disk')
if has[CINDER]:
    types = '%s/v3/%s/types' % (CINDER, ADMIN)
    have = {t['name'] for t in call('GET', types + '?is_public=None')['volume_types']}
    for name, backend in (('nfs', 'nfs1'), ('iscsi', 'iscsi1')):
        if name not in have:
            call('POST', types, json={'volume_type': {'name': name, 'extra_specs': {'volume_backend_name': backend}}})
if has[NOVA]:
    have = {f['name'] for f in call('GET', NOVA + '/v2.1/flavors?is_public=None')['flavors']}
    whole = {'resources:VCPU': '0', 'resources:MEMORY_MB': '0', 'resources:DISK_GB': '0'}
    flavor(have, 'baremetal', 65536, 16, 480, dict(whole, **{'resources:CUSTOM_BAREMETAL': '1'}))
    flavor(have, 'baremetal-gpu', 65536, 16, 480, dict(whole, **{'resources:CUSTOM_BAREMETAL_GPU': '1', 'trait:CUSTOM_GPU': 'required'}))
    flavor(have, 'vm.tiny', 128, 1, 1)
    flavor(have, 'vm.small', 256, 1, 1)
if has[IRONIC]:
    have = node_states()
    new = [n for n in NODES.values() if n['name'] not in have]
    if new:
        say('adding %d bare-metal nodes and cleaning them (usually about 30 s)' % len(new))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(node, new))
    wait_nodes('manageable', ('enroll', 'verifying'))
    provide_nodes()
    again = failed_cleaning()
    if again:  # stopped in the middle of it, or the machine was too busy: as an operator would
        say('cleaning again: %s' % ', '.join('%s (%s)' % (name, n['last_error']) for name, n in again.items()))
        for n in again.values():
            if n['maintenance']:
                call('DELETE', IRONIC + '/v1/nodes/%s/maintenance' % n['uuid'])
            call('PUT', IRONIC + '/v1/nodes/%s/states/provision' % n['uuid'], json={'target': 'manage'})
        wait_nodes('manageable', ('clean failed',))
        provide_nodes()
    failed = {name: n['last_error'] for name, n in failed_cleaning().items()}
    if failed:
        sys.exit('clean failed: %s' % failed)
if has[NOVA] and has[IRONIC] and has[PLACEMENT]:
    say('waiting until nova can place servers on bm-0 to bm-5 (usually up to 30 s: nova looks for nodes every 10 s)')
    for _ in range(240):
        want = {n['uuid'] for n in node_states().values()
                if n['name'].startswith('bm-') and n['provision_state'] == 'available' and not n['maintenance']}
        ready = set()
        for rp in call('GET', PLACEMENT + '/resource_providers', headers={'OpenStack-API-Version': 'placement 1.39'})['resource_providers']:
            inv = call('GET', PLACEMENT + '/resource_providers/%s/inventories' % rp['uuid'])['inventories']
            if any(k.startswith('CUSTOM_') and v['reserved'] == 0 for k, v in inv.items()):
                ready.add(rp['uuid'])
        hosts = {h['hypervisor_hostname'] for h in call('GET', NOVA + '/v2.1/os-hypervisors')['hypervisors']}
        if want <= ready and want <= hosts:
            break
        time.sleep(0.5)
    else:
        sys.exit('nova does not offer %s' % (want - ready))
