# shellcheck shell=bash disable=SC2154  # status, output, lines and stderr are set by bats' run
# What every bats file uses. A file begins with
#   load helpers
#   setup_file() { kata_setup_file; }
#   teardown_file() { kata_teardown_file; }
#   teardown() { kata_teardown; }
# and gets: its own --root, a bundle per call of make_bundle, ids nobody else has, and the leak oracle.
# The program under test is $KATA_RUNTIME (default: the installed one).

bats_require_minimum_version 1.5.0
# shellcheck source=oracle.bash
. "${BASH_SOURCE[0]%/*}/oracle.bash"

KATA_RUNTIME=${KATA_RUNTIME:-/usr/bin/kata-runtime}
SOURCE_ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)

kata_setup_file() {
    [[ $(id -u) == 0 ]] || { echo "these tests need root"; return 1; }
    [[ -x $KATA_RUNTIME ]] || { echo "$KATA_RUNTIME is not there; run make install first"; return 1; }
    export KATA_RUNTIME SOURCE_ROOT
    export KATA_ROOT="$BATS_FILE_TMPDIR/root"
    export KATA_IMAGE="$BATS_FILE_TMPDIR/image"
    oracle_before
}

kata_teardown_file() {
    delete_everything
    oracle_after
}

# Between two tests no container is left, so that one test's failure is not the next one's.
kata_teardown() {
    local code=0
    if [[ -n ${BATS_ERROR_STATUS:-} && ${BATS_ERROR_STATUS:-0} != 0 && -s $BATS_TEST_TMPDIR/log ]]; then
        echo "the runtime's log:"
        tail -n 50 "$BATS_TEST_TMPDIR/log"
    fi
    [[ ${KATA_KEEP_CONTAINERS:-} == 1 ]] || delete_everything || code=1
    return "$code"
}

# kata ARGUMENT...: the runtime with this file's root and a log of this test.
kata() {
    "$KATA_RUNTIME" --root "$KATA_ROOT" --debug --log "${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/log" --log-format json "$@"
}

# run_kata ARGUMENT...: the same under bats' run; $output has both streams, $status the code.
run_kata() {
    run kata "$@"
}

# run_kata_apart ARGUMENT...: $output and $stderr apart.
run_kata_apart() {
    run --separate-stderr kata "$@"
}

delete_everything() {
    local id
    [[ -x $KATA_RUNTIME && -d $KATA_ROOT ]] || return 0
    for id in $(kata list --quiet 2>/dev/null); do
        kata delete --force "$id" </dev/null >/dev/null 2>&1 || true
    done
}

# Where a test, or setup_file, may put files.
scratch() {
    printf '%s\n' "${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}"
}

# An id that no other test, file or run has.
unique_id() {
    printf '%s-%s-%s\n' "${1:-t}" "$$" "$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')"
}

# The busybox root filesystem, made once per file.
image() {
    if [[ ! -d $KATA_IMAGE/rootfs ]]; then
        "$SOURCE_ROOT/make/bundle.sh" "$KATA_IMAGE" true
    fi
    printf '%s\n' "$KATA_IMAGE/rootfs"
}

# make_bundle [ARGUMENT...]: a new bundle whose process.args are the arguments (default: true), with a root
# filesystem of its own; prints its path.
make_bundle() {
    local bundle
    bundle=$(mktemp -d "$(scratch)/bundle.XXXXXX")
    chmod 0755 "$bundle"
    cp -a "$(image)" "$bundle/rootfs"
    cp "$KATA_IMAGE/config.json" "$bundle/config.json"
    # shellcheck disable=SC2016  # $ARGS is jq's
    edit_spec "$bundle" '.process.args = $ARGS.positional' --args -- "${@:-true}"
    printf '%s\n' "$bundle"
}

# edit_spec BUNDLE FILTER [JQ OPTION...]: changes config.json in place.
edit_spec() {
    local bundle=$1 filter=$2
    shift 2
    jq "$filter" "$bundle/config.json" "$@" >"$bundle/config.json.new"
    mv "$bundle/config.json.new" "$bundle/config.json"
}

# kill_create_at PATTERN ID BUNDLE: kills a create as soon as a file of the pattern is there.
kill_create_at() {
    local creator
    "$KATA_RUNTIME" --root "$KATA_ROOT" create --bundle "$3" "$2" </dev/null >/dev/null 2>&1 3>&- &
    creator=$!
    wait_until 60 compgen -G "$1" >/dev/null
    kill -KILL "$creator"
    wait "$creator" || true
}

# create_container ID BUNDLE [OPTION...]: the container's own streams are null and two files, because a
# pipe of bats that the shim holds would not end before the container does. Prints what went wrong.
create_container() {
    local id=$1 bundle=$2
    shift 2
    kata create --bundle "$bundle" "$@" "$id" </dev/null >"$bundle/out" 2>"$bundle/err" || {
        cat "$bundle/err"
        return 1
    }
}

# run_container ID BUNDLE [OPTION...]: created and started, in the background.
run_container() {
    create_container "$@" && kata start "$1"
}

# pid_of ID: the container's kata-shim.
pid_of() {
    kata state "$1" | jq -r .pid
}

# wait_until SECONDS COMMAND...: polls until the command succeeds; the limit is for hangs, not for figures.
wait_until() {
    local deadline=$(($(date +%s%N) + $1 * 1000000000))
    shift
    until "$@"; do
        if (($(date +%s%N) > deadline)); then
            echo "gave up waiting for: $*"
            return 1
        fi
        sleep 0.05
    done
}

status_of() {
    kata state "$1" | jq -r .status
}

has_status() {
    [[ $(status_of "$1" 2>/dev/null) == "$2" ]]
}

# wait_for_status ID STATUS
wait_for_status() {
    wait_until 60 has_status "$1" "$2"
}

# A process that is gone or only waits to be reaped.
is_dead() {
    local state
    state=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f1)
    [[ -z $state || $state == Z ]]
}

wait_for_exit() {
    wait_until 60 is_dead "$1"
}

# The name of a container's domain in virsh.
domain_of() {
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" list --all --name | grep -xF "kata-$1"
}

# host_cgroup PID CONTROLLER: the directory on this host.
host_cgroup() {
    local path
    path=$(sed -nE "s/^[0-9]+:([^:]*,)?$2(,[^:]*)?:(.*)/\3/p" "/proc/$1/cgroup")
    if [[ -n $path ]]; then
        printf '%s%s\n' "$(findmnt -nlo TARGET -t cgroup -O "$2" | head -n 1)" "$path"
    else
        printf '/sys/fs/cgroup%s\n' "$(sed -n 's/^0:://p' "/proc/$1/cgroup")"
    fi
}

# --- what a test expects of the last run --------------------------------------------------------------

expect_status() {
    [[ $status == "$1" ]] || {
        echo "exit code $status, expected $1; output:"
        echo "$output"
        return 1
    }
}

expect_output() {
    [[ $output == "$1" ]] || {
        printf 'output:   %q\nexpected: %q\n' "$output" "$1"
        return 1
    }
}

# expect_failure TEXT: the last run did not succeed and said so.
expect_failure() {
    [[ $status != 0 && $output == *"$1"* ]] || {
        printf 'exit code %s, output: %s\nexpected a failure that says: %s\n' "$status" "$output" "$1"
        return 1
    }
}

# expect_end PID CODE: waits for a process in the background of this shell.
expect_end() {
    local code=0
    wait "$1" || code=$?
    [[ $code == "$2" ]] || {
        echo "exit code $code, expected $2"
        return 1
    }
}

# expect_equal ACTUAL EXPECTED
expect_equal() {
    [[ $1 == "$2" ]] || {
        printf 'is:       %q\nexpected: %q\n' "$1" "$2"
        return 1
    }
}

expect_contains() {
    [[ $output == *"$1"* ]] || {
        printf 'output:   %s\ndoes not contain: %s\n' "$output" "$1"
        return 1
    }
}

# One line on the error stream, no control characters: what a failing command prints (after run_kata_apart).
expect_one_error_line() {
    [[ $(wc -l <<<"$stderr") == 1 && -n $stderr && ! $stderr =~ [[:cntrl:]] ]] || {
        printf 'not one clean line: %q\n' "$stderr"
        return 1
    }
}
