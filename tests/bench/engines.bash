# shellcheck shell=bash
# (g) docker and podman: the same command with kata-runtime and with runc on the same engine; (h) the network and
# (i) files, of containers of docker with each runtime. The engines are those of the tests (tests/bats/engines.bash).

ENGINE_ROUNDS=${ENGINE_ROUNDS:-3}
FILE_MIB=128
# podman asks for limits that runc may not set on every machine (without CAP_SYS_RESOURCE): these all have.
LIMITS=(--ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --ulimit core=0:0)

# The tests' helpers outside bats: what bats would set.
load_engines() {
    export BATS_FILE_TMPDIR=$WORK/engine BATS_TEST_TMPDIR=$WORK/engine BATS_TEST_DIRNAME=$PWD/tests/bats KATA_RUNTIME=$KATA
    mkdir -p "$WORK/engine"
    KATA_IMAGE=$WORK/engine/image
    bats_require_minimum_version() { :; }
    # shellcheck source=../bats/helpers.bash
    . tests/bats/helpers.bash
    # shellcheck source=../bats/engines.bash
    . tests/bats/engines.bash
}

make_engine_image() {
    local tree
    tree=$(image)
    with_libraries "$tree" "$(command -v fio)" "$(command -v iperf3)"
    mkdir -p "$tree/tmp" "$tree/work"
}

start_engines() {
    load_engines
    progress "engines"
    make_engine_image
    {
        # shellcheck disable=SC2119  # this script has no flags for dockerd
        start_dockerd
        start_podman
        import_busybox docker
        import_busybox podman
    } >"$WORK/out" 2>"$WORK/err" || failed "starting docker and podman"
    unset DOCKER_CONFIG # podman would read it, too
}

# clear_engine of stop_podman takes the directory, so it comes last.
stop_engines() {
    [[ -n ${ENGINE:-} ]] || return 0
    { docker ps --all --quiet 2>/dev/null || true; } |
        while read -r id; do docker rm --force "$id" >/dev/null 2>&1 || true; done
    stop_dockerd >/dev/null 2>&1 || true
    stop_podman >/dev/null 2>&1 || true
    ENGINE=
}

# timed_engine FIGURE COMMAND...
timed_engine() {
    local figure=$1
    shift
    timed "$@"
    sample_ms "$figure" "$WALL"
}

measure_engine_commands() {
    local runtime round
    for ((round = 1; round <= ENGINE_ROUNDS; round++)); do
        for runtime in runc kata-runtime; do
            progress "round $round: docker with $runtime"
            timed_engine "docker run true/$runtime" docker run --rm --network none --runtime "$runtime" busybox true
        done
        for runtime in runc kata-runtime; do
            progress "round $round: podman with $runtime"
            PODMAN_RUNTIME=/usr/bin/$runtime timed_engine "podman run true/$runtime" \
                podman run --rm --network none "${LIMITS[@]}" busybox true
        done
    done
}

# What the engine itself takes is what it takes with runc, less what runc takes; the VM's part is that of a create
# without an engine: starting it, and the guest's boot.
engine_split() {
    local name=$1 whole alone own engine vm
    whole=$(median_of "$name run true/runc")
    alone=$(median_of "run true/runc")
    own=$(median_of "$name run true/kata-runtime")
    [[ -n $alone ]] || return 0 # nothing was measured without an engine
    vm=$(calculate "$(median_of "create: libvirt") + $(median_of "create: guest")")
    engine=$(calculate "$whole - $alone")
    sample "$name: engine" ms "$engine"
    sample "$name: VM" ms "$vm"
    sample "$name: runtime" ms "$(calculate "$own - $engine - $vm")"
    row "under an engine" "  of it the engine" "$name: engine"
    row "under an engine" "  of it the VM's start and boot" "$name: VM"
    row "under an engine" "  of it the runtime" "$name: runtime"
}

calculate() {
    awk "BEGIN { printf \"%.3f\", $1 }"
}

median_of() {
    awk -F'\t' -v figure="$1" '$1 == figure { print $3 }' "$WORK/samples" | sort -n |
        awk '{ value[NR] = $1 } END { if (NR) print value[int((NR + 1) / 2)] }'
}

# A container of each runtime that stays, for exec, the network and files. IPERF_PORT listens on the bridge.
start_long_containers() {
    local runtime
    for runtime in runc kata-runtime; do
        timed docker run --detach --runtime "$runtime" --name "bench-$runtime" --tmpfs /memory busybox sleep 100000
    done
}

measure_engine_exec() {
    local runtime round
    for ((round = 1; round <= ENGINE_ROUNDS; round++)); do
        for runtime in runc kata-runtime; do
            progress "round $round: docker exec with $runtime"
            timed_engine "docker exec true/$runtime" docker exec "bench-$runtime" true
        done
    done
}

engine_rows() {
    local engine
    for engine in docker podman; do
        row "under an engine" "$engine run --rm busybox true" "$engine run true/kata-runtime" runc "$engine run true/runc"
        engine_split "$engine"
    done
    row "under an engine" "docker exec true" "docker exec true/kata-runtime" runc "docker exec true/runc"
}

# --- the network ---------------------------------------------------------------------------------------

measure_network() {
    local runtime address
    for runtime in runc kata-runtime; do
        progress "network with $runtime"
        address=$(docker inspect --format '{{.NetworkSettings.IPAddress}}' "bench-$runtime")
        timed docker exec --detach "bench-$runtime" iperf3 --server --one-off
        sleep 2
        sample_throughput "network in/$runtime" "$address"
        timed docker exec --detach "bench-$runtime" iperf3 --server --one-off
        sleep 2
        sample_throughput "network out/$runtime" "$address" --reverse
        ping -q -c 30 -i 0.05 "$address" >"$WORK/ping" || failed ping "$address"
        sample "ping/$runtime" ms "$(sed -nE 's|^rtt [^=]*= [^/]*/([^/]*)/.*|\1|p' "$WORK/ping")"
    done
    row network "from the host into the container" "network in/kata-runtime" runc "network in/runc"
    row network "from the container to the host" "network out/kata-runtime" runc "network out/runc"
    row network "ping, mean" "ping/kata-runtime" runc "ping/runc"
}

sample_throughput() {
    local figure=$1 address=$2
    shift 2
    timed iperf3 --client "$address" --time 5 --json "$@"
    sample "$figure" Mbit/s "$(jq '.end.sum_received.bits_per_second / 1e6 | round' "$WORK/out")"
}

# --- files ---------------------------------------------------------------------------------------------

# fio_in RUNTIME FIGURE UNIT FILTER FIO_ARGUMENT...: one job on the container's root file system.
fio_in() {
    local runtime=$1 figure=$2 unit=$3 filter=$4
    shift 4
    timed docker exec --workdir /work "bench-$runtime" fio --name=bench --output-format=json "$@"
    sample "$figure/$runtime" "$unit" "$(sed -n '/^{/,$p' "$WORK/out" | jq ".jobs[0] | $filter")"
}

measure_files() {
    local runtime size=--size=${FILE_MIB}M kind
    for runtime in runc kata-runtime; do
        progress "files with $runtime"
        fio_in "$runtime" "write, 1 MiB each" MiB/s '.write.bw / 1024 | round' --rw=write --bs=1M "$size" --end_fsync=1 --filename=data
        fio_in "$runtime" "read, 1 MiB each" MiB/s '.read.bw / 1024 | round' --rw=read --bs=1M "$size" --filename=data
        fio_in "$runtime" "random read, 4 KiB each" IO/s '.read.iops | round' --rw=randread --bs=4k "$size" --filename=data --runtime=5 --time_based
        fio_in "$runtime" "random write, 4 KiB each" IO/s '.write.iops | round' --rw=randwrite --bs=4k "$size" --filename=data --runtime=5 --time_based
        for kind in filecreate filestat filedelete; do
            fio_in "$runtime" "$kind" IO/s '[.read.iops, .write.iops] | max | round' --ioengine="$kind" --filesize=4k --nrfiles=1000 --openfiles=1 --fallocate=none
        done
    done
    for kind in "write, 1 MiB each" "read, 1 MiB each" "random read, 4 KiB each" "random write, 4 KiB each" filecreate filestat filedelete; do
        row "files of the root, virtio-fs" "$kind" "$kind/kata-runtime" runc "$kind/runc"
    done
}

measure_engines() {
    start_engines
    measure_engine_commands
    start_long_containers
    measure_engine_exec
    engine_rows
    measure_network
    measure_files
    stop_engines
}
