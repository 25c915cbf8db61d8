#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Resources of a container and of its VM: pause, update up and down, statistics, events, memory that runs
# out, cgroups on the host and systemd's scopes, the clock. One VM for all but memory, whose container ends by it, and
# scopes, which are made with one.

load helpers

OOMWATCH="$BATS_TEST_DIRNAME/../../build/bin/test-oomwatch"
SYSTEMD="$BATS_TEST_DIRNAME/../../build/bin/test-systemd"

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    ID=$(unique_id res)
    CONFIG=$BATS_FILE_TMPDIR/configuration.toml
    export ID CONFIG BUNDLE
    printf '[hypervisor.qemu]\ndefault_vcpus = 1\ndefault_memory = 1024\ndefault_maxvcpus = 2\n' >"$CONFIG"
    BUNDLE=$(make_bundle sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/tick; sleep 0.1; done')
    # The container's own cgroup is what it sees, and its root can be written.
    edit_spec "$BUNDLE" '.root.readonly = false | .linux.namespaces += [{"type": "cgroup"}] |
        .mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}] |
        .linux.resources.cpu = {"shares": 512} | .linux.resources.memory = {"limit": 209715200}'
    kata --config "$CONFIG" create --bundle "$BUNDLE" "$ID" </dev/null >"$BUNDLE/out" 2>"$BUNDLE/err" || {
        cat "$BUNDLE/err"
        return 1
    }
    kata start "$ID"
    RESTING=$(unique_id rest)
    export RESTING
    rest_for_a_minute
}

# Meanwhile the other cases run.
rest_for_a_minute() {
    local bundle
    bundle=$(make_bundle sh -c 'while :; do date +%s >/beat; sleep 0.1; done')
    edit_spec "$bundle" '.root.readonly = false'
    kata run --detach --bundle "$bundle" "$RESTING" </dev/null >"$bundle/out" 2>&1
    wait_until 60 test -s "$bundle/rootfs/beat"
    BEAT=$bundle/rootfs/beat
    kata pause "$RESTING"
    PAUSED=$(date +%s)
    export BEAT PAUSED
}

teardown_file() { kata_teardown_file; }
teardown() {
    [[ -z ${MANAGER:-} ]] || kill "$MANAGER"
    [[ -z ${MADE_SYSTEMD:-} ]] || rmdir /run/systemd/system
    kata_teardown
}

# A program of these tests stands in for systemd, which does not run everywhere; from here on the runtime takes it for
# the host's.
stand_in_for_systemd() {
    export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$BATS_TEST_TMPDIR/bus
    "$SYSTEMD" "$BATS_TEST_TMPDIR/bus" >"$BATS_TEST_TMPDIR/calls" 3>&- &
    MANAGER=$!
    if [[ ! -d /run/systemd/system ]]; then
        mkdir -p /run/systemd/system
        MADE_SYSTEMD=1
    fi
    wait_until 60 test -S "$BATS_TEST_TMPDIR/bus"
}

tick() {
    cat "$BUNDLE/rootfs/tick" 2>/dev/null || echo 0
}

ticks_after() {
    (($(tick) > $1))
}

guest() {
    kata exec "$ID" sh -c "$1"
}

guest_cpus() {
    guest 'grep -c ^processor /proc/cpuinfo'
}

guest_memory_kib() {
    guest 'sed -n "s/^MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo'
}

stat_of() {
    kata events --stats "$ID" | jq "$1"
}

qemu_pid() {
    pgrep -f -- "guest=kata-$1," | head -n 1
}

@test "a VM is booted with its container's limits on top of the default" {
    run guest_memory_kib
    ((output > 1024 * 1024 && output < (1024 + 200) * 1024))
    expect_equal "$(guest_cpus)" 1
    expect_equal "$(stat_of .data.memory.usage.limit)" 209715200
}

@test "a paused container stands still, says so, refuses exec and goes on" {
    wait_until 60 ticks_after 0
    kata pause "$ID"
    expect_equal "$(status_of "$ID")" paused
    expect_equal "$(kata list | awk -v id="$ID" '$1 == id { print $3 }')" paused
    local before
    before=$(tick)
    sleep 1
    expect_equal "$(tick)" "$before"
    run_kata exec "$ID" true
    expect_failure 'cannot exec in a paused container (use --ignore-paused to override)'
    run_kata pause "$ID"
    expect_failure 'container not running'
    run_kata ps "$ID"
    expect_contains 'while :; do'
    kata resume "$ID"
    expect_equal "$(status_of "$ID")" running
    wait_until 60 ticks_after "$before"
    kata exec "$ID" true
    run_kata resume "$ID"
    expect_failure 'container not paused'
}

@test "events --stats is runc's document with the numbers of the guest" {
    run kata events --stats "$ID"
    expect_equal "$(wc -l <<<"$output")" 1
    expect_equal "$(jq -r '.type + " " + .id' <<<"$output")" "stats $ID"
    expect_equal "$(jq -c '.data | keys' <<<"$output")" \
        '["blkio","cpu","cpuset","hugetlb","intel_rdt","memory","network_interfaces","pids"]'
    jq -e '.data | .cpu.usage.total > 0 and .memory.usage.usage > 0 and .pids.current >= 1' <<<"$output"
    jq -e '.data.cpu.usage | .total >= .user and .kernel > 0' <<<"$output"
}

@test "ps shows the guest's processes, and as JSON the shims of this host" {
    run kata ps "$ID"
    expect_contains 'PID'
    expect_contains 'while :; do'
    expect_equal "$(kata ps --format json "$ID")" "[$(pid_of "$ID")]"
}

@test "update gives the container CPUs, memory and processes, and the VM grows with it" {
    local before
    before=$(guest_memory_kib)
    kata update --cpu-quota 100000 --cpu-period 100000 --memory 600m --pids-limit 77 "$ID"
    expect_equal "$(guest_cpus)" 2
    # 400 MiB more, in blocks of 128.
    expect_equal "$((($(guest_memory_kib) - before) / 1024))" 512
    expect_equal "$(guest 'cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max' | xargs)" \
        "100000 100000 $((600 << 20)) 77"
}

@test "update takes JSON from its standard input, in which 0 leaves things as they are" {
    # As docker writes it, and in both forms in which engines name the file.
    local request='{"cpu":{"shares":2048,"quota":0,"period":0,"cpus":"","mems":""},"memory":{"limit":0},
        "pids":{"limit":78},"blockIO":{"weight":0}}'
    kata update --resources - "$ID" <<<"$request"
    kata update --resources=- "$ID" <<<"${request/78/79}"
    expect_equal "$(guest 'cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max' | xargs)" \
        "100000 100000 $((600 << 20)) 79"
    expect_equal "$(guest 'cat /sys/fs/cgroup/cpu.weight')" 79
    expect_equal "$(guest_cpus)" 2
}

@test "update takes CPUs back and keeps memory" {
    local before
    before=$(guest_memory_kib)
    kata update --cpu-quota -1 --memory 300m "$ID"
    expect_equal "$(guest_cpus)" 1
    expect_equal "$(guest_memory_kib)" "$before"
    expect_equal "$(guest 'cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/memory.max' | xargs)" "max 100000 $((300 << 20))"
    # A second growth starts from what is there: nothing is plugged twice.
    kata update --memory 600m "$ID"
    expect_equal "$(guest_memory_kib)" "$before"
}

@test "update beyond what the VM can have is accepted as far as it goes" {
    kata update --cpu-quota 6400000 "$ID"
    expect_equal "$(guest_cpus)" 2
    kata update --cpu-quota -1 "$ID"
}

@test "update refuses what is no limit, in one line" {
    local arguments
    for arguments in '--memory 30z' '--cpu-quota much' '--pids-limit -5' '--cpuset-cpus 0;1' '--cpu-rt-period 5'; do
        # shellcheck disable=SC2086  # two words
        run_kata update $arguments "$ID"
        [[ $status == 1 ]]
    done
    run_kata_apart update --resources - "$ID" <<<'{"memory":{"limit":"1g"}}'
    [[ $status == 1 ]]
    expect_one_error_line
    run_kata update --memory 30m "no-such-$ID"
    expect_failure 'container does not exist'
}

@test "weight and CPU list are set for the whole VM on the host" {
    local shim cpu cpuset
    shim=$(pid_of "$ID")
    cpu=$(host_cgroup "$shim" cpu)
    cpuset=$(host_cgroup "$shim" cpuset)
    kata update --cpu-share 300 --cpuset-cpus 0 "$ID"
    expect_equal "$(cat "$cpu/cpu.shares" 2>/dev/null || cat "$cpu/cpu.weight")" "$([[ -e $cpu/cpu.shares ]] && echo 300 || echo 12)"
    expect_equal "$(cat "$cpuset/cpuset.cpus")" 0
    expect_equal "$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$(qemu_pid "$ID")/status")" 0
}

@test "QEMU, virtiofsd and kata-shim are accounted in one cgroup, with most of QEMU's memory" {
    local shim qemu memory pid usage anonymous resident
    shim=$(pid_of "$ID")
    qemu=$(qemu_pid "$ID")
    memory=$(host_cgroup "$shim" memory)
    grep -qx "$qemu" "$memory/cgroup.procs"
    for pid in $(pgrep -f -- "source=/run/kata-containers/shared/sandboxes/$ID/"); do
        grep -qx "$pid" "$memory/cgroup.procs"
    done
    (($(pgrep -f -c -- "source=/run/kata-containers/shared/sandboxes/$ID/") == 2))
    guest 'dd if=/dev/zero of=/dev/shm/x bs=1M count=200 2>/dev/null; rm /dev/shm/x'
    usage=$(($(cat "$memory/memory.usage_in_bytes" 2>/dev/null || cat "$memory/memory.current") / 1024))
    anonymous=$(awk '/^Rss(Anon|Shmem):/ { sum += $2 } END { print sum }' "/proc/$qemu/status")
    resident=$(awk '/^VmRSS:/ { print $2 }' "/proc/$qemu/status")
    echo "charged $usage KiB, QEMU's own $anonymous KiB, with files that all VMs share $resident KiB"
    ((usage * 100 > anonymous * 80))
}

@test "the guest's clock is right after the VM was suspended" {
    virsh -q suspend "kata-$ID"
    expect_equal "$(status_of "$ID")" running
    sleep 5
    virsh -q resume "kata-$ID"
    local before after guest_time
    before=$(date +%s)
    guest_time=$(guest 'date +%s')
    after=$(date +%s)
    echo "host $before to $after, guest $guest_time"
    ((guest_time >= before - 1 && guest_time <= after + 1))
}

@test "events tells statistics at every interval until the container ends, and KILL ends a paused one" {
    local watcher shim
    kata events --interval 300ms "$ID" >"$BATS_TEST_TMPDIR/events" 3>&- &
    watcher=$!
    wait_until 60 test -s "$BATS_TEST_TMPDIR/events"
    shim=$(pid_of "$ID")
    kata pause "$ID"
    kata kill "$ID" KILL
    wait_for_exit "$shim"
    expect_equal "$(status_of "$ID")" stopped
    expect_end "$watcher" 0
    expect_equal "$(jq -r .type "$BATS_TEST_TMPDIR/events" | sort -u)" stats
    for command in pause resume events update; do
        run_kata "$command" "$ID"
        [[ $status == 1 ]]
    done
    run_kata events --interval 0s "$ID"
    expect_failure '"0s" is no interval'
    kata delete "$ID"
}

@test "a container that was paused for a minute goes on with the right time, and exec works" {
    wait_until 61 beats_after $((PAUSED + 60)) date +%s
    expect_equal "$(status_of "$RESTING")" paused
    (($(cat "$BEAT") <= PAUSED))
    kata resume "$RESTING"
    expect_equal "$(kata exec "$RESTING" echo awake)" awake
    wait_until 60 beats_after $((PAUSED + 60)) cat "$BEAT"
    (($(cat "$BEAT") <= $(date +%s)))
    kata delete --force "$RESTING"
}

# beats_after SECOND COMMAND...: what the command says is later.
beats_after() {
    local second=$1
    shift
    (($("$@") > second))
}

@test "a container that runs out of memory ends with 137, and the host's cgroup tells it" {
    local id bundle shim watcher memory runner
    id=$(unique_id oom)
    printf '[runtime]\nsandbox_cgroup_only = true\n' >>"$CONFIG"
    bundle=$(make_bundle sh -c 'until [ -e /go ]; do sleep 0.1; done; exec tail /dev/zero')
    edit_spec "$bundle" '.root.readonly = false | .linux.resources.memory = {"limit": 33554432} |
        .linux.cgroupsPath = "/kata-test/'"$id"'" | .linux.resources.cpu = {"shares": 512}'
    kata --config "$CONFIG" run --bundle "$bundle" "$id" </dev/null >"$bundle/out" 2>"$bundle/err" 3>&- &
    runner=$!
    wait_for_status "$id" running
    shim=$(pid_of "$id")
    # One cgroup for the sandbox, beside that of the container, without limits of ours.
    memory=$(host_cgroup "$shim" memory)
    [[ $memory == */kata-test/kata_$id ]]
    grep -qx "$(qemu_pid "$id")" "$memory/cgroup.procs"
    [[ ! -d $(dirname "$memory")/$id ]]
    "$OOMWATCH" "$shim" >"$BATS_TEST_TMPDIR/watched" 2>&1 3>&- &
    watcher=$!
    wait_until 60 grep -q watching "$BATS_TEST_TMPDIR/watched"
    kata events --interval 200ms "$id" >"$BATS_TEST_TMPDIR/events" 3>&- &
    local events=$!
    wait_until 60 test -s "$BATS_TEST_TMPDIR/events"
    touch "$bundle/rootfs/go"
    expect_end "$runner" 137
    expect_end "$watcher" 0
    expect_equal "$(tail -n 1 "$BATS_TEST_TMPDIR/watched")" oom
    expect_end "$events" 0
    expect_equal "$(grep '"oom"' "$BATS_TEST_TMPDIR/events")" "{\"type\":\"oom\",\"id\":\"$id\"}"
    [[ ! -d $memory ]]
    rmdir "$(dirname "$memory")" /sys/fs/cgroup/*/kata-test 2>/dev/null || true
}

@test "a cgroup in systemd's notation is a scope that systemd is asked for, or a warning" {
    local id bundle memory scope
    id=$(unique_id scope)
    scope=kata-$id.scope
    stand_in_for_systemd
    bundle=$(make_bundle true)
    edit_spec "$bundle" '.linux.cgroupsPath = "katatest.slice:kata:'"$id"'"'
    kata create --bundle "$bundle" "$id" </dev/null >"$bundle/out" 2>&1
    expect_equal "$(<"$BATS_TEST_TMPDIR/calls")" "StartTransientUnit $scope CPUAccounting=yes\
 CollectMode=inactive-or-failed DefaultDependencies=no Delegate=yes\
 Description=container in a virtual machine (kata-runtime) IOAccounting=yes MemoryAccounting=yes\
 PIDs=$(pid_of "$id") Slice=katatest.slice TasksAccounting=yes"
    memory=$(host_cgroup "$(pid_of "$id")" memory)
    [[ $memory == */katatest.slice/$scope ]]
    grep -qx "$(qemu_pid "$id")" "$memory/cgroup.procs"
    kata delete --force "$id"
    expect_equal "$(sed -n '2,$p' "$BATS_TEST_TMPDIR/calls")" "StopUnit $scope"$'\n'"ResetFailedUnit $scope"
    [[ ! -d $memory ]]

    # Nobody answers there any more, and the create fails: all is undone.
    kill "$MANAGER"
    unset MANAGER
    printf '[hypervisor.qemu]\nkernel = "/nonexistent"\n' >"$bundle/configuration.toml"
    run_kata --config "$bundle/configuration.toml" create --bundle "$bundle" "$id"
    expect_failure 'kernel "/nonexistent"'
    grep -q "cannot start .*$scope.* through systemd: .*; its cgroups are made without systemd" "$BATS_TEST_TMPDIR/log"
    grep -q "cannot stop .*$scope.* through systemd: " "$BATS_TEST_TMPDIR/log"
    [[ ! -d $memory ]]

    edit_spec "$bundle" '.linux.cgroupsPath = "/katatest/x"'
    run_kata --systemd-cgroup create --bundle "$bundle" "$id"
    expect_failure 'linux.cgroupsPath must be "slice:prefix:name" with --systemd-cgroup, not "/katatest/x"'
}
