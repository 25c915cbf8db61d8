# shellcheck shell=bash disable=SC2034,SC2154  # used by the files that load it; set by bats' run
# The real engines for bats files: a dockerd and a podman of the file's own. A file begins with
#   load helpers
#   load engines
#   setup_file() { kata_setup_file; start_dockerd; import_busybox docker; }
#   teardown_file() { stop_dockerd; kata_teardown_file; }
# Everything an engine keeps is in $ENGINE, a directory of the file: data, sockets, pid files. No engine of the
# host is used or disturbed: dockerd gets its own bridge, cgroup parent and containerd, writes no iptables rule, and is
# ended by its pid. Debian's programs are called by their packages' paths, because another one may come first in PATH.

DOCKER=/usr/bin/docker
DOCKERD=/usr/sbin/dockerd
PODMAN=/usr/bin/podman
# What make install puts there, and README tells users to copy.
ENGINE_FILES=${KATA_RUNTIME%/bin/*}/share/kata-runtime/engines
KATA_NAME=kata-runtime

# engine_setup: the directory, short enough for sockets; the names on the host.
engine_setup() {
    ENGINE=$(mktemp -d /tmp/kata-engine.XXXXXX)
    chmod 0755 "$ENGINE"
    ENGINE_BRIDGE=kb${ENGINE##*.}
    ENGINE_CGROUP=/kata-engine-${ENGINE##*.}
    export ENGINE ENGINE_BRIDGE ENGINE_CGROUP
    mkdir "$ENGINE/docker-config"
    echo '{}' >"$ENGINE/docker-config/config.json" # podman looks there, too
    export DOCKER_HOST="unix://$ENGINE/docker.sock" DOCKER_CONFIG="$ENGINE/docker-config"
}

# Each call of an engine has a limit, which is for hangs.
docker() {
    timeout --foreground 300 "$DOCKER" "$@"
}

# --- dockerd ------------------------------------------------------------------------------------------

# A /24 of 10.200-249 that no link of the host has.
free_subnet() {
    local index subnet
    for ((index = RANDOM % 12800; ; index++)); do
        subnet=10.$((200 + index / 256 % 50)).$((index % 256))
        ip -4 -o address | grep -q " $subnet\." || break
    done
    printf '%s\n' "$subnet"
}

make_bridge() {
    ENGINE_SUBNET=$(free_subnet)
    export ENGINE_SUBNET
    ip link add "$ENGINE_BRIDGE" type bridge
    ip address add "$ENGINE_SUBNET.1/24" dev "$ENGINE_BRIDGE"
    ip link set "$ENGINE_BRIDGE" up
}

# overlay2, unless the directory is on a file system on which it does not work.
storage_driver() {
    mkdir -p "$ENGINE"/overlay/{lower,upper,work,merged}
    if mount -t overlay overlay "$ENGINE/overlay/merged" \
        -o "lowerdir=$ENGINE/overlay/lower,upperdir=$ENGINE/overlay/upper,workdir=$ENGINE/overlay/work" 2>/dev/null; then
        umount "$ENGINE/overlay/merged"
        echo overlay2
    else
        echo vfs
    fi
}

# start_dockerd [FLAG...]: returns when it answers.
start_dockerd() {
    [[ -n ${ENGINE:-} ]] || engine_setup
    [[ -d /sys/class/net/$ENGINE_BRIDGE ]] || make_bridge
    [[ -n ${ENGINE_FORWARD:-} ]] || ENGINE_FORWARD=$(</proc/sys/net/ipv4/ip_forward)
    ENGINE_STORAGE=${ENGINE_STORAGE:-$(storage_driver)}
    export ENGINE_FORWARD ENGINE_STORAGE
    launch_dockerd "$@"
    wait_until 60 docker_answers || {
        tail -n 20 "$ENGINE/dockerd.log"
        return 1
    }
}

# It keeps none of our descriptors: bats waits for its own to be closed. What containers leave behind is reaped.
launch_dockerd() {
    local fd
    (
        for fd in /proc/self/fd/*; do # without a redirection, whose own descriptor the loop would close
            fd=${fd##*/}
            [[ $fd -le 2 ]] || eval "exec $fd>&-"
        done
        cd /
        exec setsid tini -s -- "$DOCKERD" --config-file "${DOCKERD_CONFIG:-$ENGINE_FILES/docker-daemon.json}" \
            --data-root "$ENGINE/docker" --exec-root "$ENGINE/exec" --pidfile "$ENGINE/dockerd.pid" --host "$DOCKER_HOST" \
            --bridge "$ENGINE_BRIDGE" --iptables=false --ip-masq=false --storage-driver "$ENGINE_STORAGE" \
            --cgroup-parent "$ENGINE_CGROUP" --exec-opt native.cgroupdriver=cgroupfs "$@"
    ) </dev/null >>"$ENGINE/dockerd.log" 2>&1 &
    disown
}

docker_answers() {
    docker info --format '{{.ID}}' >/dev/null 2>&1
}

dockerd_pid() {
    cat "$ENGINE/dockerd.pid"
}

# descendants PID: the process and all below it, from the leaves.
descendants() {
    local child
    for child in $(pgrep -P "$1"); do
        descendants "$child"
    done
    echo "$1"
}

# stop_dockerd: its containers, it, and all that it leaves on the host.
stop_dockerd() {
    local pid ids tini
    [[ -n ${ENGINE:-} ]] || return 0
    if docker_answers; then
        mapfile -t ids < <(docker ps --all --quiet)
        [[ ${#ids[@]} == 0 ]] || docker rm --force --volumes "${ids[@]}" >/dev/null 2>&1 </dev/null || true
        docker network prune --force >/dev/null 2>&1 </dev/null || true # their bridges would outlive dockerd
    fi
    pid=$(dockerd_pid 2>/dev/null) && [[ -n $pid && -e /proc/$pid ]] && {
        tini=$(ps -o ppid= -p "$pid" | tr -d ' ')
        kill "$pid"
        wait_until 60 is_dead "$pid" || descendants "$tini" | xargs -r kill -KILL
        wait_until 60 is_dead "$tini" || kill -KILL "$tini"
    }
    clear_engine
}

# What engines leave: mounts below their directories, cgroups they made, a bridge, a sysctl.
clear_engine() {
    local mount
    awk -v root="$ENGINE/" 'index($5, root) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
        while read -r mount; do umount --lazy "$mount" || true; done
    remove_cgroups "$ENGINE_CGROUP"
    [[ ! -d /sys/class/net/$ENGINE_BRIDGE ]] || ip link delete "$ENGINE_BRIDGE"
    [[ -z ${ENGINE_FORWARD:-} ]] || echo "$ENGINE_FORWARD" >/proc/sys/net/ipv4/ip_forward
    rm -rf "$ENGINE"
}

# remove_cgroups NAME: an engine keeps its parent; what of ours is still below it stays, for the oracle to find.
remove_cgroups() {
    local directory
    for directory in /sys/fs/cgroup"$1" /sys/fs/cgroup/*"$1"; do
        [[ ! -d $directory ]] || rmdir "$directory" 2>/dev/null || true
    done
}

# --- podman -------------------------------------------------------------------------------------------

# podman with state of the file's own; the runtime is $PODMAN_RUNTIME, by the name that README gives.
podman() {
    timeout --foreground 300 "$ENGINE/podman/podman" "$@"
}

write_podman() {
    mkdir -p "$ENGINE/podman"
    cat >"$ENGINE/podman/podman" <<SCRIPT
#!/bin/sh
exec $PODMAN --root $ENGINE/podman/root --runroot $ENGINE/podman/run --tmpdir $ENGINE/podman/tmp \
    --network-config-dir $ENGINE/podman/networks --cgroup-manager cgroupfs --events-backend file \
    --storage-driver ${PODMAN_STORAGE:-overlay} --runtime "\${PODMAN_RUNTIME:-kata}" "\$@"
SCRIPT
    chmod 0755 "$ENGINE/podman/podman"
}

start_podman() {
    [[ -n ${ENGINE:-} ]] || engine_setup
    [[ $(storage_driver) == overlay2 ]] || PODMAN_STORAGE=vfs
    write_podman
    note_firewall
    ENGINE_NETNS=$(mountpoint --quiet /run/netns && echo mounted || echo plain)
    export ENGINE_NETNS
    [[ -n ${LIBPOD_PARENT:-} ]] || LIBPOD_PARENT=$(find /sys/fs/cgroup -maxdepth 2 -name libpod_parent | head -n 1)
    export LIBPOD_PARENT=${LIBPOD_PARENT:-none}
}

# netavark makes its chains in the host's tables with the first network, and keeps them.
note_firewall() {
    ENGINE_NETAVARK=$(iptables-save 2>/dev/null | grep -c NETAVARK) || true
    export ENGINE_NETAVARK
}

clear_firewall() {
    [[ $ENGINE_NETAVARK == 0 ]] && iptables-save 2>/dev/null | grep -q NETAVARK || return 0
    iptables-save 2>/dev/null | grep -viE 'netavark' | iptables-restore
}

stop_podman() {
    [[ -n ${ENGINE:-} && -d $ENGINE/podman ]] || return 0
    podman pod rm --all --force >/dev/null 2>&1 </dev/null || true
    podman rm --all --force --time 0 >/dev/null 2>&1 </dev/null || true
    clear_firewall
    # podman makes a mount of it with the first network, and keeps it.
    [[ $ENGINE_NETNS == mounted ]] || umount --lazy /run/netns 2>/dev/null || true
    [[ $LIBPOD_PARENT != none ]] || {
        # The parent of a pod that was restarted belongs to nobody; what is below one stays, for the oracle to find.
        rmdir /sys/fs/cgroup/libpod_parent/*/ /sys/fs/cgroup/*/libpod_parent/*/ 2>/dev/null || true
        remove_cgroups /libpod_parent/conmon
        remove_cgroups /libpod_parent
    }
    clear_engine
}

# --- images -------------------------------------------------------------------------------------------

# The busybox image as a tar: users and groups, and report.sh, which prints what a container sees of its settings.
busybox_tar() {
    local tree
    if [[ ! -e $ENGINE/busybox.tar ]]; then
        tree=$(image)
        mkdir -p "$tree"/{home/alice,srv,usr/local/bin}
        printf 'alice:x:1000:1000:Alice:/home/alice:/bin/sh\n' >>"$tree/etc/passwd"
        printf 'alice:x:1000:\nstaff:x:50:alice\naudio:x:29:alice\n' >>"$tree/etc/group"
        touch "$tree/srv/plain"
        cp "$BATS_TEST_DIRNAME/support/report.sh" "$tree/report.sh"
        # For infra containers of pods: it ends when it is told to.
        printf '#!/bin/sh\ntrap "exit 0" TERM\nsleep 100000 &\nwait\n' >"$tree/pause"
        chmod 0755 "$tree/pause"
        tar -C "$tree" -cf "$ENGINE/busybox.tar" .
    fi
    printf '%s\n' "$ENGINE/busybox.tar"
}

# Images have it, and play kube adds none.
IMAGE_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# import_busybox ENGINE: as the image "busybox".
import_busybox() {
    local tar
    tar=$(busybox_tar)
    if [[ $1 == docker ]]; then
        docker import --change 'CMD ["sh"]' - busybox:latest <"$tar" >/dev/null
    else
        podman import --change 'CMD ["sh"]' --change "ENV PATH=$IMAGE_PATH" - docker.io/library/busybox:latest <"$tar" >/dev/null 2>&1
    fi
}

DEBIAN_PACKAGES=systemd-sysv,libcap2-bin,iproute2,iputils-ping,iperf3,stress-ng,redis-server,sqlite3

# debian_tar: a Debian with what needs more than busybox, made once for all files of a run and kept for a day.
debian_tar() {
    local tar
    tar="$SOURCE_ROOT/${BUILD:-build}/tests/debian-$(cksum <<<"$DEBIAN_PACKAGES" | cut -d' ' -f1).tar"
    if [[ -z $(find "$tar" -mmin -1440 2>/dev/null) ]]; then
        mkdir -p "${tar%/*}"
        mmdebstrap --mode=root --format=tar --variant=apt --include="$DEBIAN_PACKAGES" \
            bookworm "$tar.new" >"$tar.log" 2>&1 || {
            tail -n 5 "$tar.log" >&2
            return 1
        }
        mv "$tar.new" "$tar"
    fi
    printf '%s\n' "$tar"
}

import_debian() {
    local tar
    tar=$(debian_tar) || return 1
    if [[ $1 == docker ]]; then
        docker import --change 'CMD ["bash"]' - debian:latest <"$tar" >/dev/null
    else
        podman import --change 'CMD ["bash"]' - docker.io/library/debian:latest <"$tar" >/dev/null 2>&1
    fi
}

# --- what files about engines share -------------------------------------------------------------------

# run_docker ARGUMENT...: under bats' run, with the two streams apart, without standard input.
run_docker() {
    run --separate-stderr docker "$@" </dev/null
}

run_podman() {
    run --separate-stderr podman "$@" </dev/null
}

# expect_error TEXT: what the last run_docker or run_podman said on its error stream.
expect_error() {
    [[ $stderr == *"$1"* ]] || {
        printf 'errors:   %s\ndo not contain: %s\n' "$stderr" "$1"
        return 1
    }
}

# The domain of an engine's container, by its full id.
runs_in_vm() {
    [[ -n $(domain_of "$1") ]]
}

# on_terminal COMMAND...: in the background on a terminal of its own. Its keyboard is descriptor 8, its screen the
# file "screen", its device the link "tty"; the process is TERMINAL.
on_terminal() {
    local script
    mkfifo "$BATS_TEST_TMPDIR/keys"
    script="$BATS_TEST_TMPDIR/command"
    printf '#!/bin/bash\ntty >%q\nstty rows 33 cols 111\n' "$BATS_TEST_TMPDIR/tty" >"$script"
    printf ' %q' "$@" >>"$script"
    printf '\necho "code $?"\n' >>"$script"
    chmod 0755 "$script"
    script --quiet --return --flush --command "$script" "$BATS_TEST_TMPDIR/typescript" \
        <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/screen" 2>&1 3>&- &
    TERMINAL=$!
    exec 8>"$BATS_TEST_TMPDIR/keys"
}

keys() {
    printf '%b' "$1" >&8
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

end_terminal() {
    [[ -n ${TERMINAL:-} ]] || return 0
    exec 8>&-
    kill "$TERMINAL" 2>/dev/null || true
    wait "$TERMINAL" || true
    TERMINAL=
}

remove_docker_containers() {
    local ids
    mapfile -t ids < <(docker ps --all --quiet)
    [[ ${#ids[@]} == 0 ]] || docker rm --force --volumes "${ids[@]}" >/dev/null
}

# logged CONTAINER LINE: the container has written the line. logged_times: that often.
logged() {
    docker logs "$1" 2>&1 | tr -d '\r' | grep -qxF -- "$2"
}

logged_times() {
    [[ $(docker logs "$1" 2>&1 | grep -cxF -- "$2") -ge $3 ]]
}

# What follows asks state_of CONTAINER FORMAT, which each file has for its engine.
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
