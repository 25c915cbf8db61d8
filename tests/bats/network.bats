#!/usr/bin/env bats
# Networking without an engine: this file plays one with ip(8), a bridge and veth pairs. Three virtual machines
# serve all cases: one with tcfilter and netmon, one with macvtap, one without a network.
load helpers
load network

export KATA_KEEP_CONTAINERS=1

setup_file() {
    kata_setup_file
    make_host_network
    write_configurations
    start_machines
}

teardown_file() {
    local code=0
    delete_everything
    remove_host_network
    kata_teardown_file || code=1
    return "$code"
}

teardown() { kata_teardown; }

start_machines() {
    FILTER=$(unique_id f) MACVTAP=$(unique_id m) NONE=$(unique_id n)
    export FILTER MACVTAP NONE
    make_filter_machine "$FILTER"
    make_macvtap_machine "$MACVTAP"
    make_machine_without_network "$NONE"
}

in_guest() {
    kata exec "$@" </dev/null
}

guest_has() {
    in_guest "$1" ip addr show dev "$2" >/dev/null 2>&1
}

guest_lacks() {
    ! guest_has "$@"
}

# A guest's link state may be told a moment after its addresses.
pings() {
    ping -n -q -c 1 -W 1 "$@" >/dev/null
}

nobody_watches() {
    ! pgrep -f "kata-network watch ($FILTER|$MACVTAP)" >/dev/null
}

journaled_effects() {
    jq -r .effect "/run/vc/sbs/$1/journal" | sort | uniq -c
}

@test "addresses of both families, MAC address and MTU of a veth are those of the guest's interface" {
    run in_guest "$FILTER" ip addr show dev eth0
    expect_contains "mtu 1400"
    expect_contains "02:42:0a:c7:00:02"
    expect_contains "inet 10.199.0.2/24"
    expect_contains "inet6 fd99::2/64"
    [[ $output != *tentative* ]]
}

@test "macvlan and tap interfaces are served, those without an address are not" {
    run in_guest "$FILTER" ip addr
    expect_contains "10.199.0.3/24"
    expect_contains "10.77.0.2/24"
    [[ $output != *bare0* && $output != *" kt"* ]]
}

@test "routes with source and metric, and permanent neighbours, are in the guest" {
    run in_guest "$FILTER" ip route
    expect_contains "default via 10.199.0.1 dev eth0"
    expect_contains "10.55.0.0/16 via 10.199.0.1 dev eth0"
    expect_contains "src 10.199.0.2"
    expect_contains "metric 77"
    run in_guest "$FILTER" ip -6 route
    expect_contains "default via fd99::1 dev eth0"
    run in_guest "$FILTER" cat /proc/net/arp
    expect_contains "02:00:00:00:00:77"
}

@test "sysctls of an interface are set, because it exists before the container does" {
    run in_guest "$FILTER" cat /proc/sys/net/ipv4/conf/eth0/rp_filter
    expect_output 2
}

@test "guest and host ping each other over IPv4 and IPv6" {
    wait_until 60 pings 10.199.0.2
    wait_until 60 pings -6 fd99::2
    wait_until 60 in_guest "$FILTER" ping -q -c 1 -W 1 10.199.0.1
    wait_until 60 in_guest "$FILTER" ping -q -c 1 -W 1 fd99::1
}

@test "what the guest sends and gets is counted at the interface that engines read" {
    local before after
    before=$(ip netns exec "$NS" cat /sys/class/net/eth0/statistics/tx_bytes)
    in_guest "$FILTER" ping -q -c 3 -i 0.2 -s 1000 10.199.0.1
    after=$(ip netns exec "$NS" cat /sys/class/net/eth0/statistics/tx_bytes)
    ((after - before >= 3000))
}

@test "an interface that came between create and start is in the guest, through a macvtap" {
    run in_guest "$MACVTAP" ip addr show dev eth0
    expect_contains "inet 10.199.0.10/24"
    expect_contains "inet6 fd99::10/64"
    wait_until 60 pings 10.199.0.10
    wait_until 60 pings -6 fd99::10
    run journaled_effects "$MACVTAP"
    expect_contains "1 macvtap"
}

@test "an interface that came between create and start is there before the workload begins, through tc filters" {
    run in_guest "$FILTER" cat /dev/shm/at-start
    expect_contains "inet 10.199.0.4/24"
    wait_until 60 pings 10.199.0.4
    run journaled_effects "$FILTER"
    [[ $output != *macvtap* ]]
}

@test "two machines on one bridge reach each other and move 16 MiB whole" {
    local sum
    wait_until 60 in_guest "$FILTER" ping -q -c 1 -W 1 10.199.0.10
    sum=$(in_guest "$MACVTAP" sh -c 'dd if=/dev/urandom of=/dev/shm/data bs=1M count=16 2>/dev/null; md5sum </dev/shm/data')
    in_guest "$MACVTAP" httpd -p 5001 -h /dev/shm
    run in_guest "$FILTER" sh -c 'wget -q -O - http://10.199.0.10:5001/data | md5sum'
    expect_output "$sum"
}

@test "without a network the guest has a loopback only, and a container without a namespace is allowed" {
    run in_guest "$NONE" ip -o link
    expect_equal "$(grep -c . <<<"$output")" 1
    expect_contains "lo"
    # Whatever the configuration says by now: the interfaces there are the host's.
    run_kata kata-network add-iface "$NONE" - <<<"{\"Device\":\"$BRIDGE\"}"
    expect_failure "no network namespace of its own"
    run_kata kata-network refresh "$NONE"
    expect_status 0
    expect_equal "$(in_guest "$NONE" ip -o link | grep -c .)" 1
}

@test "interfaces that come and go while the container runs are plugged and unplugged" {
    add_veth "$NS" eth5 10.199.0.5/24
    wait_until 60 guest_has "$FILTER" eth5
    wait_until 60 pings 10.199.0.5
    ip -n "$NS" link del eth5
    wait_until 60 guest_lacks "$FILTER" eth5
    # Its neighbours have not noticed.
    wait_until 60 pings 10.199.0.2
}

@test "addresses and routes that change while the container runs are handed on" {
    ip -n "$NS" addr add 10.199.0.22/24 dev eth0
    ip -n "$NS" route add 10.56.0.0/16 via 10.199.0.1
    wait_until 60 pings 10.199.0.22
    wait_until 60 in_guest "$FILTER" sh -c 'ip route | grep -q 10.56.0.0/16'
}

@test "kata-network lists interfaces and routes as JSON with Kata's names" {
    run_kata_apart kata-network list-ifaces "$FILTER"
    expect_status 0
    jq -e '.[] | select(.Name == "eth0") | .HwAddr == "02:42:0a:c7:00:02" and .Mtu == 1400
        and any(.IPAddresses[]; .Family == 2 and .Address == "10.199.0.2" and .Mask == "24")' <<<"$output"
    run_kata_apart kata-network list-routes "$FILTER"
    jq -e 'any(.[]; .Dest == "" and .Gateway == "10.199.0.1" and .Device == "eth0")' <<<"$output"
}

@test "kata-network adds and removes an interface, and prints it" {
    add_veth "$NS" eth6
    run_kata_apart kata-network add-iface "$FILTER" - <<<'{"Device":"eth6","Name":"net6","Mtu":1300,
        "IPAddresses":[{"Family":2,"Address":"10.199.0.6","Mask":"24"}]}'
    expect_status 0
    jq -e '.Name == "net6" and .Mtu == 1300' <<<"$output"
    wait_until 60 pings 10.199.0.6
    run_kata kata-network add-iface "$FILTER" - <<<'{"Device":"eth6"}'
    expect_failure "is connected to the VM"
    run_kata_apart kata-network del-iface "$FILTER" - <<<'{"Name":"net6"}'
    expect_status 0
    guest_lacks "$FILTER" net6
    # Taken out by hand, it is not put in again.
    kata_with netmon kata-network refresh "$FILTER"
    guest_lacks "$FILTER" net6
    ip -n "$NS" link del eth6
}

@test "kata-network says what it cannot do" {
    run_kata kata-network add-iface "$FILTER" - <<<'{"Device":"no-such"}'
    expect_failure 'no interface "no-such"'
    run_kata kata-network del-iface "$FILTER" - <<<'{"Name":"no-such"}'
    expect_failure 'no interface "no-such"'
    run_kata kata-network add-iface "$FILTER" - <<<'nonsense'
    expect_failure "no JSON"
    run_kata kata-network update-routes "$FILTER" - <<<'[{"Gateway":"not-an-address","Device":"eth0"}]'
    expect_failure "not-an-address"
    run_kata kata-network list-ifaces no-such-container
    expect_failure "does not exist"
    run_kata kata-network add-iface "$FILTER"
    expect_failure "needs a file"
    run_kata kata-network turn-around "$FILTER"
    expect_failure 'has no "turn-around"'
}

@test "kata-network replaces the routes, which then stay" {
    run_kata_apart kata-network update-routes "$FILTER" - <<<'[{"Dest":"","Gateway":"10.199.0.1","Device":"eth0"},
        {"Dest":"10.57.0.0/16","Gateway":"10.199.0.1","Device":"eth0","Source":"10.199.0.2"}]'
    expect_status 0
    jq -e 'any(.[]; .Dest == "10.57.0.0/16" and .Source == "10.199.0.2")' <<<"$output"
    ip -n "$NS" route del 10.56.0.0/16
    kata_with netmon kata-network refresh "$FILTER"
    run in_guest "$FILTER" ip route
    expect_contains "10.57.0.0/16"
    [[ $output != *10.55.0.0* ]]
}

@test "every interface of a machine receives and sends at most at the rates of the configuration" {
    run tc -n "$NS" qdisc show
    expect_contains "dev eth0 root refcnt"
    [[ $(grep -c 'qdisc tbf 6b74: dev kt.*rate 500Mbit' <<<"$output") -ge 3 ]]
    grep -q 'qdisc tbf 6b74: dev eth0 .*rate 400Mbit' <<<"$output"
}

@test "a container in the network namespace of another one's machine joins that machine, as under docker's --network container:" {
    local bundle
    bundle=$(network_bundle "/run/netns/$NS" cat /proc/sys/kernel/random/boot_id)
    run_kata run --bundle "$bundle" "$(unique_id)"
    expect_status 0
    expect_output "$(in_guest "$FILTER" cat /proc/sys/kernel/random/boot_id)"
}

@test "a second machine, of another engine, cannot take over the interfaces of the first, which goes on" {
    local bundle
    bundle=$(network_bundle "/run/netns/$NS" true)
    KATA_ROOT="$BATS_TEST_TMPDIR/other" run_kata run --bundle "$bundle" "$(unique_id)"
    expect_failure "belongs to another VM"
    wait_until 60 pings 10.199.0.2
}

@test "an interface that no machine can have, and one with foreign tc rules, are refused with the reason" {
    local bundle other="${NS}x"
    ip netns add "$other"
    ip -n "$other" tuntap add tun3 mode tun
    ip -n "$other" addr add 10.88.0.2/24 dev tun3
    ip -n "$other" link set tun3 up
    bundle=$(network_bundle "/run/netns/$other" true)
    run_kata run --bundle "$bundle" "$(unique_id)"
    ip -n "$other" link del tun3
    expect_failure 'interface "tun3"'
    add_veth "$other" eth0 10.199.0.30/24
    tc -n "$other" qdisc add dev eth0 ingress
    run_kata run --bundle "$bundle" "$(unique_id)"
    ip netns del "$other"
    expect_failure "has an ingress qdisc already"
}

@test "a namespace that outlives the machine is as before, also after a crash of the runtime and QEMU" {
    local bundle id other="${NS}y"
    ip netns add "$other"
    add_veth "$other" eth0 10.199.0.40/24
    bundle=$(network_bundle "/run/netns/$other" sleep 1000)
    id=$(unique_id)
    create_container "$id" "$bundle"
    wait_until 60 pings 10.199.0.40
    kill -KILL "$(jq .vmPid "/run/vc/sbs/$id/sandbox.json")"
    kata delete --force "$id"
    [[ -z $(tc -n "$other" qdisc show dev eth0 ingress) ]]
    expect_equal "$(ip -n "$other" -o link | grep -c ' kt')" 0
    wait_until 60 pings 10.199.0.40
    ip netns del "$other"
}

@test "a namespace whose name is deleted while the container runs stays its network until the end" {
    ip netns del "$NS"
    wait_until 60 pings 10.199.0.2
    kata delete --force "$FILTER"
    run ping -n -q -c 1 -W 1 10.199.0.2
    [[ $status != 0 ]]
}

@test "nothing of a machine is left on the host: no tap, no macvtap, no process that watches" {
    kata delete --force "$FILTER"
    kata delete --force "$MACVTAP"
    kata delete --force "$NONE"
    expect_equal "$(ip -o link | grep -cE ': kt[0-9a-f]{10}')" 0
    wait_until 60 nobody_watches
}
