#!/usr/bin/env bats
# shellcheck disable=SC2154  # output, status, stderr and lines are set by run
load helpers
setup_file() { kata_setup_file; }
teardown_file() { kata_teardown_file; }
teardown() { kata_teardown; }

@test "a failed command leaves one JSON object in the log and one line on standard error" {
    local log="$BATS_TEST_TMPDIR/l.json"
    run --separate-stderr "$KATA_RUNTIME" --root "$BATS_TEST_TMPDIR/r" --log "$log" --log-format json state nobody-has-this
    [[ $status == 1 && -z $output && ${#stderr_lines[@]} == 1 ]]
    [[ $(wc -l <"$log") == 1 ]]
    jq -e '(keys == ["level", "msg", "time"]) and .level == "error" and (.msg | test("container does not exist"))
           and (.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$"))' "$log"
}

@test "the log is created, appended to and never truncated" {
    local log="$BATS_TEST_TMPDIR/l.txt"
    run "$KATA_RUNTIME" --root "$BATS_TEST_TMPDIR/r" --log "$log" list
    [[ $status == 0 && -f $log && ! -s $log ]]
    echo before >"$log"
    run "$KATA_RUNTIME" --root "$BATS_TEST_TMPDIR/r" --log "$log" state nobody-has-this
    [[ $(head -n 1 "$log") == before ]]
    [[ $(tail -n 1 "$log") == time=\"*\"\ level=error\ msg=\"*\" ]]
}

@test "a misuse is in the log, too" {
    local log="$BATS_TEST_TMPDIR/l.json"
    run "$KATA_RUNTIME" --log "$log" --log-format json delete
    [[ $status == 1 && $(jq -r .msg "$log") == *'requires exactly 1 argument'* ]]
}

@test "a log that cannot be opened is an error that names it" {
    run --separate-stderr "$KATA_RUNTIME" --log "$BATS_TEST_TMPDIR/none/l" list
    [[ $status == 1 && $stderr == *"$BATS_TEST_TMPDIR/none/l"* ]]
}

@test "hostile names do not break the log" {
    local log="$BATS_TEST_TMPDIR/l.json"
    run "$KATA_RUNTIME" --log "$log" --log-format json state $'a"\\\n\e[2J\xff'
    [[ $status == 1 ]]
    jq -e .msg "$log"
}
