#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Pods: containers whose annotations name a sandbox live in its virtual machine. One machine serves most
# cases; the two about the order of deletions and about crashes have their own.

load helpers
load refusal

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    POD=$(unique_id pod)
    export POD
    make_sandbox "$POD"
    member "$POD-a" "$POD" ipc uts
    member "$POD-b" "$POD" ipc uts pid
}

teardown_file() {
    umount "$BATS_FILE_TMPDIR"/{shm,kubernetes.io~empty-dir/*} 2>/dev/null || true
    kata_teardown_file
}

teardown() {
    kata_teardown
}

# make_sandbox ID: the first container of a pod, as podman makes one: without any annotation.
make_sandbox() {
    local bundle
    bundle=$(make_bundle sleep 100000)
    mkdir -p "$BATS_FILE_TMPDIR/shm"
    mountpoint -q "$BATS_FILE_TMPDIR/shm" ||
        mount -t tmpfs -o size=3m,mode=1777 shm "$BATS_FILE_TMPDIR/shm"
    edit_spec "$bundle" "$(pod_shm)" --arg shm "$BATS_FILE_TMPDIR/shm"
    run_container "$1" "$bundle"
}

# Engines give all containers of a pod the same directory as their /dev/shm.
pod_shm() {
    cat <<'FILTER'
(.mounts[] | select(.destination == "/dev/shm")) =
    {destination: "/dev/shm", type: "bind", source: $shm, options: ["bind", "rprivate", "nosuid", "noexec", "nodev"]}
FILTER
}

# member_bundle SANDBOX TYPE...: a bundle as podman and CRI-O make it, whose network and namespaces of these
# types are those of the sandbox's kata-shim.
member_bundle() {
    local sandbox=$1 bundle shim
    shift
    bundle=$(make_bundle sh -c 'echo "started as $(hostname)"; exec sleep 100000')
    shim=$(pid_of "$sandbox")
    edit_spec "$bundle" "$(pod_shm)" --arg shm "$BATS_FILE_TMPDIR/shm"
    edit_spec "$bundle" "$(member_filter)" --arg id "$sandbox" --arg ns "/proc/$shim/ns" --args -- "$@"
    printf '%s\n' "$bundle"
}

member_filter() {
    cat <<'FILTER'
.annotations = {"io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.SandboxID": $id}
| .linux.namespaces = [{type: "mount"}, {type: "network", path: ($ns + "/net")}]
    + [["ipc", "uts", "pid"][] as $t
       | {type: $t} + (if ($ARGS.positional | index($t)) then {path: ($ns + "/" + $t)} else {} end)]
FILTER
}

# member ID SANDBOX TYPE...: created and started.
member() {
    local id=$1 bundle
    shift
    bundle=$(member_bundle "$@")
    run_container "$id" "$bundle"
}

in_container() {
    run_kata exec "$1" sh -c "$2"
}

namespace_in() {
    kata exec "$1" readlink "/proc/self/ns/$2"
}

domains_of() {
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" list --all --name | grep -cF "kata-$1"
}

@test "three containers of a pod run in one virtual machine" {
    expect_equal "$(domains_of "$POD")" 1
    local id
    for id in "$POD" "$POD-a" "$POD-b"; do
        expect_equal "$(status_of "$id")" running
        in_container "$id" 'echo here'
        expect_output here
    done
    run_kata list --quiet
    expect_contains "$POD-a"
    expect_contains "$POD-b"
}

@test "namespaces are shared in the guest exactly as the specification says" {
    local type
    for type in ipc uts; do
        expect_equal "$(namespace_in "$POD-a" "$type")" "$(namespace_in "$POD" "$type")"
        expect_equal "$(namespace_in "$POD-b" "$type")" "$(namespace_in "$POD" "$type")"
    done
    expect_equal "$(namespace_in "$POD-b" pid)" "$(namespace_in "$POD" pid)"
    [[ $(namespace_in "$POD-a" pid) != "$(namespace_in "$POD" pid)" ]]
    [[ $(namespace_in "$POD-a" mnt) != "$(namespace_in "$POD" mnt)" ]]
}

@test "a container that shares the pid namespace sees the others' processes" {
    in_container "$POD-b" 'ps | grep -c "sleep 100000"'
    [[ $output -ge 2 ]]
    in_container "$POD-a" 'ps | grep -c "[s]leep 100000"'
    expect_output 1
}

@test "shared memory is one for the pod, in the guest, of the size that the engine gave it" {
    in_container "$POD" 'echo from-infra >/dev/shm/note; stat -f -c "%T %b %S" /dev/shm'
    expect_output "tmpfs $((3 << 20 >> 12)) 4096"
    in_container "$POD-a" 'cat /dev/shm/note'
    expect_output from-infra
    [[ ! -e $BATS_FILE_TMPDIR/shm/note ]]
}

@test "one container can be killed, deleted and created anew while the others run" {
    kata kill "$POD-a" KILL
    wait_for_status "$POD-a" stopped
    run_kata exec "$POD-a" true
    expect_failure "cannot exec in a stopped container"
    kata delete "$POD-a"
    run_kata state "$POD-a"
    expect_failure "does not exist"
    run findmnt -rn -o TARGET
    [[ $output != *"/mounts/$POD-a"* ]]
    in_container "$POD-b" 'echo here'
    expect_output here
    member "$POD-a" "$POD" ipc
    in_container "$POD-a" 'echo again'
    expect_output again
}

# empty_dirs BUNDLE: three emptyDir volumes as a kubelet makes them: two in memory, one of them of pages of 2 MB, of which
# there may be eight, and one on the host's disk.
empty_dirs() {
    local volumes="$BATS_FILE_TMPDIR/kubernetes.io~empty-dir"
    mkdir -p "$volumes"/{cache,huge,plain}
    mount -t tmpfs -o size=1m,mode=2770,gid=1234 cache "$volumes/cache"
    mount -t hugetlbfs -o pagesize=2M huge "$volumes/huge"
    edit_spec "$1" '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 16777216}, {pageSize: "1GB", limit: 0}]
        | .mounts += [["cache", "huge", "plain"][] as $name
            | {destination: ("/" + $name), type: "bind", source: ($v + "/" + $name), options: ["rbind", "rprivate", "rw"]}]' \
        --arg v "$volumes"
}

@test "volumes in memory are the guest's, of the host's size and owners, shared in the pod, and outlive containers" {
    local bundle plain="$BATS_FILE_TMPDIR/kubernetes.io~empty-dir/plain"
    bundle=$(member_bundle "$POD" ipc)
    empty_dirs "$bundle"
    run_container "$POD-m" "$bundle"
    in_container "$POD-m" 'echo kept >/cache/note; echo guest >/plain/note; truncate -s 4M /huge/large; stat -f -c "%T %b" /cache; stat -c "%g %A" /cache
        sed -n "s/^HugePages_Total: *//p" /proc/meminfo; grep -o " /huge hugetlbfs .*pagesize=2M" /proc/mounts | cut -d" " -f2,3'
    expect_output "$(printf 'tmpfs 256\n1234 drwxrws---\n8\n/huge hugetlbfs')"
    [[ ! -e $BATS_FILE_TMPDIR/kubernetes.io~empty-dir/cache/note ]]
    # What is on the host's disk is the host's at any time.
    expect_equal "$(cat "$plain/note")" guest
    run_container "$POD-n" "$bundle"
    in_container "$POD-n" 'cat /plain/note; echo other >/plain/note'
    expect_output guest
    expect_equal "$(cat "$plain/note")" other
    kata delete --force "$POD-m"
    in_container "$POD-n" 'cat /cache/note; stat -c %s /huge/large; sed -n "s/^HugePages_Total: *//p" /proc/meminfo'
    expect_output "$(printf 'kept\n4194304\n8')"
    kata delete --force "$POD-n"
    edit_spec "$bundle" '.linux.resources.hugepageLimits = [{pageSize: "64KB", limit: 1048576}]'
    expect_refused "cannot reserve 1048576 bytes of huge pages of 64KB in the guest" create --bundle "$bundle" "$POD-n"
}

@test "what a deleted member had open is let go, so that an engine can unmount it" {
    local bundle
    bundle=$(member_bundle "$POD" ipc)
    edit_spec "$bundle" '.root.readonly = false'
    mkdir -p "$bundle"/{lower,upper,work}
    cp -a "$bundle/rootfs/." "$bundle/lower"
    mount -t overlay -o "lowerdir=$bundle/lower,upperdir=$bundle/upper,workdir=$bundle/work,index=on" overlay "$bundle/rootfs"
    run_container "$POD-overlay" "$bundle"
    in_container "$POD-overlay" 'find / -xdev | wc -l; echo x >/written'
    expect_status 0
    kata delete --force "$POD-overlay"
    umount "$bundle/rootfs"
    # index=on refuses an upper directory that a mount which is still in use has.
    mount -t overlay -o "lowerdir=$bundle/lower,upperdir=$bundle/upper,workdir=$bundle/work,index=on" overlay "$bundle/rootfs"
    umount "$bundle/rootfs"
}

@test "create killed at any moment disturbs no other member and can be deleted" {
    local bundle delay pid
    bundle=$(member_bundle "$POD" ipc)
    for delay in 0.02 0.06 0.1 0.14 0.18; do
        "$KATA_RUNTIME" --root "$KATA_ROOT" create --bundle "$bundle" "$POD-k" </dev/null >/dev/null 2>&1 &
        pid=$!
        sleep "$delay"
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        kata delete --force "$POD-k"
        run_kata state "$POD-k"
        expect_failure "does not exist"
    done
    run_container "$POD-k" "$bundle"
    in_container "$POD-k" 'echo here'
    expect_output here
    kata delete --force "$POD-k"
    in_container "$POD" 'echo here'
    expect_output here
    run grep -F "\"$POD-k\"" "/run/vc/sbs/$POD/journal"
    expect_output ""
    [[ ! -e /run/kata-containers/shared/sandboxes/$POD/mounts/$POD-k ]]
}

@test "a create that fails takes back its part only" {
    local bundle
    bundle=$(member_bundle "$POD" ipc)
    edit_spec "$bundle" '.process.args = ["no-such-program"]'
    run create_container "$POD-f" "$bundle"
    expect_failure 'exec: "no-such-program": executable file not found in $PATH'
    run_kata state "$POD-f"
    expect_failure "does not exist"
    [[ ! -e /run/vc/sbs/$POD/containers/$POD-f ]]
    in_container "$POD" 'echo here'
    expect_output here
}

@test "namespaces of a container in another virtual machine are refused with advice" {
    local bundle type
    for type in ipc uts pid; do
        bundle=$(make_bundle true)
        edit_spec "$bundle" '.linux.namespaces |= map(if .type == $type then .path = $path else . end) | del(.hostname)' \
            --arg type "$type" --arg path "/proc/$(pid_of "$POD")/ns/$type"
        expect_refused "put both containers into one pod" create --bundle "$bundle" "$POD-other"
        expect_nothing_left "$POD-other"
    done
}

@test "a member with a network that is not the pod's is refused with advice" {
    local bundle
    bundle=$(member_bundle "$POD" ipc)
    edit_spec "$bundle" '.linux.namespaces |= map(if .type == "network" then del(.path) else . end)'
    expect_refused "not the pod's" create --bundle "$bundle" "$POD-net"
    expect_nothing_left "$POD-net"
}

@test "a sandbox that nobody knows means a virtual machine of its own" {
    local bundle
    bundle=$(make_bundle sleep 100000)
    edit_spec "$bundle" '.annotations = {"io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.SandboxID": "nobody"}'
    run_container "$POD.alone" "$bundle"
    [[ -n $(domain_of "$POD.alone") ]]
    kata delete --force "$POD.alone"
    expect_nothing_left "$POD.alone"
}

@test "a virtual machine whose ports are all in use says so, and can still be commanded" {
    for _ in $(seq 1 11); do
        kata exec --detach "$POD" sleep 1000 </dev/null >/dev/null 2>&1
    done
    run_kata --config "$(config_file $'[agent.kata]\nrequest_timeout = 3')" exec --detach "$POD" sleep 1000
    expect_failure "ports of the VM are in use"
    kata kill "$POD-a" KILL
    wait_for_status "$POD-a" stopped
}

@test "the sandbox's own container may be deleted first, and the machine goes with the last" {
    kata delete --force "$POD"
    run_kata state "$POD"
    expect_failure "does not exist"
    # Its pid namespace ends with it, as under runc.
    wait_for_status "$POD-b" stopped
    kata delete --force "$POD-a"
    expect_equal "$(domains_of "$POD")" 1
    kata delete --force "$POD-b"
    expect_nothing_left "$POD"
}

has_vm_process() {
    [[ $(jq .vmPid "/run/vc/sbs/$1/sandbox.json" 2>/dev/null) -gt 0 ]]
}

@test "a machine whose set-up was cut short is joined by nobody, and can be deleted" {
    local pod bundle pid
    pod=$(unique_id cut)
    bundle=$(make_bundle sleep 100000)
    "$KATA_RUNTIME" --root "$KATA_ROOT" create --bundle "$bundle" "$pod" </dev/null >/dev/null 2>&1 &
    pid=$!
    wait_until 60 has_vm_process "$pod"
    kill -9 "$pid"
    wait "$pid" 2>/dev/null || true
    edit_spec "$bundle" '.annotations = {"io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.SandboxID": $id}' --arg id "$pod"
    expect_refused "whose creation was not finished" create --bundle "$bundle" "$pod-a"
    kata delete --force "$pod"
    expect_nothing_left "$pod"
}

@test "the annotations of containerd's CRI mean the same, and the sandbox may go last" {
    local pod bundle
    pod=$(unique_id cri)
    bundle=$(make_bundle sleep 100000)
    edit_spec "$bundle" '.annotations = {"io.kubernetes.cri.container-type": "sandbox", "io.kubernetes.cri.sandbox-id": $id}' --arg id "$pod"
    run_container "$pod" "$bundle"
    bundle=$(make_bundle sleep 100000)
    edit_spec "$bundle" '.annotations = {"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.sandbox-id": $id}
        | .linux.namespaces |= map(if .type == "network" then .path = $path else . end)' \
        --arg id "$pod" --arg path "/proc/$(pid_of "$pod")/ns/net"
    run_container "$pod-a" "$bundle"
    expect_equal "$(domains_of "$pod")" 1
    kata kill --all "$pod-a" KILL
    wait_for_status "$pod-a" stopped
    kata delete "$pod-a"
    in_container "$pod" 'echo here'
    expect_output here
    # A machine that dies takes all of its containers along, and each can be deleted.
    run_container "$pod-a" "$bundle"
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" destroy "kata-$pod" >/dev/null
    wait_for_status "$pod" stopped
    wait_for_status "$pod-a" stopped
    bundle=$(make_bundle true)
    edit_spec "$bundle" '.annotations = {"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.sandbox-id": $id}' --arg id "$pod"
    expect_refused "the VM does not run" create --bundle "$bundle" "$pod-late"
    kata delete "$pod"
    kata delete --force "$pod-a"
    expect_nothing_left "$pod"
}
