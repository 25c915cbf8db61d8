#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Podman's everyday commands with this runtime. What runc does under podman is the expectation; it gets limits of its
# own there, because podman's defaults cannot be set on every machine.

load helpers
load engines

RUNC=(--runtime runc)
# Defaults that a machine without CAP_SYS_RESOURCE grants, too.
LIMITS=(--ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --ulimit core=0:0)

setup_file() {
    kata_setup_file
    start_podman
    import_busybox podman
    podman run --detach --network none --name main --volume data:/data busybox sleep 100000
}

teardown_file() {
    stop_podman
    kata_teardown_file
}

teardown() {
    local id
    end_terminal
    [[ -z ${LOOP:-} ]] || losetup --detach "$LOOP" || true
    for id in $(podman ps --all --quiet --filter label=case); do
        podman rm --force --time 0 "$id" >/dev/null
    done
}

start_case() {
    podman run --network none --label case "$@"
}

# start_peer: the same with runc.
start_peer() {
    podman "${RUNC[@]}" run --network none --label case "${LIMITS[@]}" "$@"
}

state_of() {
    podman inspect --format "$2" "$1"
}

pod_logged() {
    podman logs "$1" 2>&1 | tr -d '\r' | grep -qxF -- "$2"
}

outcome() {
    printf '%s\n-- errors --\n%s\n' "$output" "$stderr"
}

# expect_same ARGUMENT...: podman run gives the same output, errors and exit code under runc and under this runtime.
expect_same() {
    local expected actual expected_status
    run_podman "${RUNC[@]}" run --rm "$@"
    expected=$(outcome)
    expected_status=$status
    run_podman run --rm "$@"
    expect_status "$expected_status"
    actual=$(outcome)
    diff <(echo "$expected") <(echo "$actual")
}

code_of() {
    local code=0
    podman "$@" </dev/null >/dev/null 2>&1 || code=$?
    echo "$code"
}

expect_same_code() {
    expect_equal "$(code_of run --rm --network none "$@")" "$(code_of "${RUNC[@]}" run --rm --network none "${LIMITS[@]}" "$@")"
}

# readme_lines: what README tells users to type, but for sudo.
readme_lines() {
    sed -n 's/^sudo \(podman .* uname -r\).*/\1/p' "$SOURCE_ROOT/README.md"
}

@test "podman finds the runtime as kata by itself, and by each name of the installed drop-in, as README says" {
    local kernel commands
    run_podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}'
    expect_output "kata $KATA_RUNTIME"
    runs_in_vm "$(state_of main '{{.Id}}')"
    kernel=$(podman exec main uname -r)
    [[ $kernel != "$(uname -r)" ]]
    mapfile -t commands < <(readme_lines)
    expect_equal "${#commands[@]}" 2
    PATH="$ENGINE/podman:$PATH" run timeout 300 bash -c "${commands[0]}" </dev/null
    expect_output "$kernel"
    CONTAINERS_CONF="$ENGINE_FILES/podman.conf" PATH="$ENGINE/podman:$PATH" run timeout 300 bash -c "${commands[1]}" </dev/null
    expect_output "$kernel"
    run_podman version
    expect_status 0
}

@test "streams apart and the exit code are those of runc, and --rm leaves no container" {
    expect_same --network none "${LIMITS[@]}" busybox sh -c 'echo out; echo err >&2; exit 17'
    expect_status 17
    expect_equal "$(podman ps --all --quiet | wc -l)" 1
}

@test "user, groups, directory, environment, limits, capabilities, sysctls and mounts are those that runc gives" {
    expect_same --network none --name same "${LIMITS[@]}" --user alice --group-add audio --workdir /srv --env A=1 --hostname box \
        --read-only --tmpfs /scratch:size=1m --shm-size 32m --cap-drop ALL --cap-add NET_BIND_SERVICE \
        --security-opt no-new-privileges --sysctl kernel.shmmax=12345678 busybox sh /report.sh one
    expect_contains "cannot write: /etc/file"
    expect_contains "mount /dev/shm"
}

@test "exit codes 125, 126 and 127 are runc's, and a failed run leaves nothing" {
    expect_same_code busybox no-such-program
    expect_same_code busybox /srv/plain
    expect_same_code --entrypoint /bin/none busybox
    expect_same_code --user nobodyhere busybox true
    expect_same_code --no-such-option busybox true
    expect_equal "$(podman ps --all --quiet | wc -l)" 1
}

@test "create, start, stop, restart, kill, wait, rename and rm" {
    podman create --network none --label case --name life --stop-signal USR1 busybox \
        sh -c 'trap "exit 4" TERM; trap "exit 5" USR1; echo up; while :; do sleep 0.1; done'
    expect_equal "$(state_of life '{{.State.Status}}')" created
    podman init life
    expect_equal "$(state_of life '{{.State.Status}}')" initialized
    podman start life
    wait_until 60 pod_logged life up
    podman stop life
    expect_equal "$(state_of life '{{.State.Status}} {{.State.ExitCode}}')" "exited 5"
    podman restart life
    expect_equal "$(state_of life '{{.State.Status}}')" running
    podman kill life
    expect_equal "$(podman wait life)" 137
    podman rename life after
    podman rm after
    run_podman inspect life
    expect_status 125
    expect_error "no such object"
}

@test "a container that was created and never started is removed with its VM" {
    local id
    id=$(podman create --network none --label case busybox sleep 1000)
    podman init "$id"
    runs_in_vm "$id"
    run_podman rm --force "$id"
    expect_status 0
    expect_equal "$stderr" ""
    [[ -z $(domain_of "$id") ]]
}

# Every signal that a shell can trap and that is not about its own children or terminal.
SIGNALS="HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM STKFLT CONT TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF SYS"

@test "kill sends 25 signals by name, and stop ends what survives TERM with 137" {
    local name
    start_case --detach --name signals busybox sh -c 'for name in '"$SIGNALS"'; do trap "echo got $name" $name; done
         echo ready; while :; do sleep 0.05; done'
    wait_until 60 pod_logged signals ready
    for name in $SIGNALS; do
        podman kill --signal "$name" signals >/dev/null
        wait_until 60 pod_logged signals "got $name"
    done
    podman stop --time 1 signals
    expect_equal "$(podman wait signals)" 137
}

@test "exec passes codes, streams, user, directory and environment on, in the background, too" {
    local code
    for code in 0 1 42 255; do
        expect_equal "$(code_of exec main sh -c "exit $code")" "$code"
    done
    expect_equal "$(code_of exec main no-such-program) $(code_of exec main /srv/plain) $(code_of exec main sh -c 'kill -9 $$')" "127 126 137"
    run_podman exec --user alice --workdir /srv --env A=1 main sh -c 'id -un; pwd; echo "$A"; echo err >&2'
    expect_output $'alice\n/srv\n1'
    expect_equal "$stderr" err
    expect_equal "$(printf 'one\ntwo\n' | podman exec --interactive main wc -l)" 2
    podman exec --detach main sh -c 'echo done >/tmp/detached'
    wait_until 60 podman exec main test -s /tmp/detached
}

@test "run -it is a terminal: size, resize, exit code; detach keys and attach" {
    on_terminal "$ENGINE/podman/podman" run --interactive --tty --network none --label case --name keys busybox
    expect_screen '/ #'
    keys 'stty size; A=17\n'
    expect_screen '^33 111$'
    stty -F "$(cat "$BATS_TEST_TMPDIR/tty")" rows 44 cols 122
    wait_until 60 size_is '^44 122$'
    keys '\020' # in one write, podman takes them for input, under any runtime
    sleep 1
    keys '\021'
    expect_screen 'code 0'
    expect_equal "$(state_of keys '{{.State.Status}}')" running
    end_terminal
    rm -f "$BATS_TEST_TMPDIR"/{keys,screen}
    on_terminal "$ENGINE/podman/podman" attach keys
    sleep 1
    keys '\n'
    expect_screen '/ #'
    keys 'exit $A\n'
    expect_screen 'code [0-9]+' # podman's attach says 0, whatever the container says
    expect_equal "$(podman wait keys)" 17
}

@test "exec -it is a terminal with its size and exit code" {
    on_terminal "$ENGINE/podman/podman" exec --interactive --tty main sh
    expect_screen '/ #'
    keys 'stty size; test -t 0 && exit 17\n'
    expect_screen '^33 111$'
    expect_screen 'code 17'
}

size_is() {
    keys 'stty size\n'
    sleep 0.3
    screen_has "$1"
}

@test "logs, top, stats and inspect answer" {
    start_case --name talker busybox sh -c 'echo out; echo err >&2; exit 3' || true
    expect_equal "$(podman logs talker 2>&1 | sort | tr '\n' ' ')" "err out "
    run_podman top main
    expect_contains PID
    expect_contains kata-shim
    run_podman top main -ef
    expect_contains "sleep 100000"
    run_podman stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' main
    expect_status 0
    expect_contains "main "
    expect_equal "$(state_of main '{{.OCIRuntime}}')" kata
}

@test "cp goes both ways on running and stopped containers and into volumes, and never to the host's files" {
    local before
    before=$(sha256sum /etc/passwd /etc/hostname)
    mkdir -p "$BATS_TEST_TMPDIR/tree/below"
    echo content >"$BATS_TEST_TMPDIR/tree/below/file"
    podman cp "$BATS_TEST_TMPDIR/tree" main:/tmp/tree
    expect_equal "$(podman exec main cat /tmp/tree/below/file)" content
    podman cp "$BATS_TEST_TMPDIR/tree/below/file" main:/etc/passwd
    expect_equal "$(podman exec main cat /etc/passwd)" content
    podman cp "$(image)/etc/passwd" main:/etc/passwd
    podman cp "$BATS_TEST_TMPDIR/tree/below/file" main:/data/file
    expect_equal "$(podman exec main cat /data/file)" content
    podman exec main sh -c 'echo from the guest >/data/guest; ln -s /data/guest /tmp/link'
    podman cp main:/tmp/link "$BATS_TEST_TMPDIR/guest"
    expect_equal "$(cat "$BATS_TEST_TMPDIR/guest")" "from the guest"
    start_case --name ended --volume ended:/kept busybox sh -c 'echo left >/left'
    podman cp ended:/left "$BATS_TEST_TMPDIR/left"
    expect_equal "$(cat "$BATS_TEST_TMPDIR/left")" left
    podman cp "$BATS_TEST_TMPDIR/left" ended:/srv/brought
    podman cp "$BATS_TEST_TMPDIR/left" ended:/kept/brought
    expect_equal "$(cat "$(podman volume inspect --format '{{.Mountpoint}}' ended)/brought")" left
    expect_equal "$(sha256sum /etc/passwd /etc/hostname)" "$before"
}

@test "diff, commit and export have what the guest changed" {
    start_case --name changed busybox sh -c 'echo new >/srv/new; rm /srv/plain'
    start_peer --name peer busybox sh -c 'echo new >/srv/new; rm /srv/plain'
    run_podman diff changed
    expect_contains "A /srv/new"
    expect_contains "D /srv/plain"
    expect_equal "$(sort <<<"$output")" "$(podman diff peer | sort)"
    podman commit --quiet --change 'CMD ["cat", "/srv/new"]' changed changed:1
    expect_equal "$(start_case --rm changed:1)" new
    expect_equal "$(podman export changed | tar -xO srv/new)" new
}

@test "pause and unpause; exec in a paused container is refused" {
    podman pause main
    expect_equal "$(state_of main '{{.State.Status}}')" paused
    run_podman exec main true
    expect_status 255
    expect_error "only create exec sessions on running containers"
    podman unpause main
    expect_equal "$(podman exec main echo back)" back
}

@test "a health check, a device that is given and a seccomp profile of the user's are in the guest; rm --force ends a paused one" {
    local id
    truncate -s 8M "$BATS_TEST_TMPDIR/disk"
    LOOP=$(losetup --find --show "$BATS_TEST_TMPDIR/disk")
    echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}' \
        >"$BATS_TEST_TMPDIR/seccomp.json"
    id=$(start_case --detach --name healthy --health-cmd 'test -e /tmp/well' --health-interval disable \
        --device "$LOOP:/dev/given" --security-opt "seccomp=$BATS_TEST_TMPDIR/seccomp.json" busybox sleep 1000)
    run_podman healthcheck run healthy
    expect_status 1
    podman exec healthy touch /tmp/well
    run_podman healthcheck run healthy
    expect_status 0
    run_podman exec healthy sh -c 'blockdev --getsize64 /dev/given; echo marked | dd of=/dev/given conv=fsync 2>/dev/null'
    expect_output $((8 << 20))
    expect_equal "$(head -c 6 "$BATS_TEST_TMPDIR/disk")" marked
    run_podman exec healthy mkdir /tmp/new
    expect_error "Operation not supported"
    podman pause healthy >/dev/null
    podman rm --force --time 0 healthy
    [[ -z $(domain_of "$id") ]]
}

@test "run -i of a privileged container with the host's namespaces has the VM's, and its own entry point" {
    run --separate-stderr podman run --rm --interactive --network none --privileged --pid host --ipc host --uts host \
        --entrypoint /bin/sh busybox -s one <<'SCRIPT'
echo "$1 $0"
uname -r
cat /proc/1/comm
sed -n 's/^CapEff:[^0-9a-f]*//p' /proc/self/status
mount -t tmpfs tmpfs /srv && mkdir /sys/fs/cgroup/new && echo may
SCRIPT
    expect_status 0
    expect_equal "${lines[0]}" "one /bin/sh"
    expect_equal "${lines[1]}" "$(podman exec main uname -r)"
    expect_equal "${lines[2]}" init # kata-agent, the guest's own
    expect_equal "${lines[3]}" "$(sed -n 's/^CapBnd:[^0-9a-f]*//p' /proc/self/status)"
    expect_equal "${lines[4]}" may
}

@test "restart policies, timeouts and --init work" {
    start_case --detach --restart on-failure:1 --name failing busybox sh -c 'echo began; exit 6'
    start_peer --detach --restart on-failure:1 --name peer busybox sh -c 'echo began; exit 6'
    expect_state failing '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}' 'exited 1 6'
    expect_state peer '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}' 'exited 1 6'
    expect_equal "$(code_of run --rm --network none --timeout 1 busybox sleep 1000)" 255
    run_podman run --rm --network none --init busybox sh -c 'tr "\0" " " </proc/1/cmdline'
    expect_contains "-- sh"
}

@test "update changes the limits of a running container" {
    local cpu
    podman update --memory 400m --cpu-shares 738 main >/dev/null
    # The weight is what crun makes of the shares, and what a kernel with cgroup v2 has on the host.
    expect_equal "$(podman exec main cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.weight | xargs)" "$((400 << 20)) 29"
    cpu=$(host_cgroup "$(state_of main '{{.State.Pid}}')" cpu)
    expect_equal "$(cat "$cpu/cpu.shares" "$cpu/cpu.weight" 2>/dev/null)" "$([[ -e $cpu/cpu.shares ]] && echo 738 || echo 29)"
}

@test "events tells the life of a container" {
    start_case --rm --name told busybox true
    start_peer --rm --name peer-told busybox true
    run_podman events --stream=false --since 5m --filter container=told --format '{{.Status}}'
    expect_contains start
    expect_contains died
    expect_equal "$output" "$(podman events --stream=false --since 5m --filter container=peer-told --format '{{.Status}}')"
}

@test "conmon killed: the container goes on, rm --force ends it, and delete takes away what podman does not ask for then" {
    local id
    id=$(start_case --detach --name orphan busybox sleep 1000)
    kill -KILL "$(state_of orphan '{{.State.ConmonPid}}')"
    runs_in_vm "$id"
    [[ $("$KATA_RUNTIME" state "$id" | jq -r .status) == running ]]
    podman rm --force --time 0 orphan
    wait_until 60 is_stopped "$id"
    "$KATA_RUNTIME" delete "$id"
    [[ -z $(domain_of "$id") ]]
}

is_stopped() {
    [[ $("$KATA_RUNTIME" state "$1" | jq -r .status) == stopped ]]
}

@test "user namespaces that map other ids, and the host's network, are refused with what to do" {
    run_podman run --rm --network host busybox true
    expect_status 126
    expect_error "host networking cannot be given to a container in a VM"
    run_podman run --rm --network none --uidmap 0:200000:5000 busybox true
    expect_status 126
    expect_error "asks for a user namespace"
}
