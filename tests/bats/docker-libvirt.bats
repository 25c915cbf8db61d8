#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# libvirtd killed and restarted under docker, while ten containers run. It is a libvirtd of this file's own.

load helpers
load engines

setup_file() {
    kata_setup_file
    engine_setup
    start_private_libvirt
    start_dockerd
    import_busybox docker
}

teardown_file() {
    stop_dockerd_and_libvirt
    kata_teardown_file
}

# Its directories lie over the system's in a mount namespace of its own, which still sees the mounts that the
# runtime makes, and in which it is started again whenever it ends.
start_private_libvirt() {
    local directory="$ENGINE/libvirt"
    mkdir "$directory"
    export LIBVIRT_DEFAULT_URI="qemu+unix:///system?socket=$directory/libvirt-sock"
    printf 'unix_sock_dir = "%s"\nauth_unix_rw = "none"\nlog_outputs = "3:file:%s/log"\n' "$directory" "$directory" \
        >"$directory/libvirtd.conf"
    # shellcheck disable=SC2016  # the inner shell's variables
    setsid unshare --mount --net --propagation slave bash -c '
        for directory in /run/libvirt/*/ /var/lib/libvirt/qemu /etc/libvirt/qemu; do
            mount -t tmpfs tmpfs "$directory" || exit 1
        done
        until [[ -e $1/end ]]; do
            /usr/sbin/libvirtd --config "$1/libvirtd.conf" --pid-file "$1/pid"
        done' - "$directory" </dev/null >"$directory/output" 2>&1 3>&- &
    echo $! >"$ENGINE/libvirt/supervisor"
    wait_until 60 libvirt_answers
}

libvirt_answers() {
    timeout 20 virsh -q version >/dev/null 2>&1
}

stop_dockerd_and_libvirt() {
    local supervisor
    [[ -n ${ENGINE:-} ]] || return 0
    supervisor=$(cat "$ENGINE/libvirt/supervisor")
    if docker_answers; then
        remove_docker_containers
    fi
    touch "$ENGINE/libvirt/end"
    kill "$(cat "$ENGINE/libvirt/pid")"
    wait_until 60 is_dead "$supervisor" || kill -KILL "$supervisor"
    stop_dockerd
}

@test "libvirtd killed, and restarted as by systemctl, while ten containers run: none dies, all can be entered, stopped and removed" {
    local index first codes=""
    for index in 0 1 2 3 4 5 6 7 8 9; do
        docker run --detach --runtime "$KATA_NAME" --network none --name "c$index" busybox \
            sh -c "trap 'exit 4$index' TERM; sleep 100000 & wait" >/dev/null
    done
    first=$(cat "$ENGINE/libvirt/pid")
    kill -KILL "$first"
    for index in 0 1 2 3 4; do
        expect_equal "$(docker exec "c$index" echo "in $index")" "in $index"
    done
    wait_until 60 libvirt_answers
    [[ $(cat "$ENGINE/libvirt/pid") != "$first" ]]
    expect_equal "$(virsh -q list --name | grep -c '^kata-')" 10
    for index in 5 6 7 8 9; do
        expect_equal "$(docker exec "c$index" echo "in $index")" "in $index"
    done
    restart_libvirtd
    expect_equal "$(virsh -q list --name | grep -c '^kata-')" 10
    expect_equal "$(docker exec c0 echo back)" back
    docker stop c0 c1 c2 c3 c4 c5 c6 c7 c8 c9 >/dev/null
    for index in 0 1 2 3 4 5 6 7 8 9; do
        codes+="$(docker wait "c$index") "
    done
    expect_equal "$codes" "40 41 42 43 44 45 46 47 48 49 "
    docker rm c0 c1 c2 c3 c4 c5 c6 c7 c8 c9 >/dev/null
    expect_equal "$(virsh -q list --all --name | tr -d '\n')" ""
}

# systemd ends it with TERM and waits.
restart_libvirtd() {
    local first
    first=$(cat "$ENGINE/libvirt/pid")
    kill "$first"
    wait_until 60 is_dead "$first"
    wait_until 60 libvirt_answers
    [[ $(cat "$ENGINE/libvirt/pid") != "$first" ]]
}
