"""The switch, for neutron (ML2 mechanism driver "oscloud"; loaded by configuration, no patch).

networking-baremetal's own drivers only bind what a switch driver beside them (in real clouds networking-generic-switch) plugs: flat
and vlan directly, vxlan and geneve through baremetal-l2vni, which gives the network a dynamic vlan on the node's physical network and
lets this driver bind that. It also binds the ports of nova's fake virtual servers, as an Open vSwitch agent would.
Faults: a file $OSCLOUD_ROOT/faults/neutron.bind makes every binding fail (binding_failed), neutron.bind.delay = seconds.
"""
import os
import time

from neutron.db import provisioning_blocks
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import resources
from neutron_lib import constants
from neutron_lib.plugins.ml2 import api

FAULTS = os.path.join(os.environ.get('OSCLOUD_ROOT', '/tmp/oscloud-next'), 'faults')


def fault(name):
    try:
        with open(os.path.join(FAULTS, name)) as f:
            return f.read().strip() or '1'
    except OSError:
        return None


class SwitchDriver(api.MechanismDriver):
    ENTITY = 'OSCLOUD_SWITCH'

    def initialize(self):
        pass

    @property
    def connectivity(self):
        return portbindings.CONNECTIVITY_L2

    def _ours(self, context):
        return context.current[portbindings.VNIC_TYPE] == portbindings.VNIC_BAREMETAL

    def bind_port(self, context):
        virtual = str(context.host).startswith('fakevm') and context.current[portbindings.VNIC_TYPE] == portbindings.VNIC_NORMAL
        if not self._ours(context) and not virtual:
            return
        time.sleep(float(fault('neutron.bind.delay') or 0))
        if fault('neutron.bind'):
            return
        if virtual:      # what an Open vSwitch agent on nova's fake hypervisor would do
            for segment in context.segments_to_bind:
                context.set_binding(segment[api.ID], portbindings.VIF_TYPE_OVS, {portbindings.VIF_DETAILS_CONNECTIVITY: self.connectivity},
                                    constants.PORT_STATUS_ACTIVE)
                return
        for segment in context.segments_to_bind:
            if segment[api.NETWORK_TYPE] in (constants.TYPE_FLAT, constants.TYPE_VLAN):
                provisioning_blocks.add_provisioning_component(context._plugin_context, context.current['id'], resources.PORT, self.ENTITY)
                context.set_binding(segment[api.ID], portbindings.VIF_TYPE_OTHER, {portbindings.VIF_DETAILS_CONNECTIVITY: self.connectivity})
                return

    def update_port_postcommit(self, context):
        if self._ours(context) and context.current[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_OTHER:
            provisioning_blocks.provisioning_complete(context._plugin_context, context.current['id'], resources.PORT, self.ENTITY)
