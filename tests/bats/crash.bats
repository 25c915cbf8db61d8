#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031  # output, status, stderr and lines are set by run
# The runtime itself is killed or interrupted in the middle of its work, its state files are damaged, and the
# file system under them is full. Whatever happened, delete --force ends with a clean host.

load helpers
load refusal

setup_file() {
    kata_setup_file
}

teardown_file() {
    kata_teardown_file
}

setup() {
    ID=$(unique_id crash)
}

teardown() {
    if [[ -n ${COMMAND_PID:-} ]] && ! is_dead "$COMMAND_PID"; then
        kill -KILL "$COMMAND_PID" || true
    fi
    kata_teardown
}

# start_until STEP COMMAND BUNDLE: starts `create` or `run` and returns when it begins that step; it goes on
# meanwhile. The log is a FIFO: the line wakes us when it is written, not when we happen to look.
start_until() {
    local step=$1 command=$2 bundle=$3 line
    rm -f "$BATS_TEST_TMPDIR/steps"
    mkfifo "$BATS_TEST_TMPDIR/steps"
    # Open for both, so that neither side waits for the other and nobody gets SIGPIPE when we stop reading.
    exec 8<>"$BATS_TEST_TMPDIR/steps"
    "$KATA_RUNTIME" --root "$KATA_ROOT" --debug --log "$BATS_TEST_TMPDIR/steps" --log-format json \
        "$command" --bundle "$bundle" "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- 8>&- &
    COMMAND_PID=$!
    while read -r -t 60 line <&8; do
        [[ $line != *"create: $step begins"* ]] || return 0
    done
    echo "the step \"$step\" did not begin; standard error: $(cat "$BATS_TEST_TMPDIR/err")"
    return 1
}

kill_command() {
    kill -KILL "$COMMAND_PID"
    wait "$COMMAND_PID" 2>/dev/null || true
    exec 8>&-
}

# What an administrator does after a crash: look, force it away. Neither may fail, and nothing may be left.
expect_recovery() {
    run_kata_apart state "$ID"
    [[ $status == 0 || ($status == 1 && $stderr == *"container does not exist"*) ]]
    [[ $status != 0 ]] || [[ $(jq -r .status <<<"$output") == stopped ]]
    run_kata list
    expect_status 0
    run_kata_apart delete --force "$ID"
    expect_status 0
    [[ -z $stderr ]]
    expect_nothing_left "$ID"
}

qemu_is_there() {
    pgrep -f -- "guest=kata-$ID," >/dev/null
}

@test "create killed in an early step is forced away" {
    local bundle step
    bundle=$(make_bundle true)
    for step in "save state" "launch shim" "run hooks" "share files" "start VM"; do
        echo "killed when it began: $step"
        start_until "$step" create "$bundle"
        kill_command
        expect_recovery
    done
}

@test "create killed inside libvirt's call is forced away, and the id is free again" {
    local bundle
    bundle=$(make_bundle true)
    start_until "start VM" create "$bundle"
    wait_until 60 qemu_is_there
    kill_command
    expect_recovery
    run_container "$ID" "$bundle"
    wait_for_status "$ID" stopped
    run_kata delete "$ID"
    expect_status 0
    expect_nothing_left "$ID"
}

@test "create killed while the guest boots or makes the container is forced away" {
    local bundle step
    bundle=$(make_bundle true)
    for step in "account VM" "boot guest" "create container"; do
        echo "killed when it began: $step"
        start_until "$step" create "$bundle"
        kill_command
        expect_recovery
    done
}

@test "create killed during a hook leaves neither the hook nor the shim" {
    local bundle
    bundle=$(make_bundle true)
    edit_spec "$bundle" ".hooks.prestart = [{\"path\": \"/bin/sleep\", \"args\": [\"sleep\", \"1000.$$\"]}]"
    start_until "run hooks" create "$bundle"
    wait_until 60 pgrep -f "^sleep 1000\.$$\$"
    kill_command
    expect_recovery
    wait_until 60 no_process "^sleep 1000\.$$\$"
}

no_process() {
    ! pgrep -f -- "$1"
}

# interrupt SIGNAL STEP COMMAND: the command ends with one line and failure, and undoes everything itself.
expect_interrupted() {
    local signal=$1 step=$2 command=$3 bundle=$4 code=0
    echo "SIG$signal during \"$step\" of $command"
    start_until "$step" "$command" "$bundle"
    kill -s "$signal" "$COMMAND_PID"
    wait "$COMMAND_PID" || code=$?
    exec 8>&-
    [[ $code != 0 ]]
    stderr=$(cat "$BATS_TEST_TMPDIR/err")
    expect_one_error_line
    [[ $stderr == *"interrupted by SIG$signal"* && ! -s $BATS_TEST_TMPDIR/out ]]
    [[ ! -L $KATA_ROOT/$ID ]]
    expect_nothing_left "$ID"
}

@test "SIGINT and SIGTERM in the middle of run and create undo everything" {
    local bundle
    bundle=$(make_bundle true)
    expect_interrupted INT "boot guest" run "$bundle"
    expect_interrupted TERM "boot guest" create "$bundle"
    expect_interrupted TERM "start VM" run "$bundle"
    expect_interrupted HUP "share files" create "$bundle"
    expect_interrupted INT "create container" run "$bundle"
}

@test "SIGTERM during a hook ends the hook and undoes everything" {
    local bundle
    bundle=$(make_bundle true)
    edit_spec "$bundle" ".hooks.prestart = [{\"path\": \"/bin/sleep\", \"args\": [\"sleep\", \"1000.$$\"]}]"
    expect_interrupted TERM "run hooks" create "$bundle"
    no_process "^sleep 1000\.$$\$"
}

# damaged_file_is_survived FILE CONTENT: list goes on and skips it, state says what is wrong, delete --force works.
damaged_file_is_survived() {
    local bundle
    bundle=$(make_bundle true)
    start_until "start VM" create "$bundle"
    kill_command
    local file=/run/vc/sbs/$ID/containers/$ID/state.json
    [[ -s $file ]]
    case $1 in
    empty) : >"$file" ;;
    truncated) truncate -s 40 "$file" ;;
    garbage) head -c 4096 /dev/urandom >"$file" ;;
    schema) edit_json "$file" '.schema = 999' ;;
    types) edit_json "$file" '.shim = "none"' ;;
    missing) rm "$file" ;;
    esac
    run_kata list --quiet
    expect_status 0
    [[ $output != *"$ID"* ]]
    run_kata_apart state "$ID"
    expect_status 1
    expect_one_error_line
    [[ $stderr == *"$ID"* ]]
    run_kata_apart delete --force "$ID"
    expect_status 0
    [[ -z $stderr ]]
    expect_nothing_left "$ID"
}

edit_json() {
    jq "$2" "$1" >"$1.new"
    mv "$1.new" "$1"
}

@test "a damaged state file hides its container from list, and delete --force removes it" {
    local damage
    for damage in empty truncated garbage schema types missing; do
        echo "state.json: $damage"
        damaged_file_is_survived "$damage"
    done
}

@test "a running container whose files are all damaged is forced away with its machine" {
    local bundle state=/run/vc/sbs/$ID
    bundle=$(make_bundle sleep 1000)
    run_container "$ID" "$bundle"
    echo '{"effect":"mou' >>"$state/journal"
    : >"$state/containers/$ID/state.json"
    echo garbage >"$state/sandbox.json"
    echo garbage >"$state/containers/$ID/config.json"
    # Found on another test's machine by nobody: list does not show it, so this test must delete it.
    run_kata_apart delete --force "$ID"
    expect_status 0
    expect_nothing_left "$ID"
}

@test "a journal whose last line is torn or that has garbage in it is still undone" {
    local bundle
    bundle=$(make_bundle true)
    start_until "start VM" create "$bundle"
    kill_command
    sed -i '2i not json at all' "/run/vc/sbs/$ID/journal"
    printf '{"effect":"mount","obj' >>"/run/vc/sbs/$ID/journal"
    expect_recovery
}

# In a mount namespace of its own, with a tiny file system under the state directory: create says so in one
# line, and that namespace is as before.
create_on_full_disk() {
    local options=$1 bundle=$2
    # shellcheck disable=SC2016  # the inner shell's variables
    run --separate-stderr unshare --mount bash -c '
        mkdir -p /run/vc/sbs && mount -t tmpfs -o "$1" tmpfs /run/vc/sbs || exit 99
        "$2" --root "$3" create --bundle "$4" "$5" </dev/null
        code=$?
        find /run/vc/sbs -mindepth 1
        grep -F -- "$5" /proc/self/mountinfo
        exit "$code"' - "$options" "$KATA_RUNTIME" "$KATA_ROOT" "$bundle" "$ID"
    expect_status 1
    expect_one_error_line
    [[ -z $output ]]
    expect_nothing_left "$ID"
}

@test "a container whose root was removed while it ran can be deleted by force from any other root" {
    local bundle root="$BATS_TEST_TMPDIR/lost"
    bundle=$(make_bundle sleep 1000)
    KATA_ROOT=$root create_container "$ID" "$bundle"
    rm -rf "$root"
    run_kata delete "$ID"
    expect_failure "does not exist"
    kata delete --force "$ID"
    expect_nothing_left "$ID"
}

@test "a full disk under the state directory ends create with one line and leaves nothing" {
    local bundle size
    bundle=$(make_bundle true)
    for size in 4k 8k 12k; do
        echo "a state directory of $size"
        create_on_full_disk "size=$size" "$bundle"
        [[ $stderr == *"no space left on device"* && $stderr == */run/vc/sbs/* ]]
    done
    for size in 1 2 3 4 5 6 8; do
        echo "a state directory of $size inodes"
        create_on_full_disk "nr_inodes=$size" "$bundle"
        [[ $stderr == *"no space left on device"* && $stderr == */run/vc/sbs* ]]
    done
}

@test "a state directory or root that cannot be written ends create with one line and leaves nothing" {
    local bundle
    bundle=$(make_bundle true)
    create_on_full_disk "ro" "$bundle"
    [[ $stderr == *"read-only file system"* && $stderr == */run/vc/sbs* ]]
    touch "$BATS_TEST_TMPDIR/file"
    run --separate-stderr "$KATA_RUNTIME" --root "$BATS_TEST_TMPDIR/file/root" create --bundle "$bundle" "$ID"
    expect_status 1
    expect_one_error_line
    [[ $stderr == *"$BATS_TEST_TMPDIR/file"* ]]
    expect_nothing_left "$ID"
}
