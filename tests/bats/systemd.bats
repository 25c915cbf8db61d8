#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# A container whose init is systemd, booted by podman's --systemd=always: tmpfs on /run and /tmp, cgroups it may write
# to, container=podman in its environment, SIGRTMIN+3 to stop it.

load helpers
load engines

setup_file() {
    kata_setup_file
    start_podman
    import_debian podman
    probe_unit >"$BATS_FILE_TMPDIR/probe.service"
    podman run --detach --name machine --network none --systemd always \
        --volume "$BATS_FILE_TMPDIR/probe.service:/etc/systemd/system/probe.service:ro" debian /sbin/init
    wait_until 240 has_booted
}

teardown_file() {
    stop_podman
    kata_teardown_file
}

teardown() {
    kata_teardown
}

probe_unit() {
    cat <<'UNIT'
[Service]
Type=oneshot
MemoryMax=50M
ExecStart=/bin/sh -c 'cat /proc/self/cgroup /sys/fs/cgroup/system.slice/probe.service/memory.max >/probe'
UNIT
}

has_booted() {
    [[ $(podman exec machine systemctl is-system-running 2>/dev/null) =~ ^(running|degraded)$ ]]
}

@test "systemd boots with no unit failed" {
    run_podman exec machine systemctl list-units --failed --no-legend --plain
    expect_output ""
    run_podman exec machine systemctl is-system-running
    expect_output running
}

@test "units run in cgroups of their own, and exec works beside them" {
    run_podman exec machine systemctl start probe.service
    expect_status 0
    run_podman exec machine cat /probe
    expect_contains "0::/system.slice/probe.service"
    expect_contains "$((50 << 20))"
    run_podman exec machine sh -c 'kill -0 1 && cat /proc/1/comm'
    expect_output systemd
}

@test "podman stop shuts it down in order, without a KILL" {
    expect_equal "$(podman inspect --format '{{.Config.StopSignal}}' machine)" 37
    podman stop --time 120 machine
    expect_equal "$(podman inspect --format '{{.State.Status}} {{.State.ExitCode}}' machine)" "exited 0"
    podman rm machine
}
