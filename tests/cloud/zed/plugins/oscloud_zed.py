"""Neutron's side of the nodes and of nova's fake virtual servers, on the oldest release (loaded by configuration, no patch).

NodeDriver (ML2 mechanism driver "oscloud-node") is the stock driver of networking-baremetal, which binds flat and vlan by itself in this
release, with the faults of oscloud_switch before it. VirtualDriver ("oscloud-virtual") binds what an Open vSwitch agent would.
"""
import time

from networking_baremetal.plugins.ml2 import baremetal_mech
from oscloud_switch import fault
from oscloud_switch import SwitchDriver


class NodeDriver(baremetal_mech.BaremetalMechanismDriver):
    def bind_port(self, context):
        time.sleep(float(fault('neutron.bind.delay') or 0))
        if not fault('neutron.bind'):
            super().bind_port(context)


class VirtualDriver(SwitchDriver):
    def _ours(self, context):
        return False
