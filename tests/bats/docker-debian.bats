#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# A whole Debian under docker: its package manager, setuid programs, bash, perl, iperf3, stress-ng and databases in VMs.

load helpers
load engines

setup_file() {
    kata_setup_file
    start_dockerd
    import_debian docker
    docker run --detach --runtime "$KATA_NAME" --name one --cpus 2 --memory 512m --volume data:/data debian sleep 100000
    docker run --detach --runtime "$KATA_NAME" --name two debian iperf3 --server
}

teardown_file() {
    [[ ! -s ${ENGINE:-/none}/httpd ]] || kill "$(cat "$ENGINE/httpd")" || true
    stop_dockerd
    kata_teardown_file
}

address_of() {
    docker inspect --format '{{.NetworkSettings.IPAddress}}' "$1"
}

# serve_repository: a repository with one package, on the bridge's address.
serve_repository() {
    mkdir -p "$ENGINE/package/DEBIAN" "$ENGINE/package/usr/bin" "$ENGINE/repository"
    printf 'Package: kata-greeting\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: says hello\n' \
        >"$ENGINE/package/DEBIAN/control"
    printf '#!/bin/sh\necho hello from a package\n' >"$ENGINE/package/usr/bin/kata-greeting"
    chmod 0755 "$ENGINE/package/usr/bin/kata-greeting"
    dpkg-deb --root-owner-group --build "$ENGINE/package" "$ENGINE/repository/kata-greeting.deb"
    (cd "$ENGINE/repository" && dpkg-scanpackages . >Packages)
    busybox httpd -f -p "$ENGINE_SUBNET.1:8642" -h "$ENGINE/repository" </dev/null >/dev/null 2>&1 3>&- &
    echo $! >"$ENGINE/httpd"
}

@test "apt-get updates from a repository on the network, installs a package, and the package's program runs" {
    serve_repository
    docker exec one sh -c "rm -rf /etc/apt/sources.list.d/*; echo 'deb [trusted=yes] http://$ENGINE_SUBNET.1:8642 ./' >/etc/apt/sources.list"
    docker exec --env DEBIAN_FRONTEND=noninteractive one sh -c 'apt-get -qq update && apt-get -qq install -y kata-greeting'
    expect_equal "$(docker exec one kata-greeting)" "hello from a package"
    expect_equal "$(docker exec one dpkg-query -W -f '${db:Status-Abbrev}' kata-greeting)" "ii "
}

@test "1 GiB goes through iperf3 from one VM to another, and the engine counts it" {
    run_docker exec one iperf3 --client "$(address_of two)" --bytes 1G --json
    expect_status 0
    # What is on its way when the sender has sent all of it does not count as received.
    expect_equal "$(jq '[.end.sum_sent.bytes >= 1073741824, .end.sum_received.bytes > 1060000000]' <<<"$output" | tr -d ' \n')" "[true,true]"
    [[ $(docker exec two cat /sys/class/net/eth0/statistics/rx_bytes) -gt 1060000000 ]]
    run_docker stats --no-stream --format '{{.NetIO}}' two
    [[ $output == *GB* ]]
}

@test "processors: --cpus gives as many more as it rounds up to, and update changes the share of them" {
    local before
    before=$(docker exec two nproc)
    expect_equal "$(docker exec one nproc)" $((before + 2 > $(nproc) ? $(nproc) : before + 2))
    expect_equal "$(docker exec one cat /sys/fs/cgroup/cpu.max)" "200000 100000"
    docker update --cpus 1 one
    expect_equal "$(docker exec one cat /sys/fs/cgroup/cpu.max)" "100000 100000"
    expect_equal "$(docker exec one nproc)" $((before + 1 > $(nproc) ? $(nproc) : before + 1))
}

@test "stress-ng beyond the memory limit is killed, and the container lives on" {
    run_docker exec one stress-ng --vm 1 --vm-bytes 400M --vm-keep --timeout 5s --quiet
    expect_status 0
    run_docker exec one perl -e '$a = "x" x (900 << 20); print length $a'
    expect_status 137
    expect_equal "$(docker exec one echo alive)" alive
}

start_redis() {
    docker exec --detach one redis-server --dir /data --appendonly yes --appendfsync always --save ''
    wait_until 60 redis_answers
}

redis_answers() {
    [[ $(docker exec one redis-cli ping 2>/dev/null) == PONG ]]
}

@test "redis, each write synced to a volume, has all of them after it was killed" {
    start_redis
    docker exec one redis-benchmark --csv -t lpush -n 500 -c 5
    docker exec one sh -c 'kill -KILL $(pidof redis-server)'
    start_redis
    expect_equal "$(docker exec one redis-cli llen mylist)" 500
    docker exec one redis-cli shutdown
}

@test "sqlite on a volume serves two writers at once and one who reads, and stays whole" {
    docker exec one sqlite3 /data/base 'PRAGMA journal_mode = WAL; CREATE TABLE t (writer, i)'
    docker exec one sh -c 'for writer in 1 2; do
            for i in 1 2 3 4 5; do sqlite3 -cmd ".timeout 60000" /data/base "INSERT INTO t VALUES ($writer, $i)" || echo failed; done &
        done
        sqlite3 -cmd ".timeout 60000" /data/base "SELECT count(*) FROM t" >/dev/null || echo failed
        wait' >"$BATS_TEST_TMPDIR/out" 2>&1
    expect_equal "$(cat "$BATS_TEST_TMPDIR/out")" ""
    expect_equal "$(docker exec one sqlite3 /data/base 'SELECT count(*) FROM t; PRAGMA integrity_check' | tr '\n' ' ')" "10 ok "
}

@test "setuid programs and those with file capabilities raise privileges, and not with no-new-privileges, as under runc" {
    local runtime
    docker exec one sh -c 'useradd --uid 1000 plain; cp /usr/bin/id /usr/bin/setuid-id; chmod u+s /usr/bin/setuid-id
        cp /usr/bin/grep /usr/bin/raw-grep; setcap cap_net_raw+ep /usr/bin/raw-grep'
    run_docker exec --user 1000 one setuid-id
    expect_contains "euid=0(root)"
    expect_equal "$(docker exec one getcap /usr/bin/raw-grep)" "/usr/bin/raw-grep cap_net_raw=ep"
    run_docker exec --user 1000 one raw-grep CapEff /proc/self/status
    expect_output $'CapEff:\t0000000000002000'
    docker commit one setuid >/dev/null
    for runtime in runc "$KATA_NAME"; do
        run_docker run --rm --runtime "$runtime" --network none --user 1000 --security-opt no-new-privileges setuid \
            sh -c 'setuid-id; getcap /usr/bin/raw-grep; raw-grep CapEff /proc/self/status'
        expect_output $'uid=1000(plain) gid=1000(plain) groups=1000(plain)\n/usr/bin/raw-grep cap_net_raw=ep\nCapEff:\t0000000000000000'
    done
}

@test "perl's exit codes are docker's, on a terminal and without" {
    local code flag=--interactive
    for code in 0 1 55 -1 255 256; do
        run_docker exec one perl -e "exit $code"
        expect_status $((code & 255))
        run_docker exec "$flag" one perl -e "print -t STDOUT ? '--tty' : '--interactive'; exit $code"
        expect_status $((code & 255))
        expect_output "$flag"
        [[ $flag == --tty ]] && flag=--interactive || flag=--tty
    done
}
