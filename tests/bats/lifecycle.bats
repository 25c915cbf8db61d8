#!/usr/bin/env bats
# The life of a container: the states it goes through, what each command says in a state that is not its
# own, and what `run` does from its beginning to its end.

load helpers

setup_file() {
    kata_setup_file
}

teardown_file() {
    kata_teardown_file
}

teardown() {
    kata_teardown
}

# A workload that says when it runs, and on SIGTERM that it got it.
waiting_bundle() {
    local bundle
    bundle=$(make_bundle sh -c 'trap "echo TERM >/got; exit 0" TERM; echo up >/up; while :; do sleep 0.1; done')
    edit_spec "$bundle" '.root.readonly = false'
    printf '%s\n' "$bundle"
}

has_own_namespaces() {
    local name
    for name in mnt net pid ipc uts; do
        [[ $(readlink "/proc/$1/ns/$name") != "$(readlink "/proc/self/ns/$name")" ]] || {
            echo "the shim is in the host's $name namespace"
            return 1
        }
    done
}

has_no_domain() {
    [[ -z $(domain_of "$1") ]]
}

# The first half of the story: what has been created waits, and `start` starts it.
check_created() {
    local id=$1 bundle=$2 pid
    pid=$(cat "$bundle/pid")
    expect_equal "$(status_of "$id")" created
    expect_equal "$(pid_of "$id")" "$pid"
    expect_equal "$(stat -c %s "$bundle/pid")" "${#pid}" # digits, and no newline behind them
    expect_equal "$(basename "$(readlink "/proc/$pid/exe")")" kata-shim
    has_own_namespaces "$pid"
    [[ -n $(domain_of "$id") && ! -e $bundle/rootfs/up ]]
}

check_running() {
    local id=$1 bundle=$2
    run_kata start "$id"
    expect_failure "cannot start an already running container"
    run_kata delete "$id"
    expect_failure "is not stopped"
    run_kata create --bundle "$bundle" "$id"
    expect_failure "container with given ID already exists"
    expect_equal "$(status_of "$id")" running
}

check_stopped() {
    local id=$1
    expect_equal "$(pid_of "$id")" 0
    run_kata kill "$id"
    expect_failure "container not running"
    run_kata kill --all "$id" KILL
    expect_status 0
    run_kata start "$id"
    expect_failure "cannot start a container that has stopped"
    run_kata exec "$id" true
    expect_failure "cannot exec in a stopped container"
    run_kata ps "$id"
    expect_failure "container not running"
}

check_gone() {
    local id=$1 command
    for command in state start kill delete ps; do
        run_kata "$command" "$id"
        expect_status 1
        expect_contains "does not exist"
    done
    run_kata delete --force "$id"
    expect_status 0
    has_no_domain "$id"
}

@test "a container goes through created, running and stopped, and every command knows where it stands" {
    local bundle id pid
    bundle=$(waiting_bundle)
    id=$(unique_id)
    create_container "$id" "$bundle" --pid-file "$bundle/pid"
    check_created "$id" "$bundle"
    kata start "$id"
    expect_equal "$(status_of "$id")" running
    wait_until 60 test -e "$bundle/rootfs/up"
    check_running "$id" "$bundle"
    pid=$(pid_of "$id")
    kata kill "$id"
    wait_for_status "$id" stopped
    expect_equal "$(cat "$bundle/rootfs/got")" TERM
    is_dead "$pid"
    check_stopped "$id"
    kata delete "$id"
    check_gone "$id"
}

@test "commands on an id that nobody has fail, except a forced delete" {
    check_gone "$(unique_id)"
}

@test "two containers live side by side, and the end of one is not the end of the other" {
    local first second bundle_1 bundle_2
    first=$(unique_id) second=$(unique_id)
    bundle_1=$(waiting_bundle) bundle_2=$(waiting_bundle)
    edit_spec "$bundle_1" '.annotations = {"org.example.key": "a value", "io.example/other": ""}'
    run_container "$first" "$bundle_1"
    create_container "$second" "$bundle_2"

    expect_equal "$(kata state "$first" | jq -c .annotations)" '{"io.example/other":"","org.example.key":"a value"}'
    expect_equal "$(kata list --quiet | sort)" "$(printf '%s\n' "$first" "$second" | sort)"
    expect_equal "$(kata list --format json | jq -c "sort_by(.status) | map([.id, .status])")" \
        "[[\"$second\",\"created\"],[\"$first\",\"running\"]]"
    run_kata list
    [[ ${lines[0]} =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER$ ]]
    [[ $output =~ "$first"\ +"$(pid_of "$first")"\ +running\ +"$bundle_1"\ +20[0-9T:.-]+Z\ +root ]]

    run_kata delete --force "$first"
    expect_status 0
    has_no_domain "$first"
    expect_equal "$(kata list --quiet)" "$second"
    kata kill "$second" KILL # a container that has not been started can be killed, too
    wait_for_status "$second" stopped
    kata delete "$second"
    [[ ! -e $bundle_2/rootfs/up ]]
}

# creates N ID BUNDLE: N processes at once; prints how each one ended.
creates() {
    local left pids=() pid
    for ((left = $1; left > 0; left--)); do
        kata create --bundle "$3" "$2" </dev/null >/dev/null 2>>"$3/errors" 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid" && echo won || echo lost
    done
}

@test "of ten processes that create the same id exactly one wins, and its container can be deleted unstarted" {
    local bundle id
    bundle=$(waiting_bundle)
    id=$(unique_id)
    expect_equal "$(creates 10 "$id" "$bundle" | sort | uniq -c | xargs)" "9 lost 1 won"
    expect_equal "$(grep -c 'container with given ID already exists' "$bundle/errors")" 9
    expect_equal "$(status_of "$id")" created
    kata delete "$id"
    check_gone "$id"
    [[ ! -e $bundle/rootfs/up ]]
}

# Without a pid namespace the workload is no pid 1, which could not end itself by a signal.
run_script() {
    local bundle
    bundle=$(make_bundle sh -c "$1")
    edit_spec "$bundle" '.linux.namespaces |= map(select(.type != "pid"))'
    run_kata run --bundle "$bundle" "$2"
}

@test "run ends with the workload's exit code, 128+N after a signal, and leaves nothing" {
    local id expected
    declare -A scripts=([255]='exit 255' [137]='kill -KILL $$')
    for expected in "${!scripts[@]}"; do
        id=$(unique_id)
        run_script "${scripts[$expected]}" "$id"
        expect_status "$expected"
        expect_output ""
        check_gone "$id"
    done
}

@test "run --detach returns while the workload runs" {
    local bundle id
    bundle=$(waiting_bundle)
    id=$(unique_id)
    kata run --detach --pid-file "$bundle/pid" --bundle "$bundle" "$id" </dev/null >"$bundle/out" 2>&1
    expect_equal "$(status_of "$id") $(pid_of "$id")" "running $(cat "$bundle/pid")"
    wait_until 60 test -e "$bundle/rootfs/up"
    kata kill --all "$id" 15
    wait_for_status "$id" stopped
    expect_equal "$(cat "$bundle/rootfs/got")" TERM
}

@test "run --keep leaves the stopped container to be deleted" {
    local bundle id
    bundle=$(make_bundle sh -c 'exit 7')
    id=$(unique_id)
    run_kata run --keep --bundle "$bundle" "$id"
    expect_status 7
    expect_equal "$(status_of "$id") $(pid_of "$id")" "stopped 0"
    kata delete "$id"
    check_gone "$id"
}
