#!/usr/bin/env bats
# shellcheck disable=SC2154  # status, output, lines and stderr are set by bats' run
# containerd as people use it by hand: ctr and the runc shim with kata-runtime as its binary. The cases
# that need no life of their own share one container.
load helpers
load containerd

setup_file() {
    kata_setup_file
    start_containerd
    ctr_of_file run -d --snapshotter native --runc-binary "$KATA_RUNTIME" "$CONTAINERD_IMAGE" shared sleep 3600
}

teardown_file() {
    ctr_of_file task kill -s 9 shared || true
    wait_until 60 task_has_status shared STOPPED || true
    ctr_of_file task rm shared || true
    ctr_of_file container rm shared || true
    stop_containerd
    kata_teardown_file
}

task_has_status() {
    [[ $(ctr_of_file task ls | awk -v id="$1" '$1 == id { print $3 }') == "$2" ]]
}

ctr_run() {
    ctr_of_file run --rm --snapshotter native --runc-binary "${RUNTIME:-$KATA_RUNTIME}" "$CONTAINERD_IMAGE" "$@"
}

@test "ctr run passes streams and the exit code on, as with runc" {
    local runtime
    for runtime in /usr/bin/runc "$KATA_RUNTIME"; do
        RUNTIME=$runtime run --separate-stderr ctr_run streams sh -c 'echo out; echo err >&2; exit 17'
        expect_status 17
        expect_output out
        expect_equal "$stderr" err
    done
}

@test "ctr run of a program that does not exist fails at create and says so, as with runc" {
    local runtime
    for runtime in /usr/bin/runc "$KATA_RUNTIME"; do
        RUNTIME=$runtime run ctr_run missing no-such-program
        # shellcheck disable=SC2016  # the dollar is the message's
        expect_failure 'exec: "no-such-program": executable file not found in $PATH'
        ctr_of_file container rm missing 2>/dev/null || true
    done
}

# What README tells users to type, but for sudo and for where this file's containerd is.
@test "README's line for ctr prints the guest's kernel" {
    local line
    line=$(sed -n 's/^sudo \(ctr run .*uname -r\).*/\1/p' "$SOURCE_ROOT/README.md")
    ctr_of_file images tag "$CONTAINERD_IMAGE" "$(grep -oE '[^ ]+/busybox:[a-z]+' <<<"$line")"
    CONTAINERD_ADDRESS=$CONTAINERD_SOCKET CONTAINERD_SNAPSHOTTER=native run bash -c "$line" 3>&-
    expect_status 0
    expect_output "$(ctr_of_file task exec --exec-id kernel shared uname -r)"
    [[ $output != "$(uname -r)" && -n $output ]]
}

@test "ctr task exec passes exit codes on" {
    local code
    for code in 0 1 42; do
        run ctr_of_file task exec --exec-id "code$code" shared sh -c "exit $code"
        expect_status "$code"
    done
}

@test "ctr task ls and ps show the container's process on the host" {
    local pid
    pid=$(ctr_of_file task ls | awk '$1 == "shared" { print $2 }')
    [[ $(readlink "/proc/$pid/exe") == */kata-shim ]]
    run ctr_of_file task ps shared
    expect_contains "$pid"
}

@test "ctr task metrics counts the memory of the whole VM" {
    run ctr_of_file task metrics shared
    expect_status 0
    local usage
    usage=$(awk '$1 ~ /^memory\.usage/ { print $2 }' <<<"$output")
    ((usage > 64 * 1024 * 1024))
}

@test "ctr task pause stops the processes and resume lets them go on" {
    ctr_of_file task exec --exec-id ticker --detach shared sh -c 'while :; do echo >>/tick; sleep 0.1; done'
    wait_until 60 ctr_of_file task exec --exec-id "probe$RANDOM" shared test -s /tick
    ctr_of_file task pause shared
    task_has_status shared PAUSED
    run ctr_of_file task exec --exec-id paused shared true
    expect_failure paused
    ctr_of_file task resume shared
    task_has_status shared RUNNING
    run ctr_of_file task exec --exec-id resumed shared true
    expect_status 0
}

@test "a signal sent by ctr reaches the workload" {
    ctr_of_file run -d --snapshotter native --runc-binary "$KATA_RUNTIME" "$CONTAINERD_IMAGE" trapper \
        sh -c 'trap "exit 7" USR1; touch /ready; while :; do sleep 0.1; done'
    wait_until 60 ctr_of_file task exec --exec-id "ready$RANDOM" trapper test -e /ready
    ctr_of_file task kill -s USR1 trapper
    wait_until 60 task_has_status trapper STOPPED
    run ctr_of_file task rm trapper
    expect_contains "exit with non-zero exit code 7"
    ctr_of_file container rm trapper
}

@test "a VM that dies ends the task with 137 and everything can be removed at once" {
    local sandbox
    ctr_of_file run -d --snapshotter native --runc-binary "$KATA_RUNTIME" "$CONTAINERD_IMAGE" victim sleep 3600
    sandbox=$(virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" list --name | grep -F victim)
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" destroy "$sandbox"
    wait_until 60 task_has_status victim STOPPED
    run ctr_of_file task rm victim
    expect_contains "exit code 137"
    run ctr_of_file container rm victim
    expect_status 0
}
