# shellcheck shell=bash disable=SC2154  # set by engines.bash
# What docker-more.bats looks at: states, health, files of containers, the host's account of them.

start_case() {
    docker run --network none --label case "$@"
}

state_of() {
    docker inspect --format "$2" "$1"
}

# start_both NAME ARGUMENT...: the same container under this runtime and, as NAME-runc, under runc.
start_both() {
    local name=$1
    shift
    start_case --detach --name "$name" "$@"
    start_case --detach --runtime runc --name "$name-runc" "$@"
}

# last_check CONTAINER: exit code and output of its last health check.
last_check() {
    docker inspect "$1" | jq -r '.[0].State.Health.Log[-1] | "\(.ExitCode) \(.Output | rtrimstr("\n"))"'
}

last_check_has() {
    [[ $(last_check "$1") == "$2" ]]
}

# no_process CONTAINER ARGUMENTS: nothing of that name runs in its guest.
no_process() {
    ! docker exec "$1" ps -o args | grep -qxF "$2"
}

# expect_rest FILE: it does not grow.
expect_rest() {
    local size
    size=$(stat -c %s "$1")
    sleep 1
    expect_equal "$(stat -c %s "$1")" "$size"
}

# The memory that is QEMU's own: anonymous and shared pages. Files that it has mapped, its program and its libraries,
# are in memory once for all VMs, and in the account of whoever read them first.
qemu_memory() {
    awk '/^Rss(Anon|Shmem):/ { sum += $2 } END { print sum * 1024 }' "/proc/$(pgrep -f -- "guest=kata-$1,")/status"
}

# host_file CONTAINER CONTROLLER FILE...: the first of the files that there is in its cgroup on the host, of v1 or v2.
host_file() {
    local id name
    id=$(state_of "$1" '{{.Id}}')
    for name in "${@:3}"; do
        cat "/sys/fs/cgroup/$2$ENGINE_CGROUP/$id/$name" 2>/dev/null || cat "/sys/fs/cgroup$ENGINE_CGROUP/$id/$name" 2>/dev/null || continue
        return
    done
}

guest_file() {
    docker exec "$1" cat "/sys/fs/cgroup/$2"
}

memory_of() {
    docker exec "$1" awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo
}

has_processors() {
    [[ $(docker exec "$1" nproc) == "$2" ]]
}

# enter_cgroups DIRECTORIES: with a process that is nobody's, STRANGER.
enter_cgroups() {
    local directory
    sleep 1000 >/dev/null 2>&1 3>&- &
    STRANGER=$!
    for directory in $1; do
        echo "$STRANGER" >"$directory/cgroup.procs"
    done
}

# has_content CONTAINER FILE LINE
has_content() {
    [[ $(docker exec "$1" cat "$2") == "$3" ]]
}
