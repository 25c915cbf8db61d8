#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Docker's networks with this runtime: the default bridge, networks of the user's with names, published ports,
# statistics, and what a VM cannot have.

load helpers
load engines

setup_file() {
    kata_setup_file
    start_dockerd
    import_busybox docker
    docker run --detach --runtime "$KATA_NAME" --name one --publish 127.0.0.1::80 busybox \
        sh -c 'echo "page of one" >/srv/index.html; httpd -f -p 80 -h /srv'
    docker network create --subnet "${ENGINE_SUBNET/10./11.}.0/24" --opt "com.docker.network.bridge.name=${ENGINE_BRIDGE/kb/kn}" \
        --opt com.docker.network.driver.mtu=1300 mine
    docker run --detach --runtime "$KATA_NAME" --name first --network mine --network-alias also busybox sleep 100000
    docker run --detach --runtime "$KATA_NAME" --name second --network mine --mac-address 02:42:00:00:12:34 \
        --ip "${ENGINE_SUBNET/10./11.}.77" busybox sleep 100000
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
        cat /etc/resolv.conf; grep -vE "^($(hostname -i | tr " " "|"))" /etc/hosts; ip -o link | wc -l' | sed -E 's/([0-9]+\.){3}[0-9]+/IP/g; s/fe80:[^ ]*/LL/'
}

@test "the default bridge: address, route, MTU, resolver and hosts are those that a container of runc gets" {
    start_case --detach --runtime runc --name peer busybox sleep 1000
    expect_equal "$(settings_of one)" "$(settings_of peer)"
    expect_equal "$(docker exec one ip -o -4 address show eth0 | grep -oE '([0-9]+\.){3}[0-9]+/[0-9]+')" "$(address_of one)/24"
    expect_equal "$(docker exec one cat /sys/class/net/eth0/address)" \
        "$(docker inspect --format '{{.NetworkSettings.MacAddress}}' one)"
}

@test "containers of both runtimes and the host reach each other, and a published port reaches the container" {
    local port
    start_case --detach --runtime runc --name peer busybox sleep 1000
    docker exec one ping -c 1 -W 20 "$ENGINE_SUBNET.1" >/dev/null
    docker exec one ping -c 1 -W 20 "$(address_of peer)" >/dev/null
    docker exec peer ping -c 1 -W 20 "$(address_of one)" >/dev/null
    expect_equal "$(docker exec peer wget -qO- "http://$(address_of one)/")" "page of one"
    port=$(docker port one 80 | head -n 1)
    expect_equal "$(busybox wget -qO- "http://$port/")" "page of one"
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

@test "network none has loopback alone, and host's network is refused with why and what to use" {
    expect_equal "$(start_case --rm --network none busybox sh -c 'ls /sys/class/net')" lo
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

@test "restart keeps the network; two networks are two interfaces" {
    start_case --detach --name moved --network mine busybox sleep 1000
    docker restart --time 0 moved
    docker exec moved ping -c 1 -W 20 first >/dev/null
    docker create --runtime "$KATA_NAME" --label case --name both --network mine busybox sleep 1000
    docker network connect bridge both
    docker start both
    expect_equal "$(docker exec both ls /sys/class/net | tr '\n' ' ')" "eth0 eth1 lo "
    docker exec both ping -c 1 -W 20 "$(address_of one)" >/dev/null
    docker exec both ping -c 1 -W 20 "$(address_of first mine)" >/dev/null
}

@test "an internal network, links by --link, and IPv6 work" {
    docker network create --internal --ipv6 --subnet fd00:6b61:7461::/64 --subnet "${ENGINE_SUBNET/10./12.}.0/24" six
    start_case --detach --name six-one --network six busybox sleep 1000
    start_case --detach --name six-two --network six busybox sleep 1000
    wait_until 30 docker exec six-one ping -6 -c 1 -W 5 \
        "$(docker inspect --format '{{.NetworkSettings.Networks.six.GlobalIPv6Address}}' six-two)"
}
