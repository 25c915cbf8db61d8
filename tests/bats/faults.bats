#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031  # output, status, stderr and lines are set by run
# What a container stands on fails under it: QEMU, virtiofsd, kata-shim, libvirt, the guest. The container is
# then stopped with the right exit code, or answers again, and delete leaves nothing.

load helpers
load refusal

setup_file() {
    kata_setup_file
    # Where QEMU's user can read them: the directories of bats are root's alone.
    IMAGES=$(mktemp -d /tmp/kata-faults.XXXXXX)
    export IMAGES
    chmod 0755 "$IMAGES"
    export LIBVIRT_DIR="$BATS_FILE_TMPDIR/libvirt"
    export LIBVIRT_URI="qemu+unix:///system?socket=$LIBVIRT_DIR/libvirt-sock"
}

teardown_file() {
    rm -rf "$IMAGES"
    kata_teardown_file
}

setup() {
    ID=$(unique_id fault)
}

teardown() {
    local pid
    for pid in "${RUN_PID:-}" "${DAEMON_PID:-}"; do
        [[ -z $pid ]] || is_dead "$pid" || kill -KILL "$pid" || true
    done
    kata_teardown
}

# start_run ID COMMAND...: a container in the foreground of a process in the background, kept when it ends.
start_run() {
    local id=$1 bundle
    shift
    bundle=$(make_bundle "$@")
    kata run --keep --bundle "$bundle" "$id" </dev/null >"$BATS_TEST_TMPDIR/$id.out" 2>"$BATS_TEST_TMPDIR/$id.err" 3>&- &
    RUN_PID=$!
    wait_for_status "$id" running
}

# start_detached ID COMMAND...
start_detached() {
    local id=$1 bundle
    shift
    bundle=$(make_bundle "$@")
    run_container "$id" "$bundle"
}

qemu_of() {
    pgrep -f -- "guest=kata-$1,"
}

on_domain() {
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" "$1" "kata-$2"
}

delete_stopped() {
    [[ $(status_of "$1") == stopped ]]
    run_kata_apart delete "$1"
    expect_status 0
    [[ -z $stderr ]]
    expect_nothing_left "$1"
}

@test "a QEMU that is killed ends run with 137, and the other sandbox goes on" {
    local other
    other=$(unique_id other)
    start_detached "$other" sleep 1000
    start_run "$ID" sleep 1000
    kill -KILL "$(qemu_of "$ID")"
    expect_end "$RUN_PID" 137
    expect_equal "$(cat "$BATS_TEST_TMPDIR/$ID.err")" \
        "the VM of container \"$ID\" has ended under it (destroyed, killed or crashed)"
    run_kata exec "$ID" true
    expect_status 255
    expect_contains "cannot exec in a stopped container"
    delete_stopped "$ID"
    run_kata exec "$other" echo "still here"
    expect_status 0
    expect_output "still here"

    # The one that is left: suspended, it says so at once; resumed, it answers; asked to shut down, it ends.
    on_domain suspend "$other"
    [[ $(status_of "$other") == running ]]
    expect_refused_with 255 "the sandbox VM is paused; run 'virsh resume kata-$other'" exec "$other" true
    expect_refused "the sandbox VM is paused" kill "$other" TERM
    on_domain resume "$other"
    run_kata exec "$other" echo again
    expect_status 0
    expect_output again
    kill -KILL "$(qemu_of "$other")"
    wait_for_status "$other" stopped
    delete_stopped "$other"
}

@test "virsh shutdown gives the workload SIGTERM and the container its exit code" {
    start_run "$ID" sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 0.1; done'
    wait_until 60 grep -q ready "$BATS_TEST_TMPDIR/$ID.out"
    on_domain shutdown "$ID"
    expect_end "$RUN_PID" 3
    delete_stopped "$ID"
}

@test "virsh destroy ends the container with 137" {
    start_run "$ID" sleep 1000
    on_domain destroy "$ID"
    expect_end "$RUN_PID" 137
    delete_stopped "$ID"
}

@test "a virtiofsd that is killed does not keep the container from going away" {
    local pid
    start_detached "$ID" sleep 1000
    for pid in $(pgrep -f -- "virtiofsd.*$ID"); do
        kill -KILL "$pid" || true
    done
    run_kata state "$ID"
    expect_status 0
    run_kata_apart delete --force "$ID"
    expect_status 0
    expect_nothing_left "$ID"
}

beat_has_stopped() {
    local before
    before=$(cat "$1")
    sleep 1
    [[ $(cat "$1") == "$before" ]]
}

@test "a kata-shim that is killed takes its process in the guest with it" {
    local bundle
    # shellcheck disable=SC2016  # the workload's variables
    bundle=$(make_bundle sh -c 'n=0; while :; do n=$((n + 1)); echo $n >/beat; sleep 0.1; done')
    edit_spec "$bundle" '.root.readonly = false'
    run_container "$ID" "$bundle"
    wait_until 60 test -s "$bundle/rootfs/beat"
    kill -KILL "$(pid_of "$ID")"
    wait_for_status "$ID" stopped
    wait_until 60 beat_has_stopped "$bundle/rootfs/beat"
    delete_stopped "$ID"
}

# expect_boot_failure CONFIG TEXT WORDS: create fails with both in its one line, and leaves nothing.
expect_boot_failure() {
    local bundle
    bundle=$(make_bundle true)
    expect_refused "$2" --config "$(config_file "$1")" create --bundle "$bundle" "$ID"
    [[ $stderr == *"$3"* ]]
    expect_nothing_left "$ID"
}

@test "a guest that panics while it boots is reported at once, with the end of its console" {
    head -c 1000000 /dev/urandom >"$IMAGES/garbage.img"
    expect_boot_failure "[hypervisor.qemu]
initrd = \"$IMAGES/garbage.img\"" "cannot reach the agent in VM \"kata-$ID\"" "panic"
    [[ $stderr == *"does not run (any more)"*"console ends with"* ]]
}

@test "a kernel that is no kernel is reported by its VM" {
    head -c 1000000 /dev/urandom >"$IMAGES/garbage.kernel"
    expect_boot_failure "[hypervisor.qemu]
kernel = \"$IMAGES/garbage.kernel\"" "kata-$ID" "VM"
}

@test "a guest whose agent never answers is given up after boot_timeout" {
    local tree="$BATS_TEST_TMPDIR/tree"
    mkdir -p "$tree/bin" "$tree/dev"
    cp /bin/busybox "$tree/bin/busybox"
    printf '#!/bin/busybox sh\nexec /bin/busybox sleep 1000\n' >"$tree/init"
    chmod 0755 "$tree/init"
    (cd "$tree" && find . | cpio --quiet -o -H newc) >"$IMAGES/mute.img"
    expect_boot_failure "[hypervisor.qemu]
initrd = \"$IMAGES/mute.img\"
[agent.kata]
boot_timeout = 5" "cannot reach the agent in VM \"kata-$ID\"" "did not greet in time"
}

# A libvirt of our own, which we may stop: its directories lie over the system's in a mount namespace of its
# own, which still sees the mounts that the runtime makes.
start_private_libvirt() {
    mkdir -p "$LIBVIRT_DIR"
    printf 'unix_sock_dir = "%s"\nauth_unix_rw = "none"\nlog_outputs = "3:file:%s/log"\n' \
        "$LIBVIRT_DIR" "$LIBVIRT_DIR" >"$LIBVIRT_DIR/libvirtd.conf"
    # shellcheck disable=SC2016  # the inner shell's variables
    unshare --mount --net --propagation slave bash -c '
        for directory in /run/libvirt/*/ /var/lib/libvirt/qemu /etc/libvirt/qemu; do
            mount -t tmpfs tmpfs "$directory" || exit 1
        done
        exec /usr/sbin/libvirtd --config "$1/libvirtd.conf" --pid-file "$1/pid"' - "$LIBVIRT_DIR" \
        </dev/null >"$LIBVIRT_DIR/output" 2>&1 3>&- &
    DAEMON_PID=$!
    wait_until 60 private_virsh version
}

private_virsh() {
    timeout 20 virsh -q -c "$LIBVIRT_URI" "$@" >/dev/null 2>&1
}

private_libvirt_has_no_machine() {
    [[ -z $(timeout 20 virsh -q -c "$LIBVIRT_URI" list --all --name | tr -d '\n') ]]
}

@test "a libvirt that hangs is given up at the deadline, and state, exec, kill and delete do without it" {
    local bundle config second
    bundle=$(make_bundle sleep 1000)
    second=$(unique_id second)
    start_private_libvirt
    config=$(config_file "[libvirt]
uri = \"$LIBVIRT_URI\"
timeout = 30")
    kata --config "$config" create --bundle "$bundle" "$ID" </dev/null >"$bundle/out" 2>&1
    kata --config "$config" start "$ID"
    kill -STOP "$DAEMON_PID"
    sed -i 's/^timeout = .*/timeout = 2/' "$config"

    expect_refused "libvirt did not answer within" --config "$config" create --bundle "$bundle" "$second"
    expect_nothing_left "$second"
    # What needs no libvirt works without it.
    run_kata --config "$config" exec "$ID" echo here
    expect_status 0
    expect_output here
    # An engine may give no environment and no error stream.
    run env -i "$KATA_RUNTIME" --config "$config" --root "$KATA_ROOT" state "$ID" 2>&-
    expect_status 0
    expect_equal "$(jq -r '.id, .status' <<<"$output")" "$(printf '%s\nrunning' "$ID")"
    run_kata --config "$config" kill "$ID" KILL
    expect_status 0
    wait_for_status "$ID" stopped
    run_kata_apart --config "$config" delete "$ID"
    expect_status 0
    wait_until 60 no_qemu_of "$ID"
    [[ ! -e /run/vc/sbs/$ID && ! -e /run/kata-containers/shared/sandboxes/$ID ]]

    # It wakes, takes its own cgroups away, and the next container starts through it as before.
    kill -CONT "$DAEMON_PID"
    wait_until 60 private_libvirt_has_no_machine
    expect_nothing_left "$ID"
    sed -i 's/^timeout = .*/timeout = 30/' "$config"
    kata --config "$config" create --bundle "$bundle" "$second" </dev/null >"$bundle/out" 2>&1
    kill -STOP "$DAEMON_PID"
    sed -i 's/^timeout = .*/timeout = 2/' "$config"
    run_kata_apart --config "$config" delete --force "$second"
    expect_status 0
    wait_until 60 no_qemu_of "$second"
    kill -CONT "$DAEMON_PID"
    wait_until 60 private_libvirt_has_no_machine
    expect_nothing_left "$second"
    kill -TERM "$DAEMON_PID"
    wait_for_exit "$DAEMON_PID"
}

no_qemu_of() {
    ! qemu_of "$1" >/dev/null
}
