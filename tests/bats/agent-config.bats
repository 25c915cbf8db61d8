#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# What the configuration changes in a guest: kernel modules, hooks, binds of the sandbox, pipes, seccomp, swap,
# the debug console, and the guest's lines in the runtime's log. One machine, and one that must fail.

load helpers

PIPESIZE="$BATS_TEST_DIRNAME/../../build/bin/test-pipesize"
SHARED=/run/kata-containers/shared/containers/sandbox-mounts

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    ID=$(unique_id guest)
    export ID BUNDLE CONFIG="$BATS_FILE_TMPDIR/configuration.toml" DIR="$BATS_FILE_TMPDIR/shared"
    mkdir -p "$DIR/notes"
    add_hook prestart 20-second
    add_hook prestart 10-first
    add_slow_hook
    add_hook poststart last
    add_hook poststop last
    write_configuration
    BUNDLE=$(make_bundle sleep 100000)
    cp "$PIPESIZE" "$BUNDLE/rootfs/bin/pipesize"
    edit_spec "$BUNDLE" '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [{"names": ["sethostname"], "action": "SCMP_ACT_ERRNO"}]} |
        .linux.resources.memory = {"limit": 104857600} |
        .annotations["io.katacontainers.container.resource.swappiness"] = "0x11" |
        .annotations["io.katacontainers.container.resource.swap_in_bytes"] = "157286400"'
    LOG="$BATS_FILE_TMPDIR/create.log"
    export LOG
    "$KATA_RUNTIME" --root "$KATA_ROOT" --config "$CONFIG" --log "$LOG" --log-format json \
        create --bundle "$BUNDLE" "$ID" </dev/null >"$BUNDLE/out" 2>&1 || { cat "$BUNDLE/out" && return 1; }
    configured start "$ID"
}

teardown_file() { kata_teardown_file; }
teardown() { kata_teardown; }

# add_hook STAGE NAME: notes that it ran, and the state that it was given.
add_hook() {
    local file="$DIR/hooks/$1/$2"
    mkdir -p "${file%/*}"
    printf '#!/bin/sh\ncat >%s/notes/%s-%s.json\necho %s/%s >>%s/notes/order\n' \
        "$SHARED" "$1" "$2" "$1" "$2" "$SHARED" >"$file"
    chmod 0755 "$file"
}

# One that does not end for containers whose ids begin with slow.
add_slow_hook() {
    local file="$DIR/hooks/prestart/30-slow"
    printf '#!/bin/sh\ngrep -q "\\"slow-" || exit 0\nsleep 1000\n' >"$file"
    chmod 0755 "$file"
}

write_configuration() {
    cat >"$CONFIG" <<TOML
[hypervisor.qemu]
enable_debug = true
guest_hook_path = "$SHARED/hooks"
[agent.kata]
enable_debug = true
kernel_modules = ["dummy numdummies=2", "loop max_loop=3"]
container_pipe_size = 8192
debug_console_enabled = true
[runtime]
disable_guest_seccomp = true
sandbox_bind_mounts = ["$DIR/hooks", "$DIR/notes:rw"]
TOML
}

configured() {
    kata --config "$CONFIG" "$@"
}

# console COMMAND: in the guest itself.
console() {
    run --separate-stderr configured exec "$ID" <<<"$1"
}

in_container() {
    run --separate-stderr configured exec "$ID" sh -c "$1" </dev/null
}

# logged FILTER: whether a line of a log satisfies jq's filter.
logged() {
    jq -es "any(.[]; $1)" "$2" >/dev/null || {
        echo "no record with $1 in:"
        tail -n 30 "$2"
        return 1
    }
}

@test "the debug console is a shell of the guest itself" {
    console 'cat /proc/1/comm; id -u; exit 7'
    expect_status 7
    expect_output $'init\n0'
}

@test "kernel modules are loaded with their parameters" {
    console 'cat /sys/module/loop/parameters/max_loop; ls -d /sys/class/net/dummy*'
    expect_output $'3\n/sys/class/net/dummy0\n/sys/class/net/dummy1'
}

@test "binds of the sandbox are in the guest, read-only on the host unless the configuration says otherwise" {
    console "ls $SHARED; touch $SHARED/hooks/mine; echo written >$SHARED/notes/mine"
    expect_contains $'hooks\nnotes'
    [[ $stderr == *"Read-only file system"* ]]
    expect_equal "$(cat "$DIR/notes/mine")" written
}

@test "hooks of the guest ran in the order of their names with the container's state" {
    expect_equal "$(cat "$DIR/notes/order")" $'prestart/10-first\nprestart/20-second\npoststart/last'
    expect_equal "$(jq -r .id "$DIR/notes/prestart-10-first.json")" "$ID"
}

@test "a container whose hooks take longer than create_container_timeout is not created, and its VM goes on" {
    local id bundle
    id=$(unique_id slow)
    bundle=$(make_bundle true)
    sed 's/^\[runtime\]$/&\ncreate_container_timeout = 2/' "$CONFIG" >"$BATS_TEST_TMPDIR/c.toml"
    edit_spec "$bundle" '.annotations = {"io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.SandboxID": $sandbox} |
        .linux.namespaces = [{type: "mount"}, {type: "pid"}, {type: "ipc"}, {type: "uts"}, {type: "network", path: $net}]' \
        --arg sandbox "$ID" --arg net "/proc/$(pid_of "$ID")/ns/net"
    run_kata --config "$BATS_TEST_TMPDIR/c.toml" create --bundle "$bundle" "$id" </dev/null
    expect_failure "cannot run crun create: "
    expect_failure "in time"
    run_kata state "$id"
    expect_failure "does not exist"
    has_status "$ID" running
}

@test "the pipes of a container have the configured size" {
    in_container pipesize
    expect_output '8192 8192 8192'
}

@test "a seccomp profile is left out where the configuration says so" {
    in_container 'sed -n "s/^Seccomp:\t//p" /proc/self/status'
    expect_output 0
}

@test "annotations give the container swap and the guest its swappiness" {
    in_container 'cat /proc/sys/vm/swappiness'
    expect_output 17
    console "cat /sys/fs/cgroup/kata/$ID/memory.swap.max"
    expect_output 52428800
}

@test "the guest's lines are in the runtime's log with source, sandbox and level" {
    logged ".source == \"agent\" and .level == \"debug\" and .sandbox == \"$ID\" and (.msg | startswith(\"created container $ID\"))" "$LOG"
    logged ".source == \"kernel\" and .level == \"info\" and .sandbox == \"$ID\"" "$LOG"
}

@test "delete runs the guest's poststop hooks and passes the last lines on" {
    configured delete --force "$ID"
    expect_equal "$(tail -n 1 "$DIR/notes/order")" poststop/last
    logged ".source == \"agent\" and (.msg | startswith(\"removed container $ID\"))" "$BATS_TEST_TMPDIR/log"
}

@test "a kernel module that cannot be loaded fails the sandbox with modprobe's words" {
    local id bundle
    id=$(unique_id module)
    bundle=$(make_bundle true)
    printf '[agent.kata]\nkernel_modules = ["nosuchmodule a=1"]\n' >"$BATS_TEST_TMPDIR/c.toml"
    run_kata --config "$BATS_TEST_TMPDIR/c.toml" run --bundle "$bundle" "$id" </dev/null
    expect_failure 'cannot load kernel module "nosuchmodule"'
    expect_contains 'modprobe: module nosuchmodule not found'
    run domain_of "$id"
    [[ $status != 0 ]]
}
