#!/usr/bin/env bats
# The conversations with a real guest over its virtio-serial ports, and what the guest's first process owes
# every process: to be reaped. One container, one virtual machine; agent-probe is the real client library.

load helpers

PROBE=${BUILD:-build}/tests/support/agent-probe
[[ $PROBE == /* ]] || PROBE=$SOURCE_ROOT/$PROBE

setup_file() {
    kata_setup_file
    [[ -x $PROBE ]] || { echo "$PROBE is not there; run make test"; return 1; }
    export KATA_KEEP_CONTAINERS=1
    ID=$(unique_id)
    export ID
    local bundle
    bundle=$(make_bundle tail -f /dev/null)
    edit_spec "$bundle" 'del(.linux.namespaces[] | select(.type == "pid"))'
    run_container "$ID" "$bundle"
}

teardown_file() {
    kata_teardown_file
}

teardown() {
    kata_teardown
}

probe() {
    run timeout 110 "$PROBE" "/run/vc/sbs/$ID/ports" "$ID" "$1"
    expect_status 0
}

@test "10 MiB go each way on one port, and the end of the input is the end of the output" {
    probe bulk
}

@test "8 ports carry data side by side" {
    probe parallel
}

@test "a reader that does not read stalls nobody else, and one that goes away is SIGPIPE to the writer" {
    probe slow-reader
}

@test "a client that is killed in mid-message takes its process along, and its port serves the next at once" {
    probe killed
}

@test "a deadline and a cancelled call are seen by the agent, which kills the process" {
    probe cancelled
}

@test "a program whose output is no longer read ends as it does outside of a virtual machine" {
    run bash -o pipefail -c '"$1" --root "$2" exec "$3" yes | head -n 1' - "$KATA_RUNTIME" "$KATA_ROOT" "$ID"
    expect_output y
    wait_until 60 no_process yes
}

no_process() {
    ! kata ps "$ID" -o comm | grep -qx "$1"
}

@test "with use_vsock the agent is reached without a port, and streams and codes are the same" {
    [[ -c /dev/vhost-vsock ]] || skip "no vhost-vsock on this host"
    local bundle id
    printf '[hypervisor.qemu]\nuse_vsock = true\n' >"$BATS_TEST_TMPDIR/vsock.toml"
    id=$(unique_id vsock)
    bundle=$(make_bundle tail -f /dev/null)
    kata --config "$BATS_TEST_TMPDIR/vsock.toml" create --bundle "$bundle" "$id" </dev/null >"$bundle/out" 2>&1
    kata start "$id"
    [[ ! -e /run/vc/sbs/$id/ports || -z $(ls "/run/vc/sbs/$id/ports") ]]
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" dumpxml "kata-$id" | grep -q '<vsock '
    run --separate-stderr kata exec "$id" sh -c 'wc -c; echo err >&2; exit 17' < <(head -c 1048576 /dev/zero)
    expect_status 17
    expect_output 1048576
    # shellcheck disable=SC2154  # bats sets it
    expect_equal "$stderr" err
    kata delete --force "$id"
}

# The init of this container is in the guest's own pid namespace, whose first process, the agent, is who gets
# its orphans; so it sees every process of the guest, those of other containers among them.
zombies() {
    kata exec "$ID" sh -c 'cat /proc/[0-9]*/stat 2>/dev/null' | grep -c ') Z '
}

no_zombies() {
    [[ $(zombies) == 0 ]]
}

@test "the guest reaps every orphan" {
    # shellcheck disable=SC2016
    run_kata exec "$ID" sh -c 'i=0; while [ $i -lt 50 ]; do (sleep 0.1 &); i=$((i + 1)); done; echo "$i"'
    expect_output 50
    wait_until 60 no_process sleep
    wait_until 60 no_zombies
}
