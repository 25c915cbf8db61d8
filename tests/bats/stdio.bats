#!/usr/bin/env bats
# Standard streams across the border of the virtual machine: whole, apart, in order, with back-pressure, and
# with their ends where they belong.

load helpers

MIB_10=10485760

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    head -c "$MIB_10" /dev/urandom >"$BATS_FILE_TMPDIR/random-1"
    head -c "$MIB_10" /dev/urandom >"$BATS_FILE_TMPDIR/random-2"
    BUNDLE=$(make_bundle sleep 100000)
    ID=$(unique_id)
    export BUNDLE ID
    mv "$BATS_FILE_TMPDIR"/random-[12] "$BUNDLE/rootfs/"
    run_container "$ID" "$BUNDLE"
}

teardown_file() {
    kata_teardown_file
}

teardown() {
    kata_teardown
}

checksum() {
    md5sum <"$1" | cut -d' ' -f1
}

random_file() {
    printf '%s/rootfs/random-%s\n' "$BUNDLE" "$1"
}

# expect_same FILE FILE
expect_same() {
    cmp "$1" "$2" || {
        ls -l "$1" "$2"
        return 1
    }
}

has_no_process() {
    ! kata ps "$ID" | grep -q "$1"
}

@test "10 MiB on standard output and 10 MiB on standard error arrive apart and whole" {
    local out="$BATS_TEST_TMPDIR/out" err="$BATS_TEST_TMPDIR/err"
    kata exec "$ID" sh -c 'cat /random-1 & cat /random-2 >&2; wait' >"$out" 2>"$err"
    expect_same "$out" "$(random_file 1)"
    expect_same "$err" "$(random_file 2)"
}

@test "the first process of a container writes 10 MiB to each stream, too" {
    local bundle out="$BATS_TEST_TMPDIR/out" err="$BATS_TEST_TMPDIR/err" code=0
    bundle=$(make_bundle sh -c 'cat /random-1 & cat /random-2 >&2; wait; exit 3')
    ln "$(random_file 1)" "$(random_file 2)" "$bundle/rootfs/"
    kata run --bundle "$bundle" "$(unique_id)" >"$out" 2>"$err" </dev/null || code=$?
    expect_equal "$code" 3
    expect_same "$out" "$(random_file 1)"
    expect_same "$err" "$(random_file 2)"
}

@test "10 MiB of standard input arrive whole, and their end is seen" {
    run kata exec "$ID" md5sum <"$(random_file 1)"
    expect_status 0
    expect_output "$(checksum "$(random_file 1)")  -"
}

@test "10 MiB go there and back through cat" {
    local back="$BATS_TEST_TMPDIR/back"
    kata exec "$ID" cat <"$(random_file 2)" >"$back"
    expect_same "$back" "$(random_file 2)"
}

@test "a process may answer after the end of its standard input" {
    run bash -c 'printf "one\ntwo\n" | "$@"' - "$KATA_RUNTIME" --root "$KATA_ROOT" exec "$ID" sh -c 'cat; echo "end"; echo more >&2; sleep 0.3; echo last'
    expect_status 0
    expect_contains $'one\ntwo\nend'
    [[ ${lines[-1]} == last ]]
}

@test "closed and empty standard input is the end of it at once" {
    run kata exec "$ID" wc -c </dev/null
    expect_output 0
    run bash -c '"$@" <&-' - "$KATA_RUNTIME" --root "$KATA_ROOT" exec "$ID" wc -c
    expect_status 0
    expect_output 0
}

@test "closed output streams are no failure" {
    run bash -c '"$@" >&- 2>&-' - "$KATA_RUNTIME" --root "$KATA_ROOT" exec "$ID" sh -c 'exit 6'
    expect_status 6
}

@test "a reader that goes away ends a workload that writes on" {
    run bash -c '"$@" | head -c 10; exit "${PIPESTATUS[0]}"' - "$KATA_RUNTIME" --root "$KATA_ROOT" exec "$ID" sh -c 'exec yes gone-reader'
    [[ $output == gone-reade && $status == 141 ]] || {
        echo "output $output, exit code $status"
        return 1
    }
    wait_until 60 has_no_process 'yes gone-reader'
}

@test "the exit code comes after the last byte, every time" {
    local bytes
    for bytes in 1 1000 65536 300000 1000000; do
        run bash -c '"$@" | wc -c; exit "${PIPESTATUS[0]}"' - "$KATA_RUNTIME" --root "$KATA_ROOT" \
            exec "$ID" sh -c "head -c $bytes /random-1; exit 9"
        expect_status 9
        expect_output "$bytes"
    done
}

@test "a process in the background of the workload does not keep run from ending" {
    run_kata exec "$ID" sh -c 'sleep 4711 & echo started; exit 8'
    expect_status 8
    expect_output started
}

@test "a slow reader stops its own process only" {
    local fifo="$BATS_TEST_TMPDIR/fifo" pid
    mkfifo "$fifo"
    kata exec "$ID" sh -c 'cat /random-1; exit 4' >"$fifo" 2>/dev/null 3>&- &
    pid=$!
    exec 7<"$fifo"
    head -c 1 <&7 >/dev/null # it has begun, and its reader rests from here on
    run_kata exec "$ID" echo other
    expect_output other
    kata exec "$ID" cat /random-2 >"$BATS_TEST_TMPDIR/other"
    expect_same "$BATS_TEST_TMPDIR/other" "$(random_file 2)"
    wc -c <&7 >"$BATS_TEST_TMPDIR/rest"
    exec 7<&-
    expect_end "$pid" 4
}

@test "input that comes before start is there after it" {
    local bundle id fifo="$BATS_TEST_TMPDIR/fifo" writer
    bundle=$(make_bundle sh -c 'md5sum; exit 5')
    id=$(unique_id)
    mkfifo "$fifo"
    cat "$(random_file 1)" >"$fifo" 3>&- &
    writer=$!
    kata create --bundle "$bundle" --pid-file "$bundle/pid" "$id" <"$fifo" >"$bundle/out" 2>"$bundle/err"
    # Engines signal and ask while the input waits.
    expect_equal "$(status_of "$id")" created
    kata start "$id"
    wait_for_exit "$(cat "$bundle/pid")"
    wait "$writer"
    expect_equal "$(cat "$bundle/out" "$bundle/err")" "$(checksum "$(random_file 1)")  -"
    kata delete "$id"
}
