# shellcheck shell=bash
# The oldest supported release: Debian 12's own packages, which are Zed, and Ironic of 2023.1. lib.sh reads it; ../newest.sh has the same
# names for the newest one.
R="${OSCLOUD_ROOT:-/tmp/oscloud-zed}"
PB="${OSCLOUD_PORT_BASE:-30000}"
V=""                                       # programs in /bin, configuration in /etc: Debian's
PY=/usr/bin/python3
PLUGINS="$HERE/zed/plugins:$HERE/plugins"
ADDED="$HERE/zed/templates"
EXTRA=""
NEUTRON_PARTS="neutron-vpnaas"
PACKAGES="uwsgi-core uwsgi-plugin-python3 keystone ironic-api ironic-conductor glance-api neutron-api neutron-rpc-server
  python3-neutron-vpnaas python3-ironic-neutron-agent cinder-api cinder-scheduler cinder-volume cinder-backup placement-api nova-api
  nova-conductor nova-scheduler nova-compute-ironic"
# good for these versions of the packages; it is kept in the cloud's cache only
# shellcheck disable=SC2086
schema(){ echo "schema-zed-$(dpkg-query -W $PACKAGES | sha256sum | cut -c1-8).sql.gz"; }

# ---------------------------------------------------------------- install
missing_packages(){
  local have p; # shellcheck disable=SC2086
  have=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' $PACKAGES 2>/dev/null)"
  for p in $PACKAGES; do case $have in *" $p=installed "*) ;; *) echo "$p";; esac; done
}
needs="mariadb-server rabbitmq-server openssl curl ipmitool socat qemu-utils nfs-common genisoimage $(echo $PACKAGES)"
usual_install="4 min, about 180 MB to download the first time"
install_openstack(){ :; }                  # apt has done it

# ---------------------------------------------------------------- services
# Debian's uwsgi, and the WSGI script of each service
UWSGI=/usr/bin/uwsgi_python3
wsgi_of(){ local script; case $1 in
    keystone) script=keystone-wsgi-public;; ironic-api) script=ironic-api-wsgi;; cinder-api) script=cinder-wsgi;;
    placement) script=placement-api;; nova-api) script=nova-api-wsgi;;
  esac; echo "--wsgi-file /usr/bin/$script"; }
glance_spawn(){ spawn glance-api /usr/bin/glance-api --config-file "$R/etc/glance-api.conf"; }
neutron_spawn(){ # API and RPC in one eventlet program, as upstream's neutron-server was; Debian ships only the split ones
  spawn neutron-server "$PY" -c 'import sys; sys.argv[0]="neutron-server"; from neutron.cmd.eventlet.server import main; main()' \
    --config-file "$R/etc/neutron.conf"
}
consoles_spawn(){ :; }                     # Ironic has no graphical consoles yet
THREADS=1                                  # these APIs run on eventlet: processes instead of threads
WORKERS="${OSCLOUD_WORKERS:-2}"
