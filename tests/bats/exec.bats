#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Further processes in a running container: what they are given, how they end, and how engines end them.

load helpers

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    BUNDLE=$(make_bundle sleep 100000)
    ID=$(unique_id)
    export BUNDLE ID
    mkdir "$BUNDLE/rootfs/work"
    echo text >"$BUNDLE/rootfs/not-executable"
    run_container "$ID" "$BUNDLE"
}

teardown_file() {
    kata_teardown_file
}

teardown() {
    kata_teardown
}

has_process() {
    kata ps "$ID" | grep -q -- "$1"
}

has_no_process() {
    ! has_process "$1"
}

@test "the exit code is that of the process, 128+N after a signal" {
    local code
    for code in 0 1 42 255; do
        run_kata exec "$ID" sh -c "exit $code"
        expect_status "$code"
        expect_output ""
    done
    run_kata exec "$ID" sh -c 'kill -KILL $$'
    expect_status 137
    run_kata exec "$ID" sh -c 'kill -TERM $$'
    expect_status 143
    run -127 kata exec "$ID" sh -c 'no-such-command 2>/dev/null'
    run_kata exec "$ID" sh -c '/not-executable 2>/dev/null'
    expect_status 126
}

@test "a program that is missing or cannot be executed ends exec with 255 and a line that says so" {
    run_kata_apart exec "$ID" no-such-program
    expect_status 255
    expect_one_error_line
    [[ $stderr == *'exec failed'*'exec: "no-such-program": executable file not found in $PATH'* ]]
    run_kata_apart exec "$ID" /no/such/program
    expect_status 255
    [[ $stderr == *'exec: "/no/such/program": stat /no/such/program: no such file or directory'* ]]
    run_kata_apart exec "$ID" /not-executable
    expect_status 255
    [[ $stderr == *'exec: "/not-executable": permission denied'* ]]
    run_kata_apart exec --cwd /no/such/directory "$ID" true
    expect_status 255
    expect_one_error_line
    [[ $stderr == */no/such/directory* ]]
}

@test "a process begins with the user, directory and environment of the container's own" {
    run_kata exec "$ID" sh -c 'id -u; id -g; pwd; env | grep -c ^PATH='
    expect_output $'0\n0\n/\n1'
}

@test "options change directory, environment, user, groups and capabilities" {
    run_kata exec --cwd /work -e ONE=1 --env "TWO=a b" --user 1001:1002 -g 7 --additional-gids 8 --cap CAP_SYS_TIME \
        "$ID" sh -c 'pwd; echo "$ONE $TWO"; id -u; id -g; id -G; grep -E "^Cap(Bnd|Amb)|^NoNew" /proc/self/status'
    expect_status 0
    expect_equal "${lines[0]} ${lines[1]} ${lines[2]} ${lines[3]}" "/work 1 a b 1001 1002"
    expect_equal "${lines[4]}" "1002 7 8"
    [[ $output =~ CapBnd:[[:space:]]*[0-9a-f]*2000420 && $output =~ NoNewPrivs:[[:space:]]*1 ]]
}

@test "arguments behind the id belong to the command" {
    run_kata exec "$ID" echo -t --user x
    expect_output "-t --user x"
    run_kata exec -- "$ID" echo -- -d
    expect_output "-- -d"
}

@test "a process file describes the process in full" {
    local file="$BATS_TEST_TMPDIR/process.json"
    cat >"$file" <<'JSON'
{"terminal": false, "cwd": "/work", "args": ["sh", "-c",
 "pwd; umask; id -u; id -g; id -G; echo $X; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; ulimit -n; read a </proc/self/oom_score_adj; echo $a; cut -d' ' -f41 /proc/self/stat; ionice -p $$"],
 "env": ["PATH=/bin", "X=from the file"],
 "user": {"uid": 0, "gid": 12, "additionalGids": [13, 14], "umask": 63},
 "capabilities": {"bounding": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"]},
 "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 88}],
 "noNewPrivileges": true, "oomScoreAdj": 432,
 "scheduler": {"policy": "SCHED_BATCH"}, "ioPriority": {"class": "IOPRIO_CLASS_IDLE"}}
JSON
    run_kata exec --process "$file" "$ID"
    expect_status 0
    expect_equal "$(head -n 6 <<<"$output" | xargs)" "/work 0077 0 12 12 13 14 from the file"
    expect_equal "$(grep -E '^Cap|^NoNew' <<<"$output" | tr -s '\t\n' ' ')" \
        "CapEff: 0000000000000001 CapBnd: 0000000000000001 NoNewPrivs: 1 "
    expect_equal "$(sed -n '10,$p' <<<"$output" | xargs)" "77 432 3 idle" # 3 is SCHED_BATCH
}

@test "a process file that does not exist, is no JSON or lacks arguments is refused" {
    local file="$BATS_TEST_TMPDIR/process.json"
    run_kata_apart exec --process "$file" "$ID"
    expect_status 255
    [[ $stderr == *"$file"* ]]
    echo '{"args": [' >"$file"
    run_kata_apart exec --process "$file" "$ID"
    expect_status 255
    expect_one_error_line
    echo '{"cwd": "/", "user": {"uid": 0, "gid": 0}}' >"$file"
    run_kata_apart exec --process "$file" "$ID"
    expect_status 255
    [[ $stderr == *args* ]]
}

@test "--detach returns at once, with the pid of a shim that engines can wait for and signal" {
    local pid="$BATS_TEST_TMPDIR/pid"
    kata exec --detach --pid-file "$pid" "$ID" sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done; echo term-trap' \
        </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
    expect_equal "$(stat -c %s "$pid")" "$(tr -dc 0-9 <"$pid" | wc -c)"
    expect_equal "$(basename "$(readlink "/proc/$(cat "$pid")/exe")")" kata-shim
    wait_until 60 has_process term-trap
    run_kata ps --format json "$ID"
    expect_equal "$(jq -c sort <<<"$output")" "$(printf '%s\n' "$(pid_of "$ID")" "$(cat "$pid")" | jq -sc sort)"
    kill -TERM "$(cat "$pid")"
    wait_for_exit "$(cat "$pid")"
    wait_until 60 has_no_process term-trap
}

@test "exec in the foreground passes signals on" {
    local pid
    kata exec "$ID" sh -c 'trap "echo got it; exit 9" USR1; echo ready; while :; do sleep 0.1; done' \
        >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    pid=$!
    wait_until 60 grep -q ready "$BATS_TEST_TMPDIR/out"
    kill -USR1 "$(pgrep -P "$pid" -x kata-runtime || echo "$pid")"
    expect_end "$pid" 9
    expect_equal "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" "got it"
}

@test "SIGKILL of an exec's shim ends its process in the guest and nothing else" {
    local pid="$BATS_TEST_TMPDIR/pid"
    kata exec --detach --pid-file "$pid" "$ID" sleep 12321 </dev/null >/dev/null 2>&1
    wait_until 60 has_process 'sleep 12321'
    kill -KILL "$(cat "$pid")"
    wait_until 60 has_no_process 'sleep 12321'
    expect_equal "$(status_of "$ID")" running
    run_kata exec "$ID" echo well
    expect_output well
}

@test "eight processes at once all answer" {
    local number pids=() pid
    for number in 1 2 3 4 5 6 7 8; do
        kata exec "$ID" sh -c "echo number $number; exit $number" >"$BATS_TEST_TMPDIR/$number" 2>&1 3>&- &
        pids+=($!)
    done
    for number in 1 2 3 4 5 6 7 8; do
        expect_end "${pids[number - 1]}" "$number"
        expect_equal "$(cat "$BATS_TEST_TMPDIR/$number")" "number $number"
    done
}

@test "ps shows the processes of the container as a table, with the options of ps" {
    run_kata ps "$ID"
    expect_status 0
    [[ ${lines[0]} =~ PID.*CMD|PID.*COMMAND ]]
    [[ $output == *"sleep 100000"* && $output != *kata-agent* ]]
    expect_equal "${#lines[@]}" 2
    run_kata ps "$ID" -o pid,comm
    expect_status 0
    [[ ${lines[0]} =~ ^\ *PID\ +COMMAND && ${lines[1]} =~ ^\ *[0-9]+\ +sleep$ ]]
    run_kata ps --format json "$ID"
    expect_output "[$(pid_of "$ID")]"
    run_kata ps --format yaml "$ID"
    expect_status 1
}

@test "exec in a container that has ended, or that nobody knows, is refused" {
    run_kata exec "$(unique_id)" true
    expect_status 255
    expect_contains "does not exist"
    kata kill "$ID" KILL
    wait_for_status "$ID" stopped
    run_kata exec "$ID" true
    expect_status 255
    expect_contains "cannot exec in a stopped container"
    kata delete "$ID"
}
