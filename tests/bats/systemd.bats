#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# A container whose init is systemd, as podman's --systemd=always makes one: tmpfs on /run and /tmp, cgroups it
# may write to, container=podman in its environment, SIGRTMIN+3 to stop it.

load helpers
load engines

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    BUNDLE=$(make_bundle /sbin/init)
    ID=$(unique_id)
    export BUNDLE ID
    rm -rf "$BUNDLE/rootfs"
    mkdir "$BUNDLE/rootfs"
    tar -C "$BUNDLE/rootfs" -xf "$(debian_tar)"
    add_unit
    edit_spec "$BUNDLE" "$(systemd_filter)"
    [[ ! -d /sys/fs/cgroup/systemd ]] || edit_spec "$BUNDLE" "$(version_1_filter)"
    run_container "$ID" "$BUNDLE"
    wait_until 240 has_booted
}

teardown_file() {
    kata_teardown_file
}

teardown() {
    kata_teardown
}

add_unit() {
    cat >"$BUNDLE/rootfs/etc/systemd/system/probe.service" <<'UNIT'
[Service]
Type=oneshot
MemoryMax=50M
ExecStart=/bin/sh -c 'cat /proc/self/cgroup /sys/fs/cgroup/system.slice/probe.service/memory.max >/probe'
UNIT
}

systemd_filter() {
    cat <<'FILTER'
.root.readonly = false | .process.noNewPrivileges = false
| .process.env += ["container=podman", "container_uuid=0123456789abcdef0123456789abcdef"]
| .process.capabilities = (["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
    "SETPCAP", "SETUID", "SYS_CHROOT"] | map("CAP_" + .) | {bounding: ., effective: ., permitted: .})
| (.mounts[] | select(.destination == "/sys/fs/cgroup")).options |= map(if . == "ro" then "rw" else . end)
| .mounts += [("/run", "/run/lock", "/tmp", "/var/log/journal")
    | {destination: ., type: "tmpfs", source: "tmpfs", options: ["rw", "rprivate", "nosuid", "nodev", "tmpcopyup"]}]
FILTER
}

# On a host with cgroup v1 only systemd's own hierarchy is writable. The guest has v2.
version_1_filter() {
    cat <<'FILTER'
(.mounts[] | select(.destination == "/sys/fs/cgroup")).options |= map(if . == "rw" then "ro" else . end)
| .mounts += [{destination: "/sys/fs/cgroup/systemd", type: "bind", source: "/sys/fs/cgroup/systemd",
    options: ["bind", "rprivate"]}]
| .linux.maskedPaths += ["/sys/fs/cgroup/systemd/release_agent"]
FILTER
}

has_booted() {
    [[ $(kata exec "$ID" systemctl is-system-running 2>/dev/null) =~ ^(running|degraded)$ ]]
}

@test "systemd boots with no unit failed" {
    run_kata exec "$ID" systemctl list-units --failed --no-legend --plain
    expect_output ""
    run_kata exec "$ID" systemctl is-system-running
    expect_output running
}

@test "units run in cgroups of their own, and exec works beside them" {
    run_kata exec "$ID" systemctl start probe.service
    expect_status 0
    run_kata exec "$ID" cat /probe
    expect_contains "0::/system.slice/probe.service"
    expect_contains "$((50 << 20))"
    run_kata exec "$ID" sh -c 'kill -0 1 && cat /proc/1/comm'
    expect_output systemd
}

@test "SIGRTMIN+3 shuts it down in order" {
    kata kill "$ID" 37
    wait_until 120 has_status "$ID" stopped
    kata delete "$ID"
}
