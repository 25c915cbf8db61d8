#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Docker's container commands with this runtime: what a container gets, how it lives and ends. What runc does in
# the same engine is the expectation wherever runc can do it here.

load helpers
load engines

setup_file() {
    kata_setup_file
    start_dockerd
    import_busybox docker
}

teardown_file() {
    stop_dockerd
    kata_teardown_file
}

teardown() {
    remove_docker_containers
    end_terminal
}

# expect_same ARGUMENT...: docker run gives the same output, errors and exit code under runc and under this runtime.
expect_same() {
    local expected actual expected_status
    run_docker run --rm --runtime runc "$@"
    expected=$(outcome)
    expected_status=$status
    run_docker run --rm --runtime "$KATA_NAME" "$@"
    expect_status "$expected_status"
    actual=$(outcome)
    diff <(echo "$expected") <(echo "$actual")
}

outcome() {
    printf '%s\n-- errors --\n%s\n' "$output" "$stderr"
}

# code_of RUNTIME ARGUMENT...: the exit code of docker run.
code_of() {
    local code=0 runtime=$1
    shift
    docker run --rm --runtime "$runtime" --network none "$@" </dev/null >/dev/null 2>&1 || code=$?
    echo "$code"
}

expect_same_code() {
    local expected actual
    expected=$(code_of runc "$@")
    actual=$(code_of "$KATA_NAME" "$@")
    [[ $actual == "$expected" ]] || {
        echo "docker run $*: exit code $actual, runc's is $expected"
        return 1
    }
}

@test "docker info lists the runtime of the installed daemon.json, and a container of it is a domain until it is removed" {
    local id
    run_docker info --format '{{json .Runtimes}}'
    expect_contains "\"$KATA_NAME\":{\"path\":\"$KATA_RUNTIME\"}"
    id=$(docker run --detach --runtime "$KATA_NAME" --network none --name seen busybox sleep 1000)
    runs_in_vm "$id"
    [[ $(docker exec seen uname -r) != "$(uname -r)" ]]
    expect_equal "$(docker inspect --format '{{.HostConfig.Runtime}} {{.State.Status}}' seen)" "$KATA_NAME running"
    expect_equal "$(docker inspect --format '{{.State.Pid}}' seen)" "$(cat "$ENGINE"/exec/containerd/daemon/*/moby/"$id"/init.pid)"
    expect_equal "$("$KATA_RUNTIME" --root "$ENGINE/exec/runtime-runc/moby" list --quiet)" "$id"
    docker rm --force seen
    [[ -z $(domain_of "$id") ]]
    run_docker ps --all --quiet
    expect_output ""
}

@test "README's line for docker shows the guest's kernel" {
    local line
    grep -qF "cp -n $ENGINE_FILES/docker-daemon.json /etc/docker/daemon.json" "$SOURCE_ROOT/README.md"
    line=$(sed -nE 's/^sudo (docker run .* uname -r)( .*)?$/\1/p' "$SOURCE_ROOT/README.md")
    expect_equal "$(grep -c . <<<"$line")" 1
    run --separate-stderr bash -c "PATH=${DOCKER%/*}:\$PATH; $line" </dev/null
    expect_status 0
    [[ -n $output && $output != "$(uname -r)" ]]
}

@test "without options a container's settings, its streams and its exit code are those that runc gives, and --rm leaves none" {
    expect_same --network none --hostname plain --ulimit nofile=1000:2000 --ulimit nproc=3000:4000 --ulimit core=0:0 \
        busybox sh -c 'sh /report.sh "$@"; echo err >&2; exit 126' - one "two three"
    expect_status 126
    expect_contains "arguments: one two three"
    expect_equal "$stderr" err
    run_docker ps --all --quiet
    expect_output ""
}

@test "program, user, groups, directory, environment, limits, capabilities, sysctls, mounts and init are those that runc gives" {
    local options=(--network none --user alice --group-add audio --group-add 1234 --workdir /srv --env A=1 --env "B=two words"
        --hostname box --domainname example.org --init --read-only --tmpfs "/scratch:size=1m,mode=1777" --shm-size 32m
        --cap-drop ALL --cap-add NET_BIND_SERVICE --security-opt no-new-privileges --oom-score-adj 300
        --sysctl kernel.shmmax=12345678 --sysctl fs.mqueue.msg_max=77 --sysctl net.ipv4.ip_default_ttl=33
        --sysctl net.ipv4.ip_forward=0 --sysctl net.ipv4.route.min_pmtu=600 --env "REPORT_SYSCTLS=ip_forward route/min_pmtu"
        --entrypoint sh --dns 192.0.2.1 --add-host there:192.0.2.2)
    local limit
    for limit in core=0:10 cpu=100:200 data=9000000000:9000000001 fsize=1000000:2000000 locks=10:20 memlock=16384:32768 \
        msgqueue=100000:200000 nice=0:0 nofile=100:200 nproc=50:60 rss=500000000:600000000 rtprio=0:0 \
        sigpending=70:80 stack=4194304:8388608; do
        options+=(--ulimit "$limit")
    done
    expect_same "${options[@]}" busybox /report.sh
    expect_contains "id: uid=1000(alice) gid=1000(alice) groups=29(audio),50(staff),1000(alice),1234"
    expect_contains "cannot write: /etc/file"
    expect_contains "limit n: 100 200"
    expect_contains "sysctl net/ipv4/ip_default_ttl: 33"
    expect_contains "sysctl net/ipv4/ip_forward: 0"
    expect_contains "sysctl net/ipv4/route/min_pmtu: 600"
}

@test "--user takes names and numbers with and without groups" {
    local user
    docker run --detach --runtime "$KATA_NAME" --network none --name users busybox sleep 1000
    docker run --detach --runtime runc --network none --name peer busybox sleep 1000
    for user in alice 1000 alice:audio 1000:29 4711 4711:4712 root:staff :50; do
        expect_equal "$user $(docker exec --user "$user" users id)" "$user $(docker exec --user "$user" peer id)"
    done
    run_docker exec --user nobodyhere users id
    expect_status 126
}

# capability_mask NAME...: the bits that /proc/self/status shows for them.
capability_mask() {
    local mask=0 name index
    for name in "$@"; do
        for index in "${!CAPABILITIES[@]}"; do
            [[ ${CAPABILITIES[index]} != "$name" ]] || mask=$((mask | 1 << index))
        done
    done
    printf '%016x' "$mask"
}

# In the kernel's order.
CAPABILITIES=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
    NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
    SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
    SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ)

@test "each of 38 capabilities can be added and dropped, and a negative score for OOM given, also where this host may not" {
    local index even=() odd=() add=() drop=()
    for index in "${!CAPABILITIES[@]}"; do
        if ((index % 2)); then odd+=("${CAPABILITIES[index]}"); else even+=("${CAPABILITIES[index]}"); fi
    done
    add=("${odd[@]/#/--cap-add=}")
    drop=("${even[@]/#/--cap-drop=}")
    run_docker run --rm --runtime "$KATA_NAME" --network none --cap-drop ALL "${add[@]}" --oom-score-adj -321 busybox \
        sh -c 'grep -E "Cap(Eff|Prm|Bnd)" /proc/self/status; echo "OOM $(cat /proc/self/oom_score_adj)"'
    expect_equal "$(awk '{ print $2 }' <<<"$output" | sort -u)" "$(printf '%s\n' "$(capability_mask "${odd[@]}")" -321 | sort)"
    run_docker run --rm --runtime "$KATA_NAME" --network none --cap-add ALL "${drop[@]}" busybox grep CapEff /proc/self/status
    # What docker knows beyond those 38 is among ALL, too.
    expect_equal "$(printf '%016x' $((0x${output##*$'\t'} & (1 << 38) - 1)))" "$(capability_mask "${odd[@]}")"
}

# What a program that cannot be started gives inside a container that runs is in docker-io.bats.
@test "exit codes 125, 126 and 127 are runc's, and a failed run leaves nothing" {
    expect_same_code --entrypoint no-such-program busybox
    expect_same_code busybox /srv/plain
    expect_same_code --user nobodyhere busybox true
    expect_same_code --volume /dev/null:/srv busybox true
    run_docker ps --all --quiet
    expect_output ""
}

@test "host pid, ipc and uts namespaces are the guest's, and a privileged container with all devices of the host runs" {
    run_docker run --rm --runtime "$KATA_NAME" --network none --pid host --ipc host --uts host \
        --security-opt seccomp=unconfined busybox sh -c 'tr "\0" " " </proc/1/cmdline; echo; uname -r; grep Seccomp: /proc/self/status'
    expect_status 0
    expect_equal "${lines[2]}" $'Seccomp:\t0'
    expect_equal "${lines[0]% }" /init
    [[ ${lines[1]} != "$(uname -r)" ]]
    run_docker run --rm --runtime "$KATA_NAME" --network none --privileged busybox sh -c \
        'grep CapEff /proc/self/status; mkdir /x && mount -t tmpfs none /x && echo mounted
         echo 55 >/proc/sys/net/ipv4/ip_default_ttl && echo set'
    expect_status 0
    expect_contains mounted
    expect_contains set
}

@test "create, start, stop, start, kill, wait, rename and rm: states and codes are docker's usual ones" {
    local id
    id=$(docker create --runtime "$KATA_NAME" --network none --name life busybox sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done')
    expect_equal "$(docker inspect --format '{{.State.Status}}' life)" created
    [[ -z $(domain_of "$id") ]]
    docker start life
    wait_until 60 logged life up
    docker stop life
    expect_equal "$(docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' life)" "exited 5"
    [[ -z $(domain_of "$id") ]]
    docker start life
    wait_until 60 logged_times life up 2
    docker kill life
    expect_equal "$(docker wait life)" 137
    expect_equal "$(docker inspect --format '{{.State.Status}} {{.State.OOMKilled}}' life)" "exited false"
    docker rename life after
    docker rm after
    run_docker inspect life after
    expect_status 1
    expect_error "No such object"
}

@test "kill sends each of 25 signals and a real-time one, STOP rests it until CONT, and the stop signal of the container's own ends it" {
    local name numbers="HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM STKFLT CONT TSTP TTIN TTOU URG XCPU XFSZ
        VTALRM PROF SYS"
    docker run --detach --runtime "$KATA_NAME" --network none --name signals --stop-signal USR2 busybox sh -c \
        'for name in '"${numbers//$'\n'/ }"' WINCH 37; do trap "echo got $name" $name; done; trap "echo got USR2; exit 42" USR2
         echo ready; while :; do sleep 0.05; done'
    wait_until 60 logged signals ready
    for name in $numbers WINCH 37; do
        [[ $name == USR2 ]] || docker kill --signal "$name" signals >/dev/null
        [[ $name == USR2 ]] || wait_until 60 logged signals "got $name"
    done
    docker kill --signal STOP signals
    wait_until 60 first_process_is T
    docker kill --signal HUP signals
    ! logged_times signals "got HUP" 2 || return 1
    docker kill --signal CONT signals
    wait_until 60 logged_times signals "got CONT" 2
    wait_until 60 logged_times signals "got HUP" 2
    docker stop signals
    expect_equal "$(docker wait signals)" 42
}

# first_process_is STATE: as ps would show it.
first_process_is() {
    [[ $(docker exec signals sed -n 's/^State:[^A-Z]*\([A-Z]\).*/\1/p' /proc/1/status) == "$1" ]]
}

@test "stop of what ignores TERM ends in 137, and kill of a container that was created or has ended says so" {
    docker run --detach --runtime "$KATA_NAME" --network none --name deaf busybox sh -c 'trap "" TERM; echo up; while :; do sleep 1; done'
    wait_until 60 logged deaf up
    docker stop --time 1 deaf
    expect_equal "$(docker wait deaf)" 137
    run_docker kill deaf
    expect_status 1
    expect_error "is not running"
    docker create --runtime "$KATA_NAME" --name never busybox true
    run_docker kill never
    expect_status 1
    expect_error "is not running"
    docker rm never
}
