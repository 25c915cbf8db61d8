#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Docker's networks with this runtime: the default bridge, networks of the user's with names, published ports,
# networks that are connected later, statistics, and what a VM cannot have. runc in the same networks is what to be like.

load helpers
load engines

setup_file() {
    kata_setup_file
    engine_setup
    add_netmon_runtime
    start_dockerd
    import_busybox docker
    docker run --detach --runtime "$KATA_NAME" --name one --publish 127.0.0.1::80 busybox \
        sh -c 'echo "page of one" >/srv/index.html; httpd -f -p 80 -h /srv'
    docker network create --subnet "${ENGINE_SUBNET/10./11.}.0/24" --opt "com.docker.network.bridge.name=${ENGINE_BRIDGE/kb/kn}" \
        --opt com.docker.network.driver.mtu=1300 mine
    docker run --detach --runtime kata-netmon --name first --network mine --network-alias also busybox sleep 100000
    docker run --detach --runtime "$KATA_NAME" --name second --network mine --mac-address 02:42:00:00:12:34 \
        --ip "${ENGINE_SUBNET/10./11.}.77" busybox sleep 100000
}

# add_netmon_runtime: README's daemon.json with one more runtime, kata-netmon, which looks for networks that come later.
add_netmon_runtime() {
    printf '[netmon]\nenable_netmon = true\n' >"$ENGINE/netmon.toml"
    jq --arg path "$KATA_RUNTIME" --arg config "$ENGINE/netmon.toml" \
        '.runtimes["kata-netmon"] = {path: $path, runtimeArgs: ["--config", $config]}' \
        "$ENGINE_FILES/docker-daemon.json" >"$ENGINE/daemon.json"
    export DOCKERD_CONFIG="$ENGINE/daemon.json"
}

teardown_file() {
    stop_dockerd
    kata_teardown_file
}

teardown() {
    local id
    for id in $(docker ps --all --quiet --filter label=case); do
        docker rm --force "$id" >/dev/null
    done
    docker network prune --force >/dev/null
}

start_case() {
    docker run --runtime "$KATA_NAME" --label case "$@"
}

# address_of CONTAINER [NETWORK]
address_of() {
    docker inspect --format "{{(index .NetworkSettings.Networks \"${2:-bridge}\").IPAddress}}" "$1"
}

# settings_of CONTAINER: what of its network runc and we must agree on, without what is each one's own.
settings_of() {
    docker exec "$1" sh -c 'ip -o address show eth0 | sed "s/^[0-9]*: //; s/@[^ ]*//"; ip route; ip -o link show eth0 | grep -o "mtu [0-9]*"
        cat /etc/resolv.conf; grep -vE "[[:space:]]$(hostname)\$" /etc/hosts; ip -o link | wc -l' |
        sed -E 's/([0-9]+\.){3}[0-9]+/IP/g; s/fd00:[^ ]*/IP/; s/fe80:[^ ]* scope link flags 02 /LL scope link /; s/fe80:[^ ]*/LL/'
}

@test "the default bridge: address, route, MTU, resolver and hosts are those that a container of runc gets" {
    start_case --detach --runtime runc --name peer busybox sleep 1000
    expect_equal "$(settings_of one)" "$(settings_of peer)"
    expect_equal "$(docker exec one ip -o -4 address show eth0 | grep -oE '([0-9]+\.){3}[0-9]+/[0-9]+')" "$(address_of one)/24"
    expect_equal "$(docker exec one cat /sys/class/net/eth0/address)" \
        "$(docker inspect --format '{{.NetworkSettings.MacAddress}}' one)"
}

@test "containers of both runtimes and the host reach each other, and a published port reaches the container" {
    local name port
    start_case --detach --runtime runc --name peer --publish 127.0.0.1::80 busybox \
        sh -c 'echo "page of peer" >/srv/index.html; httpd -f -p 80 -h /srv'
    docker exec one ping -c 1 -W 20 "$ENGINE_SUBNET.1" >/dev/null
    docker exec one ping -c 1 -W 20 "$(address_of peer)" >/dev/null
    docker exec peer ping -c 1 -W 20 "$(address_of one)" >/dev/null
    expect_equal "$(docker exec peer wget -qO- "http://$(address_of one)/")" "page of one"
    for name in one peer; do
        port=$(docker port "$name" 80)
        [[ $port =~ ^127\.0\.0\.1:[0-9]+$ ]]
        expect_equal "$(busybox wget -qO- "http://$port/")" "page of $name"
    done
}

@test "a user's network: MTU, address and MAC as asked, containers find each other by name and alias" {
    expect_equal "$(docker exec first cat /sys/class/net/eth0/mtu)" 1300
    expect_equal "$(docker exec second cat /sys/class/net/eth0/address)" 02:42:00:00:12:34
    expect_equal "$(docker exec first ping -c 1 -W 20 "$(address_of second mine)" | grep -c '1 packets received')" 1
    docker exec second ping -c 1 -W 20 first >/dev/null
    docker exec second ping -c 1 -W 20 also >/dev/null
    docker exec first ping -c 1 -W 20 second >/dev/null
    run_docker exec first nslookup nobody-of-that-name
    [[ $status != 0 ]]
    start_case --detach --runtime runc --name peer --network mine busybox sleep 1000
    docker exec peer ping -c 1 -W 20 also >/dev/null
    expect_equal "$(settings_of first)" "$(settings_of peer)"
}

@test "a network connected to a running container is an interface of its guest until it is disconnected, and what docker writes into hosts is seen" {
    local address
    expect_equal "$(interfaces_of first)" "eth0 lo "
    docker network connect bridge first
    address=$(address_of first bridge)
    wait_until 60 has_interfaces first "eth0 eth1 lo "
    wait_until 60 docker exec first ping -c 1 -W 2 "$(address_of one)" >/dev/null
    expect_equal "$(docker exec first ip -o -4 address show eth1 | grep -oE '([0-9]+\.){3}[0-9]+/[0-9]+')" "$address/24"
    docker exec one ping -c 1 -W 20 "$address" >/dev/null
    wait_until 60 hosts_are_live first
    docker exec first cat /etc/hosts | grep -qE "^$address"$'\t'
    docker network disconnect bridge first
    wait_until 60 has_interfaces first "eth0 lo "
    wait_until 60 hosts_are_live first
    docker exec first ping -c 1 -W 20 second >/dev/null
}

interfaces_of() {
    docker exec "$1" ls /sys/class/net | tr '\n' ' '
}

has_interfaces() {
    [[ $(interfaces_of "$1") == "$2" ]]
}

# hosts_are_live CONTAINER: the file that docker edits in place is what the guest reads.
hosts_are_live() {
    [[ $(docker exec "$1" cat /etc/hosts) == "$(cat "$(docker inspect --format '{{.HostsPath}}' "$1")")" ]]
}

@test "stats and the interface's counters show the traffic" {
    local before after
    before=$(received one)
    docker exec first true
    docker exec one wget -qO- "http://$(address_of one)/" >/dev/null
    head -c 2000000 /dev/zero | docker exec --interactive one nc -l -p 99 >/dev/null &
    busybox timeout 20 sh -c "sleep 2; head -c 2000000 /dev/zero | busybox nc -w 5 $(address_of one) 99" || true
    after=$(received one)
    [[ $((after - before)) -ge 2000000 ]]
    run_docker stats --no-stream --format '{{.NetIO}}' one
    [[ $output =~ ^[0-9.]+MB ]]
}

received() {
    docker exec "$1" cat /sys/class/net/eth0/statistics/rx_bytes
}

@test "host's network is refused with why and what to use" {
    run_docker run --rm --runtime "$KATA_NAME" --network host busybox true
    expect_status 125
    expect_error "host networking cannot be given to a container in a VM; use a network of its own"
    run_docker ps --all --quiet --filter status=created --filter status=exited
    expect_output ""
}

@test "a container that joins the network of another lives in its VM, has its network, and neither disturbs the other" {
    local id
    id=$(start_case --detach --name joined --network container:one busybox sleep 1000)
    [[ -z $(domain_of "$id") ]]
    expect_equal "$(docker exec joined wget -qO- http://127.0.0.1/)" "page of one"
    expect_equal "$(docker exec joined ip -o -4 address show eth0)" "$(docker exec one ip -o -4 address show eth0)"
    ! docker exec joined test -e /srv/index.html || return 1
    docker rm --force joined
    docker exec one ping -c 1 -W 20 "$ENGINE_SUBNET.1" >/dev/null
}

@test "two networks are two interfaces, and restart keeps both" {
    docker create --runtime "$KATA_NAME" --label case --name both --network mine busybox sleep 1000
    docker network connect bridge both
    docker start both
    expect_in_two_networks both
    docker restart --time 0 both
    expect_equal "$(docker inspect --format '{{.State.Status}}' both)" running
    expect_in_two_networks both
}

expect_in_two_networks() {
    expect_equal "$(interfaces_of "$1")" "eth0 eth1 lo "
    docker exec "$1" ping -c 1 -W 20 "$(address_of one)" >/dev/null
    docker exec "$1" ping -c 1 -W 20 first >/dev/null
}

@test "an internal network with IPv6 has the settings that runc's containers get, and reaches them both ways" {
    docker network create --internal --ipv6 --subnet fd00:6b61:7461::/64 --subnet "${ENGINE_SUBNET/10./12.}.0/24" six
    start_case --detach --name six-one --network six busybox sleep 1000
    start_case --detach --runtime runc --name six-two --network six busybox sleep 1000
    wait_until 60 docker exec six-one ping -6 -c 1 -W 5 "$(ipv6_address_of six-two six)"
    wait_until 60 docker exec six-two ping -6 -c 1 -W 5 "$(ipv6_address_of six-one six)"
    expect_equal "$(settings_of six-one)" "$(settings_of six-two)"
}

# ipv6_address_of CONTAINER NETWORK
ipv6_address_of() {
    docker inspect --format "{{.NetworkSettings.Networks.$2.GlobalIPv6Address}}" "$1"
}

@test "a container that is linked by --link is found by its alias and told in the environment, as under runc" {
    local name
    docker create --runtime runc --label case --name linked-peer --link one:page busybox sh -c "$LINKED"
    docker create --runtime "$KATA_NAME" --label case --name linked --link one:page busybox sh -c "$LINKED"
    for name in linked-peer linked; do
        run_docker start --attach "$name"
        expect_status 0
        expect_equal "${lines[0]}" "page of one"
        expect_contains "PAGE_NAME=/$name/page"
        expect_contains "$(address_of one)"$'\t'"page"
        echo "${output//$name/it}" >"$BATS_TEST_TMPDIR/$name"
    done
    diff "$BATS_TEST_TMPDIR/linked-peer" "$BATS_TEST_TMPDIR/linked"
}

LINKED='wget -qO- http://page/ && ping -c 1 -W 20 page >/dev/null && env | grep ^PAGE | sort && grep page /etc/hosts'
