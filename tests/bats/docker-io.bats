#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Docker's streams and terminals with this runtime: run -i, -t, -it, attach, detach, exec, logs, cp. One container
# serves most of the cases.

load helpers
load engines

setup_file() {
    kata_setup_file
    start_dockerd
    import_busybox docker
    docker run --detach --runtime "$KATA_NAME" --network none --name main --volume data:/data \
        --tmpfs /scratch busybox sleep 100000
    docker run --detach --runtime runc --network none --name peer busybox sleep 100000
}

teardown_file() {
    stop_dockerd
    kata_teardown_file
}

teardown() {
    local id
    end_terminal
    for id in $(docker ps --all --quiet --filter label=case); do
        docker rm --force "$id" >/dev/null
    done
}

# start_case ARGUMENT...: a container that the case's end removes.
start_case() {
    docker run --runtime "$KATA_NAME" --network none --label case "$@"
}

# exec_code CONTAINER ARGUMENT...
exec_code() {
    local code=0
    docker exec "$@" </dev/null >/dev/null 2>&1 || code=$?
    echo "$code"
}

@test "exec passes the codes 0, 1, 42, 126, 127, 137 and 143 on as runc does" {
    local code
    for code in 0 1 42 126 127 255; do
        expect_equal "$(exec_code main sh -c "exit $code")" "$code"
    done
    expect_equal "$(exec_code main no-such-program)" "$(exec_code peer no-such-program)"
    expect_equal "$(exec_code main /srv/plain)" "$(exec_code peer /srv/plain)"
    expect_equal "$(exec_code main /srv)" "$(exec_code peer /srv)"
    expect_equal "$(exec_code --workdir /srv/plain main true)" "$(exec_code --workdir /srv/plain peer true)"
    expect_equal "$(exec_code main sh -c 'kill -9 $$')" "$(exec_code peer sh -c 'kill -9 $$')"
    expect_equal "$(exec_code main sh -c 'kill $$')" "$(exec_code peer sh -c 'kill $$')"
}

@test "exec gives user, directory, environment and streams, and -d one that goes on" {
    run_docker exec --user alice --workdir /srv --env A=1 --env "B=2 3" main sh -c 'id -un; pwd; echo "$A $B"; echo err >&2'
    expect_output $'alice\n/srv\n1 2 3'
    expect_equal "$stderr" err
    docker exec --detach main sh -c 'echo done >/tmp/detached'
    wait_until 60 docker exec main test -s /tmp/detached
    expect_equal "$(printf 'one\ntwo\n' | docker exec --interactive main wc -l)" 2
    run_docker exec --privileged main grep CapEff /proc/self/status
    expect_contains 0000003fffffffff
}

@test "20 MB through standard input and 50 MB through standard output arrive whole" {
    head -c 20000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
    expect_equal "$(start_case --rm --interactive busybox sha256sum <"$BATS_TEST_TMPDIR/in" | cut -d' ' -f1)" \
        "$(sha256sum <"$BATS_TEST_TMPDIR/in" | cut -d' ' -f1)"
    expect_equal "$(docker exec main head -c 50000000 /dev/zero | wc -c)" 50000000
    docker exec --interactive main cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/back"
    cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/back"
}

@test "without -t there is no terminal; with -t there is one, with TERM, and lines end as on runc's" {
    local line='tty; echo "TERM=$TERM"; test -t 0 && echo 0; test -t 1 && echo 1'
    expect_equal "$(docker exec main sh -c "$line")" "$(docker exec peer sh -c "$line")"
    expect_equal "$(docker exec --tty main sh -c "$line")" "$(docker exec --tty peer sh -c "$line")"
    [[ $(docker exec --tty main tty) == /dev/pts/* ]]
    expect_equal "$(start_case --rm --tty busybox sh -c 'tty; echo "$TERM"' | tr -d '\r' | tr '\n' ' ')" "/dev/pts/0 xterm "
}

@test "run -it is a terminal of its own: size, resize, interrupt, exit code" {
    on_terminal "$DOCKER" run --rm --interactive --tty --runtime "$KATA_NAME" --network none --label case busybox
    expect_screen '/ #'
    keys 'stty size; echo $((6 * 7))\n'
    expect_screen '^33 111$'
    expect_screen '^42$'
    stty -F "$(cat "$BATS_TEST_TMPDIR/tty")" rows 44 cols 122
    wait_until 60 size_is '^44 122$'
    keys 'sleep 1000\n'
    sleep 1
    keys '\003'
    keys 'echo after $?\n'
    expect_screen 'after 130'
    keys 'exit 9\n'
    expect_screen 'code 9'
}

size_is() {
    keys 'stty size\n'
    sleep 0.3
    screen_has "$1"
}

@test "exec -it is a terminal of its own" {
    on_terminal "$DOCKER" exec --interactive --tty main sh
    expect_screen '/ #'
    keys 'stty size; tty\n'
    expect_screen '^33 111$'
    expect_screen '^/dev/pts/'
    keys 'exit 7\n'
    expect_screen 'code 7'
}

@test "detach keys leave the container running, attach comes back to it, and attach passes its code on" {
    on_terminal "$DOCKER" run --interactive --tty --runtime "$KATA_NAME" --network none --label case --name keys busybox
    expect_screen '/ #'
    keys 'echo here; A=17\n'
    expect_screen '^here$'
    keys '\020\021'
    expect_screen 'code 0'
    expect_equal "$(docker inspect --format '{{.State.Status}}' keys)" running
    end_terminal
    rm -f "$BATS_TEST_TMPDIR"/{keys,screen}
    on_terminal "$DOCKER" attach --detach-keys ctrl-a,d keys
    sleep 1
    keys '\n'
    expect_screen '/ #'
    keys 'exit $A\n'
    expect_screen 'code 17'
}

@test "attach without a terminal sees the output that comes and the code at the end" {
    start_case --detach --interactive --name late busybox sh -c 'read line; echo "got $line"; exit 13'
    mkfifo "$BATS_TEST_TMPDIR/in"
    "$DOCKER" attach late <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    exec 8>"$BATS_TEST_TMPDIR/in"
    sleep 1
    echo "a word" >&8
    expect_end $! 13
    exec 8>&-
    expect_equal "$(cat "$BATS_TEST_TMPDIR/out")" "got a word"
}

@test "attach passes signals on, unless it is told not to" {
    start_case --detach --name signalled busybox sh -c 'trap "echo term; exit 6" TERM; echo ready; while :; do sleep 0.1; done'
    wait_until 60 logged signalled ready
    "$DOCKER" attach signalled </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    sleep 1
    kill -TERM $!
    expect_end $! 6
    logged signalled term
}

@test "logs has both streams, --tail, --since, --timestamps and --follow until the end" {
    start_case --detach --name talker busybox sh -c 'for i in 1 2 3; do echo "out $i"; echo "err $i" >&2; sleep 0.2; done; exit 3'
    run docker logs --follow talker
    expect_equal "$(docker wait talker)" 3
    run_docker logs talker
    expect_output $'out 1\nout 2\nout 3'
    expect_equal "$stderr" $'err 1\nerr 2\nerr 3'
    [[ $(docker logs --tail 1 --timestamps talker 2>&1) == 20*Z\ *3 ]]
}

@test "a log that ends without a line feed, and one with binary bytes, are whole" {
    start_case --name bytes busybox sh -c 'printf "a\000b\377c"; printf end' >"$BATS_TEST_TMPDIR/out"
    printf 'a\000b\377cend' | cmp - "$BATS_TEST_TMPDIR/out"
}

@test "cp goes both ways, for files and directories, into the root and into a volume, and keeps modes and owners" {
    mkdir -p "$BATS_TEST_TMPDIR/tree/below"
    echo content >"$BATS_TEST_TMPDIR/tree/below/file"
    chmod 0640 "$BATS_TEST_TMPDIR/tree/below/file"
    docker cp "$BATS_TEST_TMPDIR/tree" main:/tmp/tree
    expect_equal "$(docker exec main cat /tmp/tree/below/file)" content
    expect_equal "$(docker exec main stat -c %a /tmp/tree/below/file)" 640
    docker cp "$BATS_TEST_TMPDIR/tree/below/file" main:/data/file
    expect_equal "$(docker exec main cat /data/file)" content
    docker exec main sh -c 'echo from the guest >/data/guest; echo root >/tmp/guest; ln -s guest /tmp/link'
    docker cp main:/data/guest "$BATS_TEST_TMPDIR/guest"
    expect_equal "$(cat "$BATS_TEST_TMPDIR/guest")" "from the guest"
    expect_equal "$(docker cp main:/tmp/guest - | tar -xO)" root
    docker cp --follow-link main:/tmp/link "$BATS_TEST_TMPDIR/followed"
    expect_equal "$(cat "$BATS_TEST_TMPDIR/followed")" root
    run_docker cp main:/none "$BATS_TEST_TMPDIR/none"
    expect_status 1
}

@test "cp reaches a container that has not started and one that has ended, its root and its volumes" {
    local place
    docker create --runtime "$KATA_NAME" --network none --label case --name still --volume data:/data busybox \
        sh -c 'cat /tmp/brought /data/brought; echo left >/tmp/left; echo left >/data/left'
    echo brought >"$BATS_TEST_TMPDIR/brought"
    docker cp "$BATS_TEST_TMPDIR/brought" still:/tmp/brought
    docker cp "$BATS_TEST_TMPDIR/brought" still:/data/brought
    cmp "$BATS_TEST_TMPDIR/brought" "$ENGINE/docker/volumes/data/_data/brought"
    run_docker start --attach still
    expect_output $'brought\nbrought'
    for place in /tmp /data; do
        docker cp "still:$place/left" "$BATS_TEST_TMPDIR/left"
        expect_equal "$(cat "$BATS_TEST_TMPDIR/left")" left
        rm "$BATS_TEST_TMPDIR/left"
        docker cp "$BATS_TEST_TMPDIR/brought" "still:$place/after"
        docker cp "still:$place/after" "$BATS_TEST_TMPDIR/back"
        cmp "$BATS_TEST_TMPDIR/brought" "$BATS_TEST_TMPDIR/back"
    done
    expect_equal "$(cat "$ENGINE/docker/volumes/data/_data/after")" brought
}

@test "what is written on the host into a file the guest has open is seen, and the other way round" {
    docker exec main sh -c 'echo first >/data/stream; touch /data/seen'
    docker exec --detach main sh -c 'tail -f /data/stream >/data/seen'
    wait_until 60 grep -q first "$ENGINE/docker/volumes/data/_data/seen"
    echo second >>"$ENGINE/docker/volumes/data/_data/stream"
    wait_until 60 grep -q second "$ENGINE/docker/volumes/data/_data/seen"
}

@test "10 exec at once give each its own output and code" {
    local index pids=()
    for index in 1 2 3 4 5 6 7 8 9 10; do
        "$DOCKER" exec main sh -c "echo number $index; exit $index" </dev/null >"$BATS_TEST_TMPDIR/$index" 2>&1 3>&- &
        pids[index]=$!
    done
    for index in 1 2 3 4 5 6 7 8 9 10; do
        expect_end "${pids[index]}" "$index"
        expect_equal "$(cat "$BATS_TEST_TMPDIR/$index")" "number $index"
    done
}
