#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# kata-runtime beside Debian's runc: the same bundle and the same arguments, and what an engine would see of
# both: output, exit codes, the shape of JSON, the words that errors are recognised by.

load helpers

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    BUNDLE=$(make_bundle sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done')
    ID=$(unique_id)
    export BUNDLE ID
    edit_spec "$BUNDLE" '.annotations = {"org.example": "x"}'
    local name
    for name in kata runc; do
        runtime "$name" create --bundle "$BUNDLE" --pid-file "$BATS_FILE_TMPDIR/pid.$name" "$(id_of "$name")" \
            </dev/null >"$BATS_FILE_TMPDIR/create.$name" 2>&1
        runtime "$name" start "$(id_of "$name")"
    done
}

teardown_file() {
    end_runc "$ID"
    kata_teardown_file
}

teardown() {
    kata_teardown
}

# The two are given different ids, because a cgroup can be one container's only.
id_of() {
    printf '%s-%s\n' "$ID" "$1"
}

# runtime NAME ARGUMENT...
runtime() {
    local name=$1
    shift
    case $name in
    kata) "$KATA_RUNTIME" --root "$KATA_ROOT" "$@" ;;
    runc) runc --root "$BATS_FILE_TMPDIR/runc" "$@" ;;
    esac
}

# runc gives up a cgroup whose processes a slow pid 1 has not reaped yet, so its container is stopped first.
end_runc() {
    local id
    for id in $(runtime runc list --quiet 2>/dev/null); do
        runtime runc kill "$id" KILL 2>/dev/null || true
        wait_until 60 runc_has_stopped "$id"
        wait_until 60 runtime runc delete "$id"
    done
    find /sys/fs/cgroup -depth -type d -name "$1*" -exec rmdir {} + 2>/dev/null || true
}

runc_has_stopped() {
    [[ $(runtime runc state "$1" | jq -r .status) == stopped ]]
}

# both ARGUMENT...: calls each with the arguments, @ID@ replaced; leaves <name>.out, .err and .code behind.
both() {
    local name code
    for name in runc kata; do
        code=0
        runtime "$name" "${@//@ID@/$(id_of "$name")}" </dev/null >"$BATS_TEST_TMPDIR/$name.out" \
            2>"$BATS_TEST_TMPDIR/$name.err" || code=$?
        echo "$code" >"$BATS_TEST_TMPDIR/$name.code"
    done
}

# expect_same_of FILTER...: the filter makes equal lines of both runtimes' output.
expect_same_of() {
    diff -au --label runc --label kata <("$@" <"$BATS_TEST_TMPDIR/runc.out") <("$@" <"$BATS_TEST_TMPDIR/kata.out") || {
        cat "$BATS_TEST_TMPDIR"/*.err
        return 1
    }
}

expect_same_code() {
    expect_equal "$(cat "$BATS_TEST_TMPDIR/kata.code")" "$(cat "$BATS_TEST_TMPDIR/runc.code")" || {
        tail -n 3 "$BATS_TEST_TMPDIR"/*.err
        return 1
    }
}

# expect_same_words: kata's error has the words of runc's, whose line is one of logrus. What runc adds about
# its own inner workings is left out.
expect_same_words() {
    local words
    words=$(sed -nE 's/.*level=error msg="(.*)"$/\1/p' "$BATS_TEST_TMPDIR/runc.err" | tail -n 1 |
        sed -E 's/\\"/"/g; s/unable to start container process: //; s/^runc (create|run) failed: //; s/^runc: //' |
        sed "s/$(id_of runc)/$(id_of kata)/")
    [[ -n $words && $(cat "$BATS_TEST_TMPDIR/kata.err") == *"$words"* ]] || {
        printf 'runc: %s\nkata: %s\n' "$words" "$(cat "$BATS_TEST_TMPDIR/kata.err")"
        return 1
    }
}

# The keys of a document and the type of each value, in their order.
key_shape() {
    jq -c 'if type == "array" then .[0] else . end | to_entries | map([.key, (.value | type)])'
}

# Every path of a document, list positions as one.
paths_of() {
    jq -r '[paths | map(if type == "number" then "*" else . end) | join(".")] | unique[]'
}

@test "state and list have the same shape and the same bytes around it" {
    both state @ID@
    expect_same_code
    expect_same_of key_shape
    expect_same_of tail -c 1
    expect_same_of jq -r '[.bundle, .rootfs, .status, .annotations] | @json'
    both list --format json
    expect_same_code
    expect_same_of key_shape
    expect_same_of tail -c 1
    both list
    expect_same_of sed -n '1s/  */ /gp'
    both list --quiet
    expect_same_of sed 's/-[a-z]*$//'
}

@test "lists without a container are the same" {
    local name
    for name in runc kata; do
        mkdir -p "$BATS_TEST_TMPDIR/$name"
    done
    expect_equal "$("$KATA_RUNTIME" --root "$BATS_TEST_TMPDIR/kata" list -f json)" "$(runc --root "$BATS_TEST_TMPDIR/runc" list -f json)"
    expect_equal "$("$KATA_RUNTIME" --root "$BATS_TEST_TMPDIR/kata" list)" "$(runc --root "$BATS_TEST_TMPDIR/runc" list)"
    expect_equal "$("$KATA_RUNTIME" --root "$BATS_TEST_TMPDIR/kata" list -q)" ""
}

@test "pid files are written the same way" {
    local name
    for name in runc kata; do
        grep -qzxE '[0-9]+' "$BATS_FILE_TMPDIR/pid.$name"
        expect_equal "$(cat "$BATS_FILE_TMPDIR/pid.$name")" "$(runtime "$name" state "$(id_of "$name")" | jq .pid)"
    done
}

@test "a process finds the same environment, user, limits, capabilities and devices" {
    both exec @ID@ sh -c 'env | sort; id; pwd; umask; hostname; ulimit -n; tty; ls /dev | grep -vx -e console -e core; ls -l /dev/fd /dev/stdin | sed "s/.* \//\//"
        grep -E "^(Cap|NoNewPrivs|Seccomp:|Uid|Gid|Groups)" /proc/self/status; cat /proc/1/cmdline; ls /'
    expect_same_code
    expect_same_of cat
}

@test "exec takes the same options and ends with the same codes" {
    both exec --cwd /tmp -e A=b --user 12:34 -g 5 @ID@ sh -c 'pwd; echo $A; id -u; id -g; id -G; exit 42'
    expect_same_code
    expect_same_of cat
    both exec @ID@ sh -c 'kill -9 $$'
    expect_same_code
    both exec @ID@ no-such-program
    expect_same_code
    expect_same_words
    both exec @ID@ -- true
    expect_same_code
    both exec @ID@
    expect_same_code
    expect_same_words
}

@test "ps --format json is a list of numbers, and the table has a column PID" {
    both ps --format json @ID@
    expect_same_code
    expect_same_of jq -c 'map(type) | unique'
    both ps @ID@
    expect_same_code
    expect_same_of awk 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == "PID") print "PID"}'
}

@test "spec writes a document of the same shape, and refuses to overwrite one with the same words" {
    local name
    for name in runc kata; do
        mkdir "$BATS_TEST_TMPDIR/$name"
        runtime "$name" spec --bundle "$BATS_TEST_TMPDIR/$name"
        cp "$BATS_TEST_TMPDIR/$name/config.json" "$BATS_TEST_TMPDIR/$name.out"
    done
    expect_same_of paths_of
    expect_same_of jq -S 'del(.ociVersion, .hostname)'
    expect_same_of head -c 4
    cd "$BATS_TEST_TMPDIR/runc"
    both spec
    expect_same_code
    expect_same_words
}

@test "features has everything that runc's has" {
    both features
    expect_same_code
    run comm -23 <(paths_of <"$BATS_TEST_TMPDIR/runc.out" | grep -v '^annotations\|^linux.apparmor\|^linux.selinux' | sort) \
        <(paths_of <"$BATS_TEST_TMPDIR/kata.out" | sort)
    expect_output ""
}

@test "commands on an unknown id say the same" {
    local command
    for command in state start kill delete ps; do
        both "$command" nobody
        expect_same_code
        expect_same_words
    done
    both exec nobody true
    expect_same_code
    expect_same_words
    both delete --force nobody
    expect_same_code
}

@test "ids that are none are refused with the same words" {
    local id
    for id in a/b .. . 'a b' ''; do
        both state "$id"
        expect_same_code
    done
    both state a/b
    expect_same_words
}

@test "wrong numbers of arguments and unknown flags are refused with the same words" {
    local command
    for command in "state" "start" "kill" "delete" "ps" "run" "create" "list x" "state a b" "kill a b c"; do
        # shellcheck disable=SC2086
        both $command
        expect_same_code
        expect_equal "$(grep -o 'requires .*argument(s)' "$BATS_TEST_TMPDIR/kata.err")" \
            "$(grep -o 'requires .*argument(s)' "$BATS_TEST_TMPDIR/runc.err")"
    done
    both kill --bogus x
    expect_same_code
    expect_same_words
}

@test "help ends with the same code everywhere" {
    local command
    both --help
    expect_same_code
    both help
    expect_same_code
    for command in create start state kill delete run exec list ps spec features; do
        both "$command" --help
        expect_same_code
        both help "$command"
        expect_same_code
    done
}

@test "failures in a JSON log have the same keys" {
    local name
    for name in runc kata; do
        runtime "$name" --log "$BATS_TEST_TMPDIR/$name.out" --log-format json state nobody 2>/dev/null || true
    done
    expect_same_of jq -c '[.level, (.time | length > 19), (.msg | startswith("container does not exist"))]'
}

@test "commands in the wrong state say the same, from running to stopped" {
    both start @ID@
    expect_same_code
    expect_same_words
    both delete @ID@
    expect_same_code
    expect_same_words
    both kill @ID@ NOSUCH
    expect_same_code
    expect_same_words
    both kill @ID@ 15
    expect_same_code
    wait_for_status "$(id_of kata)" stopped
    wait_until 60 runc_has_stopped "$(id_of runc)"
    both state @ID@
    expect_same_of key_shape
    expect_same_of jq -c '[.status, .pid]'
    both kill @ID@ 15
    expect_same_code
    expect_same_words
    both kill --all @ID@ 15
    expect_same_code
    both start @ID@
    expect_same_code
    expect_same_words
    both exec @ID@ true
    expect_same_code
    expect_same_words
    both delete @ID@
    expect_same_code
    both state @ID@
    expect_same_code
}

@test "run has the same output and the same code" {
    local bundle
    bundle=$(make_bundle sh -c 'echo out; echo err >&2; cat; exit 17')
    both run --bundle "$bundle" "@ID@-run"
    expect_same_code
    expect_same_of cat
    diff "$BATS_TEST_TMPDIR/runc.err" "$BATS_TEST_TMPDIR/kata.err"
    bundle=$(make_bundle no-such-program)
    both run --bundle "$bundle" "@ID@-run"
    expect_same_code
    expect_same_words
}
