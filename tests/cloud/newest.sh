# shellcheck shell=bash
# The newest release: all of OpenStack from PyPI in one virtualenv (requirements.txt is the lock). lib.sh reads it; zed/release.sh has the
# same names for the oldest one.
R="${OSCLOUD_ROOT:-/tmp/oscloud-next}"
PB="${OSCLOUD_PORT_BASE:-20000}"
V="${OSCLOUD_VENV:-$R/venv}"               # all of OpenStack (survives down.sh --purge)
PY="$V/bin/python"
PLUGINS="$HERE/plugins"
ADDED=""                                   # a folder of templates whose lines come after those of templates/
EXTRA="octavia masakari redfish"           # services that start only when they are asked for
NEUTRON_PARTS="neutron-vpnaas neutron-fwaas"
schema(){ echo "schema-$(sha256sum <"$HERE/requirements.txt" | cut -c1-8).sql.gz"; }  # good for one requirements.txt

# ---------------------------------------------------------------- install
find_python(){ local p; for p in "${OSCLOUD_PYTHON:-}" "$PY" /usr/bin/python3 $(PATH="$CALLER_PATH" command -v python3 python3.13 python3.12 python3.11); do
    [ -x "$p" ] && "$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo "$p"; return 0; }; done; return 1; }
missing_packages(){ find_python >/dev/null || echo python3; }
needs="mariadb-server rabbitmq-server openssl curl ipmitool socat qemu-utils nfs-common genisoimage python3 (3.11 to 3.13) uv or pip"
usual_install="1 to 2 min"
find_uv(){ # prints the path of a uv, installing it beside the venv when there is none
  local u p; u=$(PATH="$CALLER_PATH" command -v uv) && { echo "$u"; return 0; }
  [ -x "$R/uv/bin/uv" ] && { echo "$R/uv/bin/uv"; return 0; }
  for p in /usr/bin/python3 $(PATH="$CALLER_PATH" command -v python3); do
    "$p" -m pip --version >/dev/null 2>&1 || continue
    "$p" -m pip install -q --no-deps --target "$R/uv" uv >"$R/log/uv.log" 2>&1 && [ -x "$R/uv/bin/uv" ] && { echo "$R/uv/bin/uv"; return 0; }
  done
  has_tool apt-get || { echo "neither uv nor pip is here: install one of them" >"$R/log/uv.log"; return 1; }
  log "  installing Debian package: python3-pip" >&2
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends python3-pip >>"$R/log/apt.log" 2>&1 &&
    /usr/bin/python3 -m pip install -q --no-deps --target "$R/uv" uv >"$R/log/uv.log" 2>&1 && echo "$R/uv/bin/uv"
}
venv(){
  local sum u; sum=$(sha256sum <"$HERE/requirements.txt")
  [ "$(cat "$V/.requirements.sha256" 2>/dev/null)" = "$sum" ] && return 0
  u=$(find_uv) || { cat "$R/log/uv.log"; return 1; }
  export UV_CACHE_DIR="${UV_CACHE_DIR:-$R/uv-cache}" UV_LINK_MODE=hardlink
  [ -x "$PY" ] || "$u" venv -q --python "$(find_python)" "$V" || return 1
  # --compile-bytecode on both cores: python would compile the same files one by one at the first start
  "$u" pip install -q --python "$PY" --compile-bytecode -r "$HERE/requirements.txt" >"$R/log/venv.log" 2>&1 || { tail -20 "$R/log/venv.log"; return 1; }
  echo "$sum" >"$V/.requirements.sha256"
}
venv_there(){ [ "$(cat "$V/.requirements.sha256" 2>/dev/null)" = "$(sha256sum <"$HERE/requirements.txt")" ]; }
install_openstack(){
  venv_there || stage "installing OpenStack from PyPI into $V" "1 to 2 min, about 220 MB to download the first time" venv
}

# ---------------------------------------------------------------- services
# uwsgi of a service, and its own WSGI module (the pyuwsgi wheel)
UWSGI="$V/bin/uwsgi"
wsgi_of(){ local module; case $1 in
    keystone) module=keystone.wsgi.api;; glance-api) module=glance.wsgi.api;; neutron-server) module=neutron.wsgi.api;;
    ironic-api) module=ironic.wsgi;; cinder-api) module=cinder.wsgi.api;; placement) module=placement.wsgi.api;;
    nova-api) module=nova.wsgi.osapi_compute;; octavia-api) module=octavia.wsgi.api;; masakari-api) module=masakari.wsgi.api;;
  esac; echo "--module $module:application"; }
glance_spawn(){ uw glance-api $PORT_GLANCE 8 OS_GLANCE_CONFIG_DIR="$R/etc/glance.d" --http-chunked-input; }
neutron_spawn(){ # neutron has no eventlet server any more: the API under WSGI, RPC (agent reports, port binding of agents) beside it
  uw neutron-server $PORT_NEUTRON 16 OS_NEUTRON_CONFIG_FILES="$R/etc/neutron.conf"
  spawn neutron-rpc "$V/bin/neutron-rpc-server" --config-file "$R/etc/neutron.conf"
  [ -z "${OSCLOUD_NEUTRON_PERIODIC:-}" ] || spawn neutron-periodic "$V/bin/neutron-periodic-workers" --config-file "$R/etc/neutron.conf"
}
consoles_spawn(){ spawn ironic-novncproxy "$V/bin/ironic-novncproxy" --config-file "$R/etc/ironic.conf"; }
THREADS=8                                  # of ironic's and nova's API
