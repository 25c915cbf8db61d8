#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Signals on their way to the first process of a container: through the kill command, and through its
# kata-shim, whose pid engines signal.

load helpers

# Every signal that a shell can trap and that is not about its own children or terminal.
TRAPPABLE="HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM STKFLT CONT TSTP TTIN TTOU URG XCPU XFSZ
    VTALRM PROF SYS"

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    BUNDLE=$(make_bundle sh /trap.sh)
    ID=$(unique_id)
    export BUNDLE ID
    edit_spec "$BUNDLE" '.root.readonly = false'
    trap_script >"$BUNDLE/rootfs/trap.sh"
    run_container "$ID" "$BUNDLE" --pid-file "$BUNDLE/pid"
    wait_until 60 test -e "$BUNDLE/rootfs/ready"
}

teardown_file() {
    kata_teardown_file
}

teardown() {
    kata_teardown
}

# Notes every signal it gets by name. A shell runs its trap after the command in the foreground, so that
# has to be short.
trap_script() {
    local name
    for name in $TRAPPABLE; do
        echo "trap 'echo $name >>/got' $name"
    done
    echo 'trap "echo WINCH >>/got" WINCH; trap "echo RT3 >>/got" 37'
    echo 'touch /ready; while :; do sleep 0.05; echo >>/beat; done'
}

# times NAME: how often the workload has noted it. Its file is never removed: the guest may go on writing to
# the removed one for as long as it remembers the name.
times() {
    grep -cx "$1" "$BUNDLE/rootfs/got" 2>/dev/null || true
}

# A shell may take two signals that are pending together in one turn, so each is awaited before the next.
got_more() {
    (($(times "$1") > $2))
}

# expect_to_arrive NAME COMMAND...: the command makes the workload note the signal once more.
expect_to_arrive() {
    local name=$1 before
    before=$(times "$name")
    shift
    "$@"
    wait_until 60 got_more "$name" "${before:-0}" || {
        echo "$name did not arrive"
        return 1
    }
}

@test "kill sends 25 signals by their names, with and without SIG, and by their numbers" {
    local name number
    expect_equal "$(wc -w <<<"$TRAPPABLE")" 25
    for name in $TRAPPABLE; do
        number=$(kill -l "$name")
        case $((number % 3)) in
        0) expect_to_arrive "$name" kata kill "$ID" "$name" ;;
        1) expect_to_arrive "$name" kata kill "$ID" "SIG$name" ;;
        2) expect_to_arrive "$name" kata kill "$ID" "$number" ;;
        esac
    done
}

@test "a real-time signal arrives" {
    expect_to_arrive RT3 kata kill "$ID" 37
    expect_to_arrive RT3 kata kill "$ID" RTMIN+3
}

@test "kill without a signal sends TERM, and refuses what is no signal" {
    local wrong
    expect_to_arrive TERM kata kill "$ID"
    for wrong in NOSUCH 0 65 -1 99999999999999 TERM1; do
        run_kata_apart kill "$ID" "$wrong"
        expect_status 1
        [[ $stderr == *"$wrong"* ]]
    done
    expect_equal "$(status_of "$ID")" running
}

@test "signals to the shim's pid reach the workload" {
    local name
    for name in USR1 HUP TERM WINCH; do
        expect_to_arrive "$name" kill -s "$name" "$(cat "$BUNDLE/pid")"
    done
    expect_equal "$(status_of "$ID")" running
}

@test "a workload that is stopped goes on after CONT" {
    kata kill "$ID" STOP
    wait_until 60 guest_state T
    expect_to_arrive CONT kata kill "$ID" CONT
    wait_until 60 guest_state SRD
}

# guest_state LETTERS: whether the container's first process is in one of these states.
guest_state() {
    [[ $(kata exec "$ID" sh -c 'cut -d" " -f3 /proc/1/stat') == [$1]* ]]
}

# The workload writes on as long as it lives; a second is a hundred times what one turn takes.
beat_rests() {
    local size
    size=$(stat -c %s "$BUNDLE/rootfs/beat")
    sleep 1
    [[ $(stat -c %s "$BUNDLE/rootfs/beat") == "$size" ]]
}

@test "SIGKILL of the shim ends the workload, too" {
    local pid
    pid=$(cat "$BUNDLE/pid")
    run beat_rests
    [[ $status != 0 ]]
    kill -KILL "$pid"
    wait_for_status "$ID" stopped
    wait_until 60 beat_rests
    expect_equal "$(pid_of "$ID")" 0
    kata delete "$ID"
    [[ -z $(domain_of "$ID") ]]
}
