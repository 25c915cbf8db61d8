# shellcheck shell=bash disable=SC2154  # status, output and stderr are set by bats' run
# For the files about bad input and faults: what a refused command must look like, and that it left nothing.

# The directories that name a container or its sandbox somewhere below.
REFUSAL_PLACES=(/run/vc/sbs /run/kata-containers/shared/sandboxes /run/libvirt/qemu /var/lib/libvirt/qemu)

# quiet_kata ARGUMENT...: the runtime as an engine calls it: without --debug, with a log of its own.
quiet_kata() {
    "$KATA_RUNTIME" --root "$KATA_ROOT" --log "$BATS_TEST_TMPDIR/quiet.log" --log-format json "$@"
}

# expect_refused WORDS ARGUMENT...: the command ends with 1, prints nothing on standard output, one clean line
# with WORDS on standard error, and the same line as the only error in a log where each line is JSON.
expect_refused() {
    expect_refused_with 1 "$@"
}

# expect_refused_with STATUS WORDS ARGUMENT...
expect_refused_with() {
    local wanted=$1 words=$2
    shift 2
    rm -f "$BATS_TEST_TMPDIR/quiet.log"
    run --separate-stderr quiet_kata "$@"
    { [[ $status == "$wanted" && -z $output && $stderr == *"$words"* ]] && expect_one_error_line; } || {
        printf 'kata-runtime %s\n  ended with %s, stdout %q\n  stderr %q\n  expected %q\n' \
            "$*" "$status" "$output" "$stderr" "$words"
        return 1
    }
    expect_logged_error "$stderr"
}

# expect_logged_error TEXT: the log has TEXT as its only error, and nothing that is not JSON.
expect_logged_error() {
    local logged
    logged=$(jq -er 'select(.level == "error") | .msg' "$BATS_TEST_TMPDIR/quiet.log") || logged=
    [[ $logged == "$1" ]] || {
        printf 'the log has %q\n  expected %q\n' "$(cat "$BATS_TEST_TMPDIR/quiet.log")" "$1"
        return 1
    }
}

# traces_of ID: everything on the host that still carries the id.
traces_of() {
    local id=$1
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" list --all --name | grep -F "kata-$id" | sed 's/^/domain /'
    pgrep -af -- "guest=kata-$id," | sed 's/^/process /'
    pgrep -af -- "sandboxes/$id/" | sed 's/^/process /'
    grep -F -- "$id" /proc/self/mountinfo | sed 's/^/mount /'
    find "${REFUSAL_PLACES[@]}" -maxdepth 3 -name "*$id*" 2>/dev/null | sed 's/^/file /'
    find "$KATA_ROOT" -name "$id" 2>/dev/null | sed 's/^/index /'
    find /sys/fs/cgroup -type d -name "*$id*" 2>/dev/null | grep -vE "$ORACLE_FOREIGN_CGROUPS" | sed 's/^/cgroup /'
    return 0
}

has_no_traces() {
    [[ -z $(traces_of "$1") ]]
}

# expect_nothing_left ID: what was killed is sometimes still going, so this is tried for some seconds.
expect_nothing_left() {
    wait_until 60 has_no_traces "$1" || {
        traces_of "$1"
        return 1
    }
}

# config_file TEXT: a configuration file with that content; prints its path.
config_file() {
    local file
    file=$(mktemp "$BATS_TEST_TMPDIR/configuration.XXXXXX.toml")
    printf '%s\n' "$1" >"$file"
    printf '%s\n' "$file"
}
