#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# What docker does with containers beyond running them, with this runtime as its default: restart policies,
# health, images, build, compose, top, stats, events, volumes, devices.

load helpers
load engines
load docker-more

setup_file() {
    kata_setup_file
    engine_setup
    jq --arg name "$KATA_NAME" '.["default-runtime"] = $name' "$ENGINE_FILES/docker-daemon.json" >"$ENGINE/daemon.json"
    export DOCKERD_CONFIG="$ENGINE/daemon.json"
    start_dockerd
    import_busybox docker
    docker run --detach --interactive --tty --network none --name main --memory 300m --memory-reservation 200m --memory-swap 400m \
        --pids-limit 100 --volume data:/data busybox sleep 100000
}

teardown_file() {
    stop_dockerd
    kata_teardown_file
}

teardown() {
    local id
    [[ -z ${LOOP:-} ]] || losetup --detach "$LOOP" || true
    [[ -z ${STRANGER:-} ]] || kill "$STRANGER" || true
    for id in $(docker ps --all --quiet --filter label=case); do
        docker rm --force --volumes "$id" >/dev/null
    done
}

@test "run -dit is Up, with a terminal and a standard input" {
    [[ $(docker ps --filter name=main --format '{{.Status}}') == "Up "* ]]
    expect_equal "$(state_of main '{{.Config.Tty}} {{.Config.OpenStdin}} {{.State.Running}}')" "true true true"
    expect_equal "$(docker exec main readlink /proc/1/fd/0)" /dev/pts/0
}

@test "restart policies: on-failure counts to its limit, unless-stopped comes back after a kill, and not after a stop" {
    local name
    start_both failing --restart on-failure:1 busybox sh -c 'echo began; exit 6'
    for name in failing failing-runc; do
        expect_state "$name" '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}' 'exited 1 6'
        expect_equal "$(docker logs "$name" | grep -c began)" 2
    done
    start_case --detach --restart unless-stopped --name back busybox sh -c 'echo began; while :; do sleep 0.2; done'
    wait_until 60 logged back began
    kill -KILL "$(state_of back '{{.State.Pid}}')"
    wait_until 60 logged_times back began 2
    expect_state back '{{.State.Running}} {{.RestartCount}}' 'true 1'
    docker stop --time 0 back
    expect_state back '{{.State.Status}}' exited
    # What docker would start again it does within 100 ms, or twice that after each time.
    sleep 1
    expect_equal "$(state_of back '{{.State.Status}} {{.RestartCount}}')" "exited 1"
    expect_equal "$(docker logs back | grep -c began)" 2
}

@test "health checks turn healthy, unhealthy, and unhealthy with why when one takes too long, as under runc" {
    local name
    start_both health --health-interval 1s --health-retries 1 --health-timeout 4s \
        --health-cmd 'test -e /tmp/well || exit 3; test ! -e /tmp/slow || exec sleep 777; echo fine' \
        busybox sh -c 'touch /tmp/well; sleep 1000'
    for name in health health-runc; do
        expect_state "$name" '{{.State.Health.Status}}' healthy
        expect_equal "$(last_check "$name")" "0 fine"
        docker exec "$name" rm /tmp/well
    done
    for name in health health-runc; do
        expect_state "$name" '{{.State.Health.Status}}' unhealthy
        expect_equal "$(last_check "$name")" "3 "
        docker exec "$name" touch /tmp/well /tmp/slow
    done
    for name in health health-runc; do
        wait_until 60 last_check_has "$name" "-1 Health check exceeded timeout (4s)"
        docker exec "$name" rm /tmp/slow
        wait_until 60 no_process "$name" "sleep 777"
    done
}

@test "pause stops the guest's processes, exec then is refused, unpause goes on, rm --force removes a paused one" {
    start_case --detach --name rest --volume data:/data busybox sh -c 'while :; do echo >>/data/beats; sleep 0.1; done'
    wait_until 60 test -s "$ENGINE/docker/volumes/data/_data/beats"
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

@test "diff, commit and export have what the guest changed, and not what is in its volumes" {
    start_both changed --volume data:/data busybox sh -c \
        'echo new >/srv/new; echo more >>/etc/passwd; rm /srv/plain; echo no >/data/volume; mkdir /var/made'
    expect_equal "$(docker wait changed changed-runc)" $'0\n0'
    expect_equal "$(docker diff changed | grep -vE '^. /(data|etc/mtab)$' | LC_ALL=C sort)" \
        $'A /srv/new\nA /var/made\nC /etc\nC /etc/passwd\nC /srv\nC /var\nD /srv/plain'
    expect_equal "$(docker diff changed | LC_ALL=C sort)" "$(docker diff changed-runc | LC_ALL=C sort)"
    docker commit --change 'CMD ["cat", "/srv/new"]' --message words changed changed:1 >/dev/null
    expect_equal "$(start_case --rm --runtime runc changed:1)" new # what is in an image is so for every runtime
    run docker export --output "$BATS_TEST_TMPDIR/export.tar" changed
    expect_equal "$(tar -xOf "$BATS_TEST_TMPDIR/export.tar" srv/new)" new
    ! tar -tf "$BATS_TEST_TMPDIR/export.tar" | grep -q volume || return 1
    docker save changed:1 | docker load >/dev/null
    docker exec main sh -c 'echo live >/srv/live'
    docker commit main changed:2 >/dev/null
    expect_equal "$(start_case --rm --runtime runc changed:2 cat /srv/live)" live
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
    run_docker run --rm --runtime runc --network none built
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

@test "stats counts more than 80 % of QEMU's memory where the container's limit is, and the processes of this host" {
    local counted own
    run_docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' main
    own=$(qemu_memory "$(state_of main '{{.Id}}')")
    expect_status 0
    [[ $output =~ ^main\ ([0-9.]+[KMG]i)B\ /\ [^\ ]+\ ([0-9]+)$ ]]
    counted=$(numfmt --from=iec-i "${BASH_REMATCH[1]}")
    echo "counted $counted of $own"
    ((own > 100 << 20 && counted * 100 > own * 80))
    ((BASH_REMATCH[2] > 3)) # the shim, QEMU and its virtiofsd
}

@test "soft and swap limits are the guest's" {
    expect_equal "$(guest_file main memory.max)" $((300 << 20))
    expect_equal "$(guest_file main memory.low)" $((200 << 20))
    # On hosts without an account of swap docker leaves this limit out.
    expect_equal "$(guest_file main memory.swap.max)" "$([[ $(state_of main '{{.HostConfig.MemorySwap}}') == -1 ]] && echo max || echo $((100 << 20)))"
}

@test "update changes memory, processors, weight, CPU list, processes and restart policy of a running container" {
    local before processors
    before=$(memory_of main)
    processors=$(docker exec main nproc)
    # A page is the smallest step of a limit, a block of 128 MiB that of a VM's memory.
    docker update --memory $(((400 << 20) + 1)) --memory-swap $((500 << 20)) --cpu-shares 738 --pids-limit 50 main
    expect_equal "$(guest_file main memory.max)" $((400 << 20))
    expect_equal "$(guest_file main pids.max)" 50
    expect_equal "$(guest_file main cpu.weight)" 29
    expect_equal "$(host_file main cpu cpu.shares cpu.weight)" "$([[ -e /sys/fs/cgroup/cpu/cpu.shares ]] && echo 738 || echo 29)"
    expect_equal "$(($(memory_of main) - before))" 128
    docker update --cpu-period 100000 --cpu-quota 50000 main
    expect_equal "$(guest_file main cpu.max)" "50000 100000"
    expect_equal "$(docker exec main nproc)" $((processors < $(nproc) ? processors + 1 : processors))
    expect_equal "$(guest_file main memory.max)" $((400 << 20))
    docker update --cpu-quota -1 main
    expect_equal "$(guest_file main cpu.max)" "max 100000"
    wait_until 60 has_processors main "$processors"
    docker update --cpuset-cpus 0 main
    expect_equal "$(host_file main cpuset cpuset.cpus)" 0
    docker update --restart no main
}

@test "a container over its memory ends with 137 and OOMKilled, and can be removed while a stranger is in its cgroup, which --cgroup-parent places" {
    local id directories
    start_case --detach --name hungry --memory 64m --memory-swap 64m --cgroup-parent "$ENGINE_CGROUP/parent" --volume data:/data \
        busybox sh -c 'until test -e /data/go; do sleep 0.1; done; a=0123456789abcdef; while :; do a=$a$a$a$a; done'
    id=$(state_of hungry '{{.Id}}')
    grep -qE "^([0-9]+:([^:]*,)?memory(,[^:]*)?|0:):$ENGINE_CGROUP/parent/$id\$" "/proc/$(state_of hungry '{{.State.Pid}}')/cgroup"
    directories=$(find /sys/fs/cgroup -path "*$ENGINE_CGROUP/parent/$id")
    enter_cgroups "$directories"
    touch "$ENGINE/docker/volumes/data/_data/go"
    expect_equal "$(docker wait hungry)" 137
    expect_equal "$(state_of hungry '{{.State.OOMKilled}}')" true
    docker rm hungry
    run_docker inspect hungry
    expect_status 1
    [[ -z $(domain_of "$id") ]]
    kill "$STRANGER" # it lives
    wait "$STRANGER" || true
    STRANGER=
    xargs rmdir <<<"$directories"
    remove_cgroups "$ENGINE_CGROUP/parent"
}

@test "events tells create, start, exec, kill, die and destroy with the exit code, as under runc" {
    local began id name
    began=$(date +%s.%N)
    start_both told busybox sh -c 'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done'
    for name in told told-runc; do
        wait_until 60 logged "$name" up
        docker exec "$name" true
        id=$(state_of "$name" '{{.Id}}')
        docker stop "$name"
        docker rm "$name"
        run_docker events --since "$began" --until "$(date +%s.%N)" --filter container="$id" \
            --format '{{.Action}} {{.Actor.Attributes.exitCode}}'
        expect_equal "$(sed 's/ *<no value>//; s/: .*//; s/ *$//' <<<"$output" | tr '\n' ',')" \
            "create,start,exec_create,exec_start,exec_die 0,kill,die 9,stop,destroy,"
    done
}

@test "volumes are shared by two containers, read-only ones cannot be written, files and directories are bound" {
    echo host >"$ENGINE/file"
    start_second
    docker exec main sh -c 'echo shared >/data/shared'
    expect_equal "$(docker exec second cat /other/shared)" shared
    run_docker exec second sh -c 'echo no >/other/shared'
    expect_error "Read-only file system"
    run_docker exec second sh -c 'echo no >/engine/file'
    expect_error "Read-only file system"
    docker exec second sh -c 'echo guest >/srv/file'
    expect_equal "$(cat "$ENGINE/file")" guest
    echo again >"$ENGINE/file"
    wait_until 60 has_content second /srv/file again # the guest may believe for a second what it knows
}

# start_second: a second container with binds of all kinds, unless it runs; the last case that has it removes it.
start_second() {
    local directory
    [[ -z $(docker ps --quiet --filter name=second) ]] || return 0
    for directory in nested gone followed followed/early followed/late; do
        mkdir -p "$ENGINE/$directory"
    done
    touch "$ENGINE/gone/file"
    mount --bind "$ENGINE/followed" "$ENGINE/followed"
    mount --make-shared "$ENGINE/followed"
    mount -t tmpfs early "$ENGINE/followed/early"
    echo early >"$ENGINE/followed/early/file"
    docker run --detach --network none --name second --volume data:/other:ro --volume "$ENGINE/file:/srv/file" --mount \
        "type=bind,source=$ENGINE,target=/engine,readonly" --volume "$ENGINE/nested:/engine/nested" \
        --volume "$ENGINE/followed:/followed:rslave" --volume "$ENGINE/gone:/gone" busybox sleep 1000
}

@test "a bind below a read-only one can be written, and mounts that come and go below one with :rslave are followed" {
    start_second
    docker exec second sh -c 'echo below >/engine/nested/file'
    expect_equal "$(cat "$ENGINE/nested/file")" below
    run_docker exec second sh -c 'echo no >/engine/above'
    expect_error "Read-only file system"
    expect_equal "$(docker exec second cat /followed/early/file)" early
    mount -t tmpfs late "$ENGINE/followed/late"
    echo late >"$ENGINE/followed/late/file"
    wait_until 60 has_content second /followed/late/file late
    umount --lazy "$ENGINE/followed/late" # the guest may still know files of it
    wait_until 60 docker exec second test ! -e /followed/late/file
}

@test "a bind whose source is removed meanwhile: the container goes on until it is ended, and everything goes away" {
    start_second
    rm -rf "$ENGINE/gone"
    expect_equal "$(docker exec second echo here)" here
    docker stop --time 0 second
    docker rm second
    umount "$ENGINE/followed/early" "$ENGINE/followed"
}

@test "a seccomp profile of the user's own is applied in the guest" {
    printf '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}' \
        >"$ENGINE/seccomp.json"
    run_docker run --rm --network none --security-opt "seccomp=$ENGINE/seccomp.json" busybox sh -c 'mkdir /made; grep Seccomp: /proc/self/status'
    expect_error "Operation not permitted"
    expect_output $'Seccomp:\t2'
}

@test "a block device given with --device is one of the guest, which can mount it and write to it; a file can be bound below /dev" {
    truncate -s 16M "$ENGINE/disk"
    mkfs.ext4 -q "$ENGINE/disk"
    echo host >"$ENGINE/file"
    LOOP=$(losetup --find --show "$ENGINE/disk")
    run_docker run --rm --network none --cap-add SYS_ADMIN --device "$LOOP:/dev/given" --volume "$ENGINE/file:/dev/file" busybox sh -c \
        'test -b /dev/given && blockdev --getsize64 /dev/given; cat /dev/file && echo guest >/dev/file
         mkdir /disk && mount -t ext4 /dev/given /disk && echo written >/disk/file && umount /disk'
    expect_status 0
    expect_output $((16 << 20))$'\nhost'
    expect_equal "$(debugfs -R 'cat /file' "$ENGINE/disk" 2>/dev/null)" written
    expect_equal "$(cat "$ENGINE/file")" guest
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
    wait_until 60 composed two
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
