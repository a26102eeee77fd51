#!/usr/bin/env python3
"""Keystone's content: services, endpoints, service users and the two tenants. Safe to run again: it adds only what is missing.

Tenants: projects alpha and beta, each with a user of the same name (member, manager, load-balancer_member) and a reader
(alpha-reader, beta-reader). They need "manager" because stock Ironic lets only an owner's or lessee's manager handle volume
connectors and targets, and a lessee's manager (not its member) deploy and undeploy.
"""
import os
import sys

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

PASSWORD = 'secret'
PORT_BASE = int(os.environ.get('OSCLOUD_PORT_BASE', '20000'))
KEYSTONE = 'http://127.0.0.1:%d/v3' % (PORT_BASE + 5000)
CATALOG = [  # service name, type, port, path
    ('ironic', 'baremetal', 6385, ''),
    ('neutron', 'network', 9696, ''),
    ('cinderv3', 'volumev3', 8776, '/v3/%(project_id)s'),
    ('cinder', 'block-storage', 8776, '/v3/%(project_id)s'),
    ('glance', 'image', 9292, ''),
    ('nova', 'compute', 8774, '/v2.1'),
    ('placement', 'placement', 8778, ''),
    ('octavia', 'load-balancer', 9876, ''),
    ('masakari', 'instance-ha', 5868, '/v1/%(project_id)s'),
]
session = requests.Session()
session.trust_env = False
# a Keystone that has just started may close a connection unanswered; what only reads is asked again
session.mount('http://', HTTPAdapter(max_retries=Retry(total=5, backoff_factor=0.2, allowed_methods=['GET'])))


def call(method, path, **kw):
    r = session.request(method, KEYSTONE + path, timeout=60, **kw)
    if r.status_code >= 300:
        sys.exit('%s %s -> %d %s' % (method, path, r.status_code, r.text[:600]))
    return r.json() if r.content else None


r = session.post(KEYSTONE + '/auth/tokens', json={'auth': {
    'identity': {'methods': ['password'], 'password': {'user': {'name': 'admin', 'password': PASSWORD, 'domain': {'id': 'default'}}}},
    'scope': {'project': {'name': 'admin', 'domain': {'id': 'default'}}}}})
r.raise_for_status()
session.headers['X-Auth-Token'] = r.headers['X-Subject-Token']
KEYS = {'services': ('type', 'name'), 'endpoints': ('service_id', 'interface'), 'users': ('name',), 'roles': ('name',), 'projects': ('name',)}
# each collection is read once, so that a run with nothing to do takes a fraction of a second
known = {coll: {tuple(x.get(k) for k in keys): x['id'] for x in call('GET', '/' + coll)[coll]} for coll, keys in KEYS.items()}
granted = {(a['scope']['project']['id'], a['user']['id'], a['role']['id'])
           for a in call('GET', '/role_assignments')['role_assignments'] if 'project' in a['scope'] and 'user' in a}


def ensure(coll, **body):
    key = tuple(body[k] for k in KEYS[coll])
    if key not in known[coll]:
        one = coll[:-1]
        known[coll][key] = call('POST', '/' + coll, json={one: body})[one]['id']
    return known[coll][key]


def grant(project, user, *names):
    for name in names:
        if (project, user, roles[name]) not in granted:
            call('PUT', '/projects/%s/users/%s/roles/%s' % (project, user, roles[name]))


roles = {name: ensure('roles', name=name)
         for name in ('admin', 'manager', 'member', 'reader', 'service', 'load-balancer_admin', 'load-balancer_member', 'baremetal_admin')}
service = ensure('projects', name='service', domain_id='default')
for name, kind, port, path in CATALOG:
    sid = ensure('services', name=name, type=kind)
    for interface in ('public', 'internal', 'admin'):
        ensure('endpoints', service_id=sid, interface=interface, region_id='RegionOne',
               url='http://127.0.0.1:%d%s' % (PORT_BASE + port, path))
for name in ('ironic', 'neutron', 'cinder', 'glance', 'nova', 'placement', 'octavia', 'masakari'):
    grant(service, ensure('users', name=name, password=PASSWORD, domain_id='default', default_project_id=service), 'admin', 'service')
admin = known['users'][('admin',)]
grant(known['projects'][('admin',)], admin, 'member', 'load-balancer_admin', 'baremetal_admin')
for tenant in ('alpha', 'beta'):
    project = ensure('projects', name=tenant, domain_id='default')
    user = ensure('users', name=tenant, password=PASSWORD, domain_id='default', default_project_id=project)
    reader = ensure('users', name=tenant + '-reader', password=PASSWORD, domain_id='default', default_project_id=project)
    grant(project, user, 'member', 'manager', 'load-balancer_member')
    grant(project, reader, 'reader')
    grant(project, admin, 'admin')
