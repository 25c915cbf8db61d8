#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Terminals: the caller's own in the foreground, and one that is handed to an engine over a console socket.

load helpers

RECVTTY="$BATS_TEST_DIRNAME/../../build/bin/test-recvtty"

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    BUNDLE=$(make_bundle sh -c 'echo begun; exec sh')
    ID=$(unique_id)
    export BUNDLE ID
    edit_spec "$BUNDLE" '.process.terminal = true | .process.env += ["PS1=> "]'
}

teardown_file() {
    kata_teardown_file
}

teardown() {
    if [[ -n ${HELPER:-} ]]; then
        kill "$HELPER" 2>/dev/null || true
        exec 8>&-
        wait "$HELPER" || true
    fi
    kata_teardown
}

screen_has() {
    tr -d '\r' <"$BATS_TEST_TMPDIR/screen" | grep -qE -- "$1"
}

# expect_screen REGEX: what a terminal shows comes when it comes.
expect_screen() {
    wait_until 60 screen_has "$1" || {
        cat -v "$BATS_TEST_TMPDIR/screen"
        return 1
    }
}

# keys TEXT: typed on the terminal of the helper that runs, in one write.
keys() {
    printf '%b' "$1" >&8
}

# listen: test-recvtty behind SOCKET, its keyboard on descriptor 8, its screen in a file.
listen() {
    SOCKET="$BATS_TEST_TMPDIR/console.sock"
    mkfifo "$BATS_TEST_TMPDIR/keys"
    "$RECVTTY" "$SOCKET" "$BATS_TEST_TMPDIR/facts" <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/screen" \
        2>"$BATS_TEST_TMPDIR/recvtty.err" 3>&- &
    HELPER=$!
    exec 8>"$BATS_TEST_TMPDIR/keys"
    wait_until 60 test -S "$SOCKET"
}

fact() {
    sed -n "s/^$1 //p" "$BATS_TEST_TMPDIR/facts"
}

# on_terminal SETTING COMMAND...: in the background, on a terminal of its own whose name is in the file tty.
# Keys go to descriptor 8; the exit code is script's.
on_terminal() {
    local setting=$1
    shift
    mkfifo "$BATS_TEST_TMPDIR/keys"
    printf '#!/bin/sh\ntty >%q\nstty %s\nexec' "$BATS_TEST_TMPDIR/tty" "$setting" >"$BATS_TEST_TMPDIR/command"
    printf ' %q' "$@" >>"$BATS_TEST_TMPDIR/command"
    chmod 0755 "$BATS_TEST_TMPDIR/command"
    script --quiet --return --flush --command "$BATS_TEST_TMPDIR/command" "$BATS_TEST_TMPDIR/typescript" \
        <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/screen" 2>&1 3>&- &
    HELPER=$!
    exec 8>"$BATS_TEST_TMPDIR/keys"
}

expect_helper_ends() {
    expect_end "$HELPER" "$1"
    HELPER=
    exec 8>&-
}

@test "create without a console socket for a terminal, and with one for no terminal, is refused" {
    local plain
    run_kata_apart create --bundle "$BUNDLE" "$(unique_id)"
    expect_status 1
    expect_one_error_line
    [[ $stderr == *"cannot allocate tty if kata-runtime will detach without setting console socket"* ]]
    plain=$(make_bundle true)
    run_kata_apart create --bundle "$plain" --console-socket "$BATS_TEST_TMPDIR/none" "$(unique_id)"
    expect_status 1
    [[ $stderr == *"cannot use console socket if kata-runtime will not detach or allocate tty"* ]]
    run_kata_apart run --bundle "$BUNDLE" "$(unique_id)" </dev/null
    expect_status 1
    [[ $stderr == *"standard input is not a terminal"* ]]
}

@test "the console socket gets one message with one descriptor, the master of a working terminal" {
    listen
    kata create --bundle "$BUNDLE" --pid-file "$BUNDLE/pid" --console-socket "$SOCKET" "$ID" </dev/null >/dev/null
    wait_until 60 test -s "$BATS_TEST_TMPDIR/facts"
    expect_equal "$(fact fds) $(fact more)" "1 0"
    [[ $(fact bytes) -ge 1 && $(fact name) == /dev/pts/* ]]
    kata start "$ID"
    expect_screen '^begun$'
    keys 'tty; echo $((6 * 7))\n'
    expect_screen '^/dev/'
    expect_screen '^42$'

    # The first size, 0 by 0, is none; what the engine sets later arrives.
    keys 'resize 0 0\n'
    keys 'resize 37 111\n'
    wait_for_size "37 111"
    keys 'resize 41 99\n'
    wait_for_size "41 99"

    keys 'sleep 1000\n'
    wait_until 60 guest_runs "$ID" 'sleep 1000'
    keys '\003'
    wait_until 60 guest_rests "$ID"
    keys 'echo after $?\n'
    expect_screen 'after 130'
    # Each line ends with one carriage return, not two.
    ! grep -q $'\r\r' "$BATS_TEST_TMPDIR/screen" || return 1

    keys 'exit 3\n'
    wait_for_status "$ID" stopped
    expect_helper_ends 0
    kata delete "$ID"
}

wait_for_size() {
    wait_until 60 size_is "$1"
}

size_is() {
    keys 'stty size\n'
    sleep 0.3
    screen_has "^$1\$"
}

guest_runs() {
    kata ps "$1" | grep -q -- "$2"
}

guest_rests() {
    ! guest_runs "$1" 'sleep 1000'
}

# One container without a terminal of its own serves the cases of exec.
plain_container() {
    PLAIN=$(cat "$BATS_FILE_TMPDIR/plain" 2>/dev/null) && return
    PLAIN=$(unique_id)
    run_container "$PLAIN" "$(make_bundle sleep 100000)"
    echo "$PLAIN" >"$BATS_FILE_TMPDIR/plain"
}

@test "run with a terminal uses the caller's: size, resize, interrupt and exit code" {
    local id
    id=$(unique_id)
    on_terminal "rows 33 cols 77" "$KATA_RUNTIME" --root "$KATA_ROOT" run --bundle "$BUNDLE" "$id"
    expect_screen '^begun$'
    keys 'stty size; stty -a | grep -c isig\n'
    expect_screen '^33 77$'
    stty -F "$(cat "$BATS_TEST_TMPDIR/tty")" rows 44 cols 88
    wait_for_size "44 88"
    keys 'sleep 1000\n'
    wait_until 60 guest_runs "$id" 'sleep 1000'
    keys '\003'
    wait_until 60 guest_rests "$id"
    keys 'echo after $?\n'
    expect_screen 'after 130'
    keys 'exit 21\n'
    expect_helper_ends 21
}

@test "exec --tty has a terminal, without it there is none, whatever the caller has" {
    plain_container
    on_terminal "rows 20 cols 60" "$KATA_RUNTIME" --root "$KATA_ROOT" exec --tty "$PLAIN" \
        sh -c 'tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all three; exit 12'
    expect_helper_ends 12
    screen_has '^/dev/'
    screen_has '^20 60$'
    screen_has '^all three$'
    run_kata exec "$PLAIN" sh -c 'tty; test -t 1 || echo none'
    expect_contains "not a tty"
    expect_contains none
}

@test "the terminal of the caller is as it was after exec --tty" {
    plain_container
    on_terminal "rows 20 cols 60" sh -c 'stty -g >$1/before; shift; "$@"; stty -g >'"$BATS_TEST_TMPDIR"'/after' - \
        "$BATS_TEST_TMPDIR" "$KATA_RUNTIME" --root "$KATA_ROOT" exec --tty "$PLAIN" true
    expect_helper_ends 0
    expect_equal "$(cat "$BATS_TEST_TMPDIR/after")" "$(cat "$BATS_TEST_TMPDIR/before")"
}

@test "exec --detach --tty hands its terminal over; the rules for the socket are those of create" {
    plain_container
    listen
    kata exec --detach --tty --console-socket "$SOCKET" --pid-file "$BATS_TEST_TMPDIR/pid" "$PLAIN" \
        sh -c 'echo here; read line; echo "got $line"; exit 4' </dev/null >/dev/null
    expect_screen '^here$'
    expect_equal "$(fact fds) $(fact more)" "1 0"
    keys 'words\n'
    expect_screen '^got words$'
    wait_for_exit "$(cat "$BATS_TEST_TMPDIR/pid")"
    expect_helper_ends 0
    run_kata exec --detach --tty "$PLAIN" true
    expect_status 255
    expect_contains "cannot allocate tty if kata-runtime will detach without setting console socket"
    run_kata exec --console-socket "$SOCKET" "$PLAIN" true
    expect_status 255
    expect_contains "cannot use console socket if kata-runtime will not detach or allocate tty"
}
