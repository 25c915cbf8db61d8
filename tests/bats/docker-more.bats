#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# What docker does with containers beyond running them, with this runtime as its default: restart policies,
# health, images, build, compose, top, stats, events, volumes, devices.

load helpers
load engines

setup_file() {
    kata_setup_file
    engine_setup
    jq --arg name "$KATA_NAME" '.["default-runtime"] = $name' "$ENGINE_FILES/docker-daemon.json" >"$ENGINE/daemon.json"
    export DOCKERD_CONFIG="$ENGINE/daemon.json"
    start_dockerd
    import_busybox docker
    docker run --detach --network none --name main --memory 300m --pids-limit 100 --volume data:/data busybox sleep 100000
}

teardown_file() {
    stop_dockerd
    kata_teardown_file
}

teardown() {
    local id
    [[ -z ${LOOP:-} ]] || losetup --detach "$LOOP" || true
    for id in $(docker ps --all --quiet --filter label=case); do
        docker rm --force --volumes "$id" >/dev/null
    done
}

start_case() {
    docker run --network none --label case "$@"
}

state_of() {
    docker inspect --format "$2" "$1"
}

state_is() {
    [[ $(state_of "$1" "$2") == "$3" ]]
}

# expect_state CONTAINER FORMAT VALUE: it becomes that.
expect_state() {
    wait_until 90 state_is "$@" || {
        state_of "$1" "$2"
        return 1
    }
}

@test "restart policies: on-failure counts to its limit, always comes back after a kill, unless-stopped stays stopped" {
    start_case --detach --restart on-failure:1 --name failing busybox sh -c 'echo began; exit 6'
    expect_state failing '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}' 'exited 1 6'
    expect_equal "$(docker logs failing | grep -c began)" 2
    start_case --detach --restart always --name always busybox sh -c 'echo began; while :; do sleep 0.2; done'
    wait_until 30 logged always began
    kill -KILL "$(state_of always '{{.State.Pid}}')"
    wait_until 60 logged_times always began 2
    expect_state always '{{.State.Running}} {{.RestartCount}}' 'true 1'
    docker stop --time 0 always
    expect_state always '{{.State.Running}}' false
}

@test "health checks turn healthy, and unhealthy when one takes too long" {
    start_case --detach --name healthy --health-cmd 'test -e /tmp/well' --health-interval 1s --health-retries 2 \
        --health-timeout 30s busybox sh -c 'touch /tmp/well; sleep 1000'
    expect_state healthy '{{.State.Health.Status}}' healthy
    docker exec healthy rm /tmp/well
    expect_state healthy '{{.State.Health.Status}}' unhealthy
    docker rm --force healthy
    start_case --detach --name slow --health-cmd 'sleep 777' --health-interval 1s --health-retries 1 --health-timeout 2s \
        busybox sleep 1000
    expect_state slow '{{.State.Health.Status}}' unhealthy
    [[ $(state_of slow '{{(index .State.Health.Log 0).Output}}') == *"exceeded timeout"* ]]
    wait_until 30 no_process slow "sleep 777"
}

# no_process CONTAINER ARGUMENTS: nothing of that name runs in its guest.
no_process() {
    ! docker exec "$1" ps -o args | grep -qxF "$2"
}

@test "pause stops the guest's processes, exec then is refused, unpause goes on, rm --force removes a paused one" {
    start_case --detach --name rest --volume data:/data busybox sh -c 'while :; do echo >>/data/beats; sleep 0.1; done'
    wait_until 30 test -s "$ENGINE/docker/volumes/data/_data/beats"
    docker pause rest
    expect_equal "$(state_of rest '{{.State.Status}}')" paused
    expect_rest "$ENGINE/docker/volumes/data/_data/beats"
    run_docker exec rest true
    expect_status 1
    docker unpause rest
    expect_equal "$(docker exec rest echo back)" back
    docker pause rest
    docker rm --force rest
    [[ -z $(docker ps --all --quiet --filter name=rest) ]]
}

# expect_rest FILE: it does not grow.
expect_rest() {
    local size
    size=$(stat -c %s "$1")
    sleep 1
    expect_equal "$(stat -c %s "$1")" "$size"
}

@test "diff, commit and export have what the guest changed, and not what is in its volumes" {
    start_case --name changed --volume data:/data busybox sh -c \
        'echo new >/srv/new; echo more >>/etc/passwd; rm /srv/plain; echo no >/data/volume; mkdir /var/made'
    expect_equal "$(docker diff changed | grep -vE '^. /(data|etc/mtab)$' | LC_ALL=C sort)" \
        $'A /srv/new\nA /var/made\nC /etc\nC /etc/passwd\nC /srv\nC /var\nD /srv/plain'
    docker commit --change 'CMD ["cat", "/srv/new"]' --message words changed changed:1 >/dev/null
    expect_equal "$(start_case --rm changed:1)" new
    run docker export --output "$BATS_TEST_TMPDIR/export.tar" changed
    expect_equal "$(tar -xOf "$BATS_TEST_TMPDIR/export.tar" srv/new)" new
    ! tar -tf "$BATS_TEST_TMPDIR/export.tar" | grep -q volume || return 1
    docker save changed:1 | docker load >/dev/null
    docker exec main sh -c 'echo live >/srv/live'
    docker commit main changed:2 >/dev/null
    expect_equal "$(start_case --rm changed:2 cat /srv/live)" live
}

@test "build runs each step in a VM, with arguments, environment, copied files, users and the cache" {
    mkdir "$BATS_TEST_TMPDIR/context"
    echo copied >"$BATS_TEST_TMPDIR/context/file"
    cat >"$BATS_TEST_TMPDIR/context/Dockerfile" <<'DOCKERFILE'
FROM busybox
ARG WHO=nobody
ENV GREETING="hello you"
COPY file /srv/file
RUN uname -r >/srv/kernel && echo "$GREETING $WHO" >/srv/words && chown alice /srv/words
USER alice
WORKDIR /home/alice
RUN id -un >/tmp/user
ENTRYPOINT ["cat"]
CMD ["/srv/kernel", "/srv/words", "/srv/file", "/tmp/user"]
DOCKERFILE
    docker build --network none --build-arg WHO=me --tag built "$BATS_TEST_TMPDIR/context" >"$BATS_TEST_TMPDIR/log"
    run_docker run --rm --network none built
    expect_equal "$output" "$(docker exec main uname -r)"$'\nhello you me\ncopied\nalice'
    run docker build --network none --build-arg WHO=me --tag built "$BATS_TEST_TMPDIR/context"
    expect_equal "$(grep -c 'Using cache' <<<"$output")" 9
    printf 'FROM busybox\nRUN exit 7\n' >"$BATS_TEST_TMPDIR/context/Dockerfile"
    run docker build --network none --force-rm "$BATS_TEST_TMPDIR/context"
    expect_failure "returned a non-zero code: 7"
}

@test "top shows the container's shim, and one for each exec, as processes of this host" {
    local pid
    pid=$(state_of main '{{.State.Pid}}')
    run_docker top main -eo pid,comm
    expect_contains "$pid"
    docker exec --detach main sleep 555
    expect_equal "$(docker top main -eo pid,comm | grep -c kata-shim)" 2
    docker exec main pkill sleep -f 'sleep 555' || docker exec main sh -c 'kill $(pidof sleep | tr " " "\n" | head -n 1)' || true
}

@test "stats counts the VM where the container's limit is, and the processes" {
    local mib
    run_docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' main
    expect_status 0
    mib=$(sed -nE 's/^main ([0-9]+)[.0-9]*MiB .*/\1/p' <<<"$output")
    [[ ${mib:-0} -gt 50 ]] || {
        echo "$output"
        return 1
    }
}

@test "update changes memory, processors, processes and restart policy of a running container" {
    docker update --memory 400m --memory-swap 400m --cpu-shares 738 --pids-limit 50 main
    expect_equal "$(docker exec main cat /sys/fs/cgroup/memory.max)" $((400 << 20))
    expect_equal "$(docker exec main cat /sys/fs/cgroup/pids.max)" 50
    docker update --cpu-period 100000 --cpu-quota 50000 main
    expect_equal "$(docker exec main cat /sys/fs/cgroup/cpu.max)" "50000 100000"
    expect_equal "$(docker exec main cat /sys/fs/cgroup/memory.max)" $((400 << 20))
    docker update --restart no main
}

@test "a container over its memory ends with 137 and OOMKilled" {
    start_case --detach --name hungry --memory 64m --memory-swap 64m busybox sh -c \
        'a=0123456789abcdef; while :; do a=$a$a$a$a; done'
    expect_equal "$(docker wait hungry)" 137
    expect_equal "$(state_of hungry '{{.State.OOMKilled}}')" true
}

@test "events tells create, start, exec, kill, die and destroy with the exit code" {
    local began
    began=$(date +%s.%N)
    start_case --detach --name told busybox sh -c 'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done'
    wait_until 30 logged told up
    docker exec told true
    docker stop told
    docker rm told
    run_docker events --since "$began" --until "$(date +%s.%N)" --filter container=told --format '{{.Action}} {{.Actor.Attributes.exitCode}}'
    expect_equal "$(sed 's/ *<no value>//; s/: .*//; s/ *$//' <<<"$output" | tr '\n' ',')" \
        "create,start,exec_create,exec_start,exec_die 0,kill,die 9,stop,destroy,"
}

@test "volumes are shared by two containers, read-only ones cannot be written, files and directories are bound" {
    echo host >"$ENGINE/file"
    start_case --detach --name second --volume data:/other:ro --volume "$ENGINE/file:/srv/file" --mount \
        "type=bind,source=$ENGINE,target=/engine,readonly" busybox sleep 1000
    docker exec main sh -c 'echo shared >/data/shared'
    expect_equal "$(docker exec second cat /other/shared)" shared
    run_docker exec second sh -c 'echo no >/other/shared'
    expect_error "Read-only file system"
    run_docker exec second sh -c 'echo no >/engine/file'
    expect_error "Read-only file system"
    docker exec second sh -c 'echo guest >/srv/file'
    expect_equal "$(cat "$ENGINE/file")" guest
    echo again >"$ENGINE/file"
    wait_until 10 has_content second /srv/file again # the guest may believe for a second what it knows
}

# has_content CONTAINER FILE LINE
has_content() {
    [[ $(docker exec "$1" cat "$2") == "$3" ]]
}

@test "a bind whose source is removed meanwhile: the container ends, and everything goes away" {
    mkdir "$ENGINE/gone"
    touch "$ENGINE/gone/file"
    start_case --detach --name bound --volume "$ENGINE/gone:/gone" busybox sleep 1000
    rm -rf "$ENGINE/gone"
    expect_equal "$(docker exec bound echo here)" here
    docker stop --time 0 bound
    docker rm bound
}

@test "seccomp profiles, none and one of the user's own, are applied in the guest" {
    printf '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}' \
        >"$ENGINE/seccomp.json"
    run_docker run --rm --network none --security-opt "seccomp=$ENGINE/seccomp.json" busybox sh -c 'mkdir /made; grep Seccomp: /proc/self/status'
    expect_error "Operation not permitted"
    expect_contains 2
    run_docker run --rm --network none --security-opt seccomp=unconfined busybox sh -c 'mkdir /made && grep Seccomp: /proc/self/status'
    expect_output $'Seccomp:\t0'
}

@test "a block device given with --device is one of the guest" {
    truncate -s 16M "$ENGINE/disk"
    LOOP=$(losetup --find --show "$ENGINE/disk")
    run_docker run --rm --network none --device "$LOOP:/dev/given" busybox sh -c \
        'test -b /dev/given && echo marked | dd of=/dev/given conv=fsync 2>/dev/null; blockdev --getsize64 /dev/given'
    expect_status 0
    expect_output $((16 << 20))
    expect_equal "$(head -c 6 "$ENGINE/disk")" marked
}

@test "compose starts, scales nothing it was not told to, runs, logs and removes a project" {
    cat >"$BATS_TEST_TMPDIR/docker-compose.yml" <<'COMPOSE'
version: "2.4"
services:
  one:
    image: busybox
    runtime: kata-runtime
    network_mode: none
    command: sh -c 'echo "one $$WORD"; sleep 1000'
    environment: [WORD=said]
    volumes: ["shared:/shared"]
  two:
    image: busybox
    network_mode: none
    command: sh -c 'until test -e /shared/flag; do sleep 0.1; done; echo two'
    volumes: ["shared:/shared"]
volumes: {shared: {}}
COMPOSE
    compose up --detach
    compose exec -T one sh -c 'uname -r; touch /shared/flag'
    wait_until 30 composed two
    run compose logs --no-color
    expect_contains "one said"
    compose down --volumes
    [[ -z $(docker ps --all --quiet --filter label=com.docker.compose.project=case) ]]
}

compose() {
    (cd "$BATS_TEST_TMPDIR" && timeout --foreground 300 docker-compose --project-name case "$@" </dev/null 2>&1)
}

composed() {
    compose logs --no-color "$1" | grep -q "| $1\$"
}
