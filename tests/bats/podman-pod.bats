#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Podman's pods, play kube and networks with this runtime: all containers of a pod are in one VM.

load helpers
load engines

setup_file() {
    kata_setup_file
    start_podman
    import_busybox podman
    podman import --change 'CMD ["/pause"]' - localhost/pause:latest <"$(busybox_tar)" >/dev/null 2>&1
    podman network create --subnet "$(free_subnet).0/24" mine >/dev/null
}

teardown_file() {
    stop_podman
    kata_teardown_file
}

teardown() {
    podman pod rm --all --force --time 0 >/dev/null 2>&1 || true
    podman rm --all --force --time 0 >/dev/null 2>&1 || true
}

RUNC=(--runtime runc)
# Defaults that a machine without CAP_SYS_RESOURCE grants, too.
LIMITS=(--ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --ulimit core=0:0)

# make_pod NAME [OPTION...]: an infra container needs an image, and podman would build one.
make_pod() {
    podman pod create --name "$@" --infra-image localhost/pause >/dev/null
}

id_of() {
    podman inspect --format '{{.Id}}' "$1"
}

infra_of() {
    podman pod inspect --format '{{.InfraContainerID}}' "$1"
}

our_domains() {
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" list --name | grep -cE "^kata-($(podman ps --all --quiet --no-trunc | tr '\n' '|')none)\$"
}

@test "the containers of a pod share one VM, its network and names; each has its own files and processes" {
    make_pod shared --network none --hostname pod
    podman run --detach --pod shared --name one busybox sh -c 'mkdir /www; echo page >/www/index.html; httpd -f -p 127.0.0.1:80 -h /www'
    podman run --detach --pod shared --name two busybox sleep 1000
    expect_equal "$(our_domains)" 1
    runs_in_vm "$(infra_of shared)"
    expect_equal "$(podman exec two cat /proc/sys/kernel/random/boot_id)" "$(podman exec one cat /proc/sys/kernel/random/boot_id)"
    expect_equal "$(podman exec two wget -qO- http://127.0.0.1/)" page
    expect_equal "$(podman exec one hostname) $(podman exec two hostname)" "pod pod"
    ! podman exec two test -e /www || return 1
    ! podman exec two ps -o args | grep -q httpd || return 1

    # Members come and go; the others stay.
    podman rm --force --time 0 one
    expect_equal "$(podman exec two echo there)" there
    podman run --pod shared --rm --name three busybox uname -r
    podman pod stop --time 0 shared
    [[ -z $(domain_of "$(infra_of shared)") ]]
    podman pod start shared
    expect_equal "$(podman exec two echo again)" again
    expect_equal "$(our_domains)" 1
}

@test "a pod that shares its pid namespace: members see and signal each other" {
    make_pod pids --network none --share pid,net,ipc,uts
    podman run --detach --pod pids --name worker busybox sleep 4711
    podman run --detach --pod pids --name watcher busybox sleep 1000
    expect_equal "$(podman exec watcher ps -o args | grep -c '^sleep 4711')" 1
    podman exec watcher sh -c 'kill -9 $(ps -o pid,args | sed -n "s/^ *\([0-9]*\) sleep 4711/\1/p")'
    expect_equal "$(podman wait worker)" 137
}

@test "a pod without an infra container gives each member a VM of its own" {
    podman pod create --name bare --infra=false >/dev/null
    podman run --detach --pod bare --name lone --network none busybox sleep 1000
    podman run --detach --pod bare --name alone --network none busybox sleep 1000
    expect_equal "$(our_domains)" 2
}

@test "pause, unpause, kill, restart and top of a whole pod" {
    make_pod whole --network none
    podman run --detach --pod whole --stop-timeout 1 --name member busybox sh -c 'sleep 100000'
    podman pod pause whole
    expect_equal "$(podman inspect --format '{{.State.Status}}' member)" paused
    podman pod unpause whole
    expect_equal "$(podman exec member echo on)" on
    run_podman pod top whole
    expect_contains kata-shim
    podman pod restart whole >/dev/null
    expect_equal "$(podman exec member echo on)" on
    podman pod kill whole >/dev/null
    expect_equal "$(podman wait member)" 137
}

@test "play kube starts its containers in one VM, and play kube --down takes everything away" {
    cat >"$BATS_TEST_TMPDIR/pod.yaml" <<'YAML'
apiVersion: v1
kind: Pod
metadata:
  name: played
spec:
  containers:
  - name: web
    image: docker.io/library/busybox:latest
    imagePullPolicy: Never
    command: ["sh", "-c", "echo \"$WORD\" >/shared/index.html; httpd -f -p 8080 -h /shared"]
    env: [{name: WORD, value: played}]
    volumeMounts: [{name: shared, mountPath: /shared}]
  - name: client
    image: docker.io/library/busybox:latest
    imagePullPolicy: Never
    command: ["sleep", "1000"]
    volumeMounts: [{name: shared, mountPath: /shared}]
  volumes:
  - name: shared
    emptyDir: {}
YAML
    printf '[engine]\ninfra_image = "localhost/pause:latest"\n' >"$ENGINE/play.conf"
    CONTAINERS_CONF="$ENGINE/play.conf" podman play kube --network mine "$BATS_TEST_TMPDIR/pod.yaml"
    expect_equal "$(our_domains)" 1
    wait_until 60 podman exec played-client wget -qO- http://127.0.0.1:8080/
    expect_equal "$(podman exec played-client cat /shared/index.html)" played
    CONTAINERS_CONF="$ENGINE/play.conf" podman play kube --down "$BATS_TEST_TMPDIR/pod.yaml" || true
    expect_equal "$(podman ps --all --quiet | wc -l)" 0
}

address_of() {
    podman inspect --format '{{.NetworkSettings.Networks.mine.IPAddress}}' "$1"
}

# network_of NAME: its address, its MTU and its routes, without what differs between two containers.
network_of() {
    podman exec "$1" sh -c 'ip -o -4 address show eth0; cat /sys/class/net/eth0/mtu; ip route; grep nameserver /etc/resolv.conf' |
        sed "s/\b$(address_of "$1")\b/ADDRESS/g; s/^[0-9]*: //"
}

@test "podman networks: address and route as runc's, names by aardvark, published ports, joined networks" {
    podman run --detach --name one --network mine --publish 127.0.0.1:18080:80 busybox \
        sh -c 'echo page >/srv/index.html; httpd -f -p 80 -h /srv'
    podman run --detach --name two --network mine busybox sleep 1000
    podman "${RUNC[@]}" run --detach --name peer --network mine "${LIMITS[@]}" busybox sleep 1000
    expect_equal "$(podman exec one ip -o -4 address show eth0 | grep -oE '([0-9]+\.){3}[0-9]+/' )" "$(address_of one)/"
    expect_equal "$(network_of two)" "$(network_of peer)"
    expect_equal "$(podman exec two wget -qO- "http://$(address_of one)/")" page
    expect_equal "$(podman exec two wget -qO- http://one/)" page
    expect_equal "$(podman exec peer wget -qO- http://one/)" page
    run_podman run --rm --network container:one busybox wget -qO- http://127.0.0.1/
    expect_output page
    wait_until 60 busybox wget -qO "$BATS_TEST_TMPDIR/page" http://127.0.0.1:18080/
    expect_equal "$(cat "$BATS_TEST_TMPDIR/page")" page
}
