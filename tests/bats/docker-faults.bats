#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# What goes wrong under docker: VMs and shims killed, dockerd killed and started again, many containers at once,
# state of before a reboot. Nothing is left, and nobody waits for a pipe that somebody else holds.

load helpers
load engines

setup_file() {
    kata_setup_file
    start_dockerd --live-restore
    import_busybox docker
}

teardown_file() {
    stop_dockerd
    kata_teardown_file
}

teardown() {
    remove_docker_containers
}

start_case() {
    docker run --runtime "$KATA_NAME" --network none "$@"
}

state_of() {
    docker inspect --format "$2" "$1"
}

qemu_of() {
    pgrep -f -- "guest=kata-$1,"
}

@test "the VM killed under docker run, and destroyed by virsh after a start: 137, and the container can be started or removed at once" {
    local id
    start_case --name victim busybox sh -c 'echo up; sleep 1000' </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    wait_until 60 logged victim up
    id=$(state_of victim '{{.Id}}')
    kill -KILL "$(qemu_of "$id")"
    expect_end $! 137
    expect_equal "$(state_of victim '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}')" "exited 137 "
    cp "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/said"
    run_killed_by_runc
    diff "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/said"
    expect_equal "$(cat "$BATS_TEST_TMPDIR/said")" up
    docker start victim
    wait_until 60 logged_times victim up 2
    virsh -q destroy "kata-$id"
    expect_equal "$(docker wait victim)" 137
    docker rm victim
    [[ -z $(domain_of "$id") ]]
}

# run_killed_by_runc: what docker run says and gives when the process of a container of runc's is killed.
run_killed_by_runc() {
    docker run --runtime runc --network none --name peer busybox sh -c 'echo up; sleep 1000' </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    wait_until 60 logged peer up
    kill -KILL "$(state_of peer '{{.State.Pid}}')"
    expect_end $! 137
    expect_equal "$(state_of peer '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}')" "exited 137 "
}

@test "the shim killed: 137, exec is over too, and --restart always brings the container back" {
    local began
    began=$(date +%s.%N)
    start_case --detach --restart always --name shimless busybox sleep 1000
    docker exec shimless sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
    wait_until 60 runs_twice shimless
    kill -KILL "$(state_of shimless '{{.State.Pid}}')"
    expect_end $! 137
    wait_until 60 came_back shimless 1
    run_docker events --since "$began" --until "$(date +%s.%N)" --filter container=shimless --filter event=die \
        --format '{{.Actor.Attributes.exitCode}}'
    expect_output 137
    expect_equal "$(docker exec shimless echo back)" back
}

@test "exec of containers that end or are killed meanwhile end too, with their code and all they have written" {
    local how runtime
    for how in "kill open" "exec open touch /end"; do
        for runtime in runc "$KATA_NAME"; do
            expect_end_of_exec "$runtime" "$how"
        done
    done
}

# expect_end_of_exec RUNTIME COMMAND: what docker's command ends, ends an exec, too.
expect_end_of_exec() {
    docker run --detach --runtime "$1" --network none --name open busybox sh -c 'until test -e /end; do sleep 0.1; done'
    docker exec open sh -c 'echo begun; sleep 1000' </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    wait_until 60 grep -q begun "$BATS_TEST_TMPDIR/out"
    # shellcheck disable=SC2086  # words
    docker $2 >/dev/null
    expect_end $! 137
    docker rm --force open
}

# came_back CONTAINER TIMES
came_back() {
    [[ $(state_of "$1" '{{.State.Status}} {{.RestartCount}}') == "running $2" ]]
}

runs_twice() {
    [[ $(docker top "$1" -eo pid,comm | grep -c kata-shim) == 2 ]]
}

@test "no process of a sandbox holds a stream of its container or any other pipe of the engine, nor anything else of its caller's" {
    local id pid
    id=$(start_case --detach --interactive --name pipes busybox sleep 1000)
    docker exec --detach pipes sleep 555
    for pid in $(docker top pipes -eo pid,comm | awk '$2 == "kata-shim" { print $1 }'); do
        echo "$pid" >>"$BATS_TEST_TMPDIR/shims"
        expect_own_surroundings "$pid"
    done
    expect_equal "$(grep -c . "$BATS_TEST_TMPDIR/shims")" 2
    pipes_of "$(state_of pipes '{{.State.Pid}}')" >"$BATS_TEST_TMPDIR/engine"
    pipes_of "$(ps -o ppid= -p "$(state_of pipes '{{.State.Pid}}')" | tr -d ' ')" >>"$BATS_TEST_TMPDIR/engine"
    [[ -s $BATS_TEST_TMPDIR/engine ]]
    for pid in $(qemu_of "$id") $(pgrep -f "sandboxes/$id/"); do
        pipes_of "$pid" >"$BATS_TEST_TMPDIR/held"
        if grep -Fxf "$BATS_TEST_TMPDIR/engine" "$BATS_TEST_TMPDIR/held"; then
            echo "held by $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
            return 1
        fi
    done
}

# expect_own_surroundings PID: a directory nobody wants to unmount, a session of its own, no signal blocked, none ignored,
# and no better or worse a victim for the host's OOM killer than what started it.
expect_own_surroundings() {
    expect_equal "$(readlink "/proc/$1/cwd")" /
    expect_equal "$(ps -o sid= -p "$1" | tr -d ' ')" "$1"
    expect_equal "$(sed -n 's/^SigBlk:[^0-9a-f]*//p' "/proc/$1/status")" 0000000000000000
    # The C library's own two, 32 and 33, some supervisors leave ignored.
    expect_equal $((0x$(sed -n 's/^SigIgn:[^0-9a-f]*//p' "/proc/$1/status") & ~0x180000000)) 0
    expect_equal "$(cat "/proc/$1/oom_score_adj")" "$(cat "/proc/$(ps -o ppid= -p "$1" | tr -d ' ')/oom_score_adj")"
}

pipes_of() {
    find "/proc/$1/fd" -type l -exec readlink {} + | grep -E '^(pipe|socket):' || true
}

@test "dockerd killed and started again with live-restore: containers go on and can be entered, stopped and removed" {
    local id
    id=$(start_case --detach --name survivor busybox sh -c 'trap "exit 4" TERM; echo up; while :; do sleep 0.2; done')
    start_case --detach --name meanwhile busybox sh -c 'sleep 8; exit 12'
    kill -KILL "$(dockerd_pid)"
    wait_until 60 is_dead "$(dockerd_pid)"
    wait_until 60 no_process_of "containerd --config $ENGINE/"
    runs_in_vm "$id"
    rm -f "$ENGINE/dockerd.pid"
    start_dockerd --live-restore
    expect_equal "$(state_of survivor '{{.State.Status}}')" running
    expect_equal "$(docker exec survivor echo in)" in
    docker stop survivor
    expect_equal "$(state_of survivor '{{.State.ExitCode}}')" 4
    expect_equal "$(docker wait meanwhile)" 12
}

no_process_of() {
    ! pgrep -f -- "$1" >/dev/null
}

@test "20 run --rm at once each end with their own output and code, or fail with the reason, and leave nothing" {
    local index code well=0 pids=()
    for ((index = 1; index <= 20; index++)); do
        start_case --rm --memory 64m busybox sh -c "echo number $index; exit $index" </dev/null >"$BATS_TEST_TMPDIR/$index" 2>&1 3>&- &
        pids[index]=$!
    done
    for ((index = 1; index <= 20; index++)); do
        code=0
        wait "${pids[index]}" || code=$?
        # More machines than processors: a guest may be too slow for its time-out, but never silently.
        if [[ $code == 125 ]]; then
            grep -q 'OCI runtime create failed: .*in time' "$BATS_TEST_TMPDIR/$index"
            continue
        fi
        expect_equal "$code: $(cat "$BATS_TEST_TMPDIR/$index")" "$index: number $index"
        well=$((well + 1))
    done
    [[ $well -ge 10 ]]
    run_docker ps --all --quiet
    expect_output ""
}

# What is on disk after the power failed while a container ran, if /run is not in memory: records of processes and of
# a domain that no longer exist. leave_state ID LIVING_ID
leave_state() {
    cp -a "/run/vc/sbs/$2" "/run/vc/sbs/$1"
    sed -i "s/$2/$1/g" "/run/vc/sbs/$1/sandbox.json" "/run/vc/sbs/$1/journal"
    mv "/run/vc/sbs/$1/containers/$2" "/run/vc/sbs/$1/containers/$1"
    sed -i "s/$2/$1/g; s/\"startTime\": *[0-9]*/\"startTime\": 1/" "/run/vc/sbs/$1/containers/$1/state.json"
    ln -s "/run/vc/sbs/$1/containers/$1" "$ENGINE/exec/runtime-runc/moby/$1"
}

@test "state that a reboot left behind counts as stopped, and is in the way of one start only" {
    local id root="$ENGINE/exec/runtime-runc/moby"
    id=$(docker create --runtime "$KATA_NAME" --network none --name rebooted busybox echo again)
    start_case --detach --name living busybox sleep 1000
    leave_state "$id" "$(state_of living '{{.Id}}')"
    docker rm --force living
    [[ $("$KATA_RUNTIME" --root "$root" state "$id" | jq -r .status) == stopped ]]
    run_docker start rebooted
    expect_error "container with given ID already exists"
    # That failure made containerd delete it.
    [[ ! -e /run/vc/sbs/$id ]]
    run_docker start --attach rebooted
    expect_status 0
    expect_output again
}

@test "a container whose rootfs docker removes right after the end can be removed and made again under the same name" {
    local round
    for round in 1 2; do
        start_case --name again busybox sh -c "echo $round >/round; cat /round"
        docker rm again
    done
}
