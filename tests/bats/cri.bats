#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest, and jq's; variables that bats' run sets
# Kubernetes' way in: containerd's CRI plugin, called as the kubelet calls it. One pod with two
# containers, which is one virtual machine.
load helpers
load containerd

setup_file() {
    kata_setup_file
    start_containerd
    export POD_JSON=$CONTAINERD_DIR/pod.json
    # The share of the VM that Kubernetes computes for the pod: one CPU and 512 MiB on top of the default, which is more
    # than its containers' limits together.
    jq -n --arg logs "$CONTAINERD_DIR/logs" '{metadata: {name: "pod", uid: "uid-1", namespace: "default"},
        hostname: "pod-host", log_directory: $logs, dns_config: {servers: ["192.0.2.53"]},
        linux: {cgroup_parent: "/kata-cri-test", sysctls: {"net.ipv4.ip_unprivileged_port_start": "80"},
                security_context: {namespace_options: {pid: "CONTAINER"}},
                resources: {cpu_period: 100000, cpu_quota: 100000, memory_limit_in_bytes: 536870912}}}' >"$POD_JSON"
    POD=$(cri RunPodSandbox "$(jq '{config: ., runtime_handler: "kata-runtime"}' "$POD_JSON")" | jq -r .podSandboxId)
    export POD
    FIRST=$(container_of_pod first sleep 3600)
    SECOND=$(container_of_pod second sh -c 'echo from-second; while :; do sleep 1; done')
    export FIRST SECOND
}

teardown_file() {
    cri StopPodSandbox "{\"pod_sandbox_id\": \"$POD\"}" || true
    cri RemovePodSandbox "{\"pod_sandbox_id\": \"$POD\"}" || true
    remove_pod_cgroups
    stop_containerd
    kata_teardown_file
}

# What the case with volumes leaves behind when it fails.
teardown() {
    [[ -z ${LOOP:-} ]] || losetup --detach "$LOOP" || true
    [[ -z ${VOLUME:-} ]] || kata direct-volume remove "$VOLUME" || true
    kata_teardown
}

# The parent is the kubelet's to make and to remove; here that is this file.
remove_pod_cgroups() {
    find /sys/fs/cgroup -mindepth 1 -depth -type d -path '*/kata-cri-test*' -exec rmdir {} + 2>/dev/null || true
}

# container_of_pod NAME COMMAND...: created and started. Prints its id.
container_of_pod() {
    container_with '{}' "$@"
}

# container_with SETTINGS NAME COMMAND...: the same, with further settings of its configuration.
container_with() {
    local settings=$1 name=$2 id
    shift 2
    id=$(cri CreateContainer "$(jq -n --arg pod "$POD" --arg name "$name" --arg image "$CONTAINERD_IMAGE" \
        --argjson settings "$settings" --slurpfile sandbox "$POD_JSON" '{pod_sandbox_id: $pod, sandbox_config: $sandbox[0], config: ({
            metadata: {name: $name}, image: {image: $image}, command: $ARGS.positional, log_path: ($name + ".log"),
            linux: {resources: {memory_limit_in_bytes: 134217728}, security_context: {namespace_options: {pid: "CONTAINER"}}}} + $settings)}' --args -- "$@")" | jq -r .containerId)
    cri StartContainer "{\"container_id\": \"$id\"}" >/dev/null
    printf '%s\n' "$id"
}

# in_container ID COMMAND...: its output decoded; ends with its exit code.
in_container() {
    local answer id=$1
    shift
    answer=$(cri ExecSync "$(jq -n --arg id "$id" '{container_id: $id, cmd: $ARGS.positional}' --args -- "$@")") || return 99
    jq -r .stdout <<<"$answer" | base64 -d
    jq -r .stderr <<<"$answer" | base64 -d >&2
    return "$(jq -r .exitCode <<<"$answer")"
}

@test "a pod with two containers is one virtual machine" {
    run virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" list --name
    expect_contains "kata-$POD"
    [[ $output != *"$FIRST"* && $output != *"$SECOND"* ]]
}

@test "exec in each container sees its own processes and files" {
    run in_container "$FIRST" sh -c 'echo mine >/tmp/first; ps -o args'
    expect_status 0
    expect_contains "sleep 3600"
    [[ $output != *from-second* ]]
    run in_container "$SECOND" test -e /tmp/first
    expect_status 1
}

@test "exec passes exit codes and error output on" {
    run --separate-stderr in_container "$FIRST" sh -c 'echo oops >&2; exit 42'
    expect_status 42
    expect_equal "$stderr" oops
}

@test "the containers share host name, network and System V objects, as Kubernetes promises" {
    run in_container "$FIRST" hostname
    expect_output pod-host
    run in_container "$SECOND" hostname
    expect_output pod-host
    in_container "$FIRST" sh -c 'echo shared-answer | nc -l -p 8080 >/dev/null &' || true
    run in_container "$SECOND" sh -c 'for i in 1 2 3 4 5 6 7 8 9; do nc -w 2 127.0.0.1 8080 </dev/null && exit; sleep 0.3; done'
    expect_contains shared-answer
}

@test "the pod has the address that containerd gave it, reachable from the host" {
    local address
    address=$(cri PodSandboxStatus "{\"pod_sandbox_id\": \"$POD\"}" | jq -r .status.network.ip)
    run in_container "$SECOND" ip -4 addr show eth0
    expect_contains "$address"
    run ping -c 1 -W 20 "$address"
    expect_status 0
}

@test "resolv.conf names the pod's DNS servers" {
    run in_container "$FIRST" cat /etc/resolv.conf
    expect_contains 192.0.2.53
}

@test "the pod's network sysctls hold in the guest" {
    run in_container "$SECOND" cat /proc/sys/net/ipv4/ip_unprivileged_port_start
    expect_output 80
}

@test "the VM has what Kubernetes counted for the pod" {
    local cpus memory
    cpus=$(in_container "$FIRST" nproc)
    memory=$(in_container "$FIRST" awk '/MemTotal/ { print $2 }' /proc/meminfo)
    ((cpus >= 2))
    # 2048 and 512 MiB, without what the kernel keeps for itself.
    ((memory > 2400 * 1024 && memory <= 2560 * 1024)) || { echo "$memory KiB"; return 1; }
}

@test "logs of a container are where the kubelet reads them" {
    wait_until 60 grep -q "stdout F from-second" "$CONTAINERD_DIR/logs/second.log"
}

@test "statistics of a container are not zero" {
    local stats
    stats=$(cri ContainerStats "{\"container_id\": \"$FIRST\"}")
    jq -e '(.stats.memory.workingSetBytes.value | tonumber) > 0' <<<"$stats"
}

@test "a container's memory limit can be changed while it runs" {
    cri UpdateContainerResources "{\"container_id\": \"$FIRST\", \"linux\": {\"memory_limit_in_bytes\": 201326592}}"
    run in_container "$FIRST" cat /sys/fs/cgroup/memory.max
    expect_output 201326592
}

@test "one container of a pod can be stopped, removed and made anew while the others live" {
    local third
    third=$(container_of_pod third sh -c 'trap "exit 5" TERM; : >/tmp/ready; while :; do sleep 0.1; done')
    wait_until 60 in_container "$third" test -e /tmp/ready # before its trap, the first process ignores TERM
    cri StopContainer "{\"container_id\": \"$third\", \"timeout\": 20}"
    run cri ContainerStatus "{\"container_id\": \"$third\"}"
    expect_equal "$(jq -r '.status | "\(.state) \(.exitCode)"' <<<"$output")" "CONTAINER_EXITED 5"
    cri RemoveContainer "{\"container_id\": \"$third\"}"
    third=$(container_of_pod third true)
    wait_until 60 container_has_ended "$third"
    cri RemoveContainer "{\"container_id\": \"$third\"}"
    run in_container "$FIRST" true
    expect_status 0
}

container_has_ended() {
    cri ContainerStatus "{\"container_id\": \"$1\"}" | jq -e '.status.state == "CONTAINER_EXITED"' >/dev/null
}

# disks_of_pod: how many disks the VM has.
disks_of_pod() {
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" dumpxml "kata-$POD" | grep -c "<disk " || true
}

# usage_total: the size of the volume's file system as the guest tells it.
usage_total() {
    kata direct-volume stats "$VOLUME" | jq '.usage[] | select(.unit == 1) | .total'
}

@test "a direct volume and a block device are plugged into the running pod, grow there, and are given back with the container" {
    local image="$BATS_TEST_TMPDIR/image" raw="$BATS_TEST_TMPDIR/raw" disks before container claim
    truncate -s 32M "$image"
    mkfs.ext4 -q -F "$image"
    truncate -s 8M "$raw"
    LOOP=$(losetup --find --show "$raw")
    VOLUME="$BATS_TEST_TMPDIR/volume"
    mkdir "$VOLUME" # as kubelet's directory of a volume
    kata direct-volume add "$VOLUME" "{\"volume-type\": \"block\", \"device\": \"$image\", \"fstype\": \"ext4\"}"
    claim=/run/kata-containers/shared/direct-volumes/$(printf '%s' "$VOLUME" | basenc --base64url --wrap=0)/$POD
    disks=$(disks_of_pod)
    container=$(container_with "$(jq -n --arg volume "$VOLUME" --arg device "$LOOP" '{
        mounts: [{container_path: "/data", host_path: $volume}],
        devices: [{container_path: "/dev/raw", host_path: $device, permissions: "rwm"}]}')" storage sleep 3600)
    expect_equal "$(disks_of_pod)" $((disks + 2))
    [[ -e $claim ]]
    run in_container "$container" sh -c 'grep -c " /data ext4 rw" /proc/mounts && echo kept >/data/file &&
        blockdev --getsize64 /dev/raw && echo marked | dd of=/dev/raw conv=fsync 2>/dev/null'
    expect_output $'1\n8388608'
    expect_equal "$(head -c 6 "$raw")" marked

    before=$(usage_total)
    kata direct-volume resize "$VOLUME" 64Mi
    (($(usage_total) > before + (24 << 20)))
    run in_container "$container" sh -c 'df -m /data | awk "NR == 2 { print (\$2 > 50) }"'
    expect_output 1
    run_kata direct-volume remove "$VOLUME"
    expect_failure "$POD"

    cri StopContainer "{\"container_id\": \"$container\", \"timeout\": 0}"
    cri RemoveContainer "{\"container_id\": \"$container\"}"
    expect_equal "$(disks_of_pod)" "$disks"
    [[ ! -e $claim ]]
    kata direct-volume remove "$VOLUME"
    run debugfs -R 'cat /file' "$image"
    expect_contains kept
    run in_container "$FIRST" true
    expect_status 0
}

@test "a pod on the host's network is refused with the reason" {
    run cri RunPodSandbox "$(jq '{config: (.metadata.name = "hostnet" | .metadata.uid = "uid-2" |
        .linux.security_context.namespace_options.network = "NODE" | .hostname = "" | .linux.sysctls = {}), runtime_handler: "kata-runtime"}' "$POD_JSON")"
    expect_failure network
}
