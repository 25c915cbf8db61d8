# shellcheck shell=bash
# A network as an engine makes it, with ip(8), a bridge and veth pairs, and the machines of network.bats in it.

# Names of at most 15 bytes that no other run has.
make_host_network() {
    export NET=$((RANDOM % 9000 + 1000))
    export BRIDGE="kbr$NET" NS="kns$NET"
    ip link add "$BRIDGE" type bridge
    ip addr add 10.199.0.1/24 dev "$BRIDGE"
    ip addr add fd99::1/64 dev "$BRIDGE" nodad
    ip link set "$BRIDGE" up
    ip netns add "$NS"
    ip -n "$NS" link set lo up
}

remove_host_network() {
    ip netns del "$NS" 2>/dev/null || true
    ip link del "$BRIDGE" 2>/dev/null || true
}

# add_veth NAMESPACE NAME [ADDRESS...]: a veth on the bridge whose other end is NAME in the namespace (its name, or
# a pid). Without addresses it gets none of the kernel's making either.
add_veth() {
    local netns=$1 name=$2 host address
    shift 2
    host="kv$NET$((++VETHS))$RANDOM"
    host=${host:0:15}
    ip link add "$host" type veth peer name "$name" netns "$netns"
    ip link set "$host" master "$BRIDGE" up
    (($# > 0)) || in_netns "$netns" ip link set "$name" addrgenmode none
    for address in "$@"; do
        # shellcheck disable=SC2046  # the option or nothing
        in_netns "$netns" ip addr add "$address" dev "$name" $([[ $address != *:* ]] || echo nodad)
    done
    in_netns "$netns" ip link set "$name" up
}
VETHS=0

# in_netns NAME|PID COMMAND...
in_netns() {
    local netns=$1
    shift
    if [[ $netns =~ ^[0-9]+$ ]]; then
        nsenter --net="/proc/$netns/ns/net" "$@"
    else
        ip netns exec "$netns" "$@"
    fi
}

write_configurations() {
    printf '%s\n' '[netmon]' 'enable_netmon = true' '[hypervisor.qemu]' 'pcie_root_port = 4' \
        'rx_rate_limiter_max_rate = 500000000' 'tx_rate_limiter_max_rate = 400000000' >"$BATS_FILE_TMPDIR/netmon.toml"
    printf '[runtime]\ninternetworking_model = "macvtap"\n' >"$BATS_FILE_TMPDIR/macvtap.toml"
    printf '[runtime]\ninternetworking_model = "none"\ndisable_new_netns = true\n' >"$BATS_FILE_TMPDIR/none.toml"
}

# network_bundle PATH|"" [ARGUMENT...]: a bundle in that network namespace (a new one), allowed to ping and to set routes.
network_bundle() {
    local path=$1 bundle
    shift
    bundle=$(make_bundle "$@")
    # shellcheck disable=SC2016  # $path is jq's
    edit_spec "$bundle" '
        (.process.capabilities | .bounding, .effective, .permitted) = ["CAP_NET_RAW", "CAP_NET_ADMIN"]
        | .process.capabilities.ambient = []
        | (.linux.namespaces[] | select(.type == "network")) |= if $path == "" then {type} else {type, path: $path} end' --arg path "$path"
    printf '%s\n' "$bundle"
}

# make_filter_machine: an interface of each kind that this host has, as engines leave them.
make_filter_machine() {
    local bundle
    add_veth "$NS" eth0 10.199.0.2/24 fd99::2/64
    ip -n "$NS" link set eth0 down
    ip -n "$NS" link set eth0 address 02:42:0a:c7:00:02 mtu 1400
    ip -n "$NS" link set eth0 up
    ip -n "$NS" addr replace fd99::2/64 dev eth0 nodad
    ip -n "$NS" route add default via 10.199.0.1
    ip -n "$NS" -6 route add default via fd99::1
    ip -n "$NS" route add 10.55.0.0/16 via 10.199.0.1 src 10.199.0.2 metric 77
    ip -n "$NS" neigh add 10.199.0.77 lladdr 02:00:00:00:00:77 nud permanent dev eth0
    add_veth "$NS" lower0
    ip -n "$NS" link add mv0 link lower0 type macvlan mode bridge
    ip -n "$NS" addr add 10.199.0.3/24 dev mv0 noprefixroute
    ip -n "$NS" link set mv0 up
    ip -n "$NS" tuntap add tap7 mode tap
    ip -n "$NS" addr add 10.77.0.2/24 dev tap7
    ip -n "$NS" link set tap7 up
    add_veth "$NS" bare0
    # What the workload finds when it begins was there before netmon, which start launches last, can have looked.
    bundle=$(network_bundle "/run/netns/$NS" sh -c 'ip -o address >/dev/shm/at-start; exec sleep 1000')
    edit_spec "$bundle" '.linux.sysctl["net.ipv4.conf.eth0.rp_filter"] = "2"'
    kata_create_with netmon "$1" "$bundle"
    add_veth "$NS" eth1 10.199.0.4/24 # as docker 28 does, after create
    kata_with netmon start "$1"
}

# make_macvtap_machine: what docker 28 does, an interface put into the shim's namespace between create and start.
make_macvtap_machine() {
    local bundle
    bundle=$(network_bundle "" sleep 1000)
    kata_create_with macvtap "$1" "$bundle"
    add_veth "$(pid_of "$1")" eth0 10.199.0.10/24 fd99::10/64
    kata_with macvtap start "$1"
}

make_machine_without_network() {
    local bundle
    bundle=$(make_bundle sleep 1000)
    edit_spec "$bundle" 'del(.linux.namespaces[] | select(.type == "network"))'
    kata_create_with none "$1" "$bundle"
    kata_with none start "$1"
}

kata_with() {
    local configuration=$1
    shift
    kata --config "$BATS_FILE_TMPDIR/$configuration.toml" "$@"
}

kata_create_with() {
    local configuration=$1 id=$2 bundle=$3
    kata_with "$configuration" create --bundle "$bundle" "$id" </dev/null >"$bundle/out" 2>"$bundle/err" || {
        cat "$bundle/err"
        return 1
    }
}
