#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# How files come into the guest: virtio-fs served by libvirt's virtiofsd and by one of our own, virtio-9p, copies.

load helpers
load refusal

setup_file() {
    kata_setup_file
}

teardown_file() {
    kata_teardown_file
}

setup() {
    ID=$(unique_id share)
    BUNDLE=$(make_bundle tail -f /dev/null)
    edit_spec "$BUNDLE" '.root.readonly = false'
    CONFIG="$BATS_TEST_TMPDIR/configuration.toml"
    configure
}

teardown() {
    kata_teardown
}

# configure LINE...: what stands below [hypervisor.qemu] in this test.
configure() {
    printf '%s\n' '[hypervisor.qemu]' 'default_memory = 512' "$@" >"$CONFIG"
}

kata() {
    "$KATA_RUNTIME" --root "$KATA_ROOT" --config "$CONFIG" --debug --log "$BATS_TEST_TMPDIR/log" --log-format json "$@"
}

dump_domain() {
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" dumpxml "kata-$ID"
}

# The pids of the processes that serve this sandbox's files, the first one first.
servers() {
    pgrep -f -- "sandboxes/$ID/shared" | sort -n
}

no_servers() {
    [[ -z $(servers) ]]
}

# Those that QEMU's virtiofsd keeps, and CAP_DAC_READ_SEARCH, which newer ones may: CHOWN, DAC_OVERRIDE, FOWNER, FSETID,
# SETGID, SETUID, MKNOD, SETFCAP.
FILE_CAPABILITIES=$((0x880000df))

# expect_confined: who serves this sandbox's files has a filter of system calls, mounts and a network of its own; neither
# it nor the process that watches it has a capability, or could get one, that files do not need.
expect_confined() {
    local pid set
    for pid in $(servers); do
        for set in CapEff CapPrm CapBnd; do
            ((0x$(sed -n "s/^$set:\t//p" "/proc/$pid/status") & ~FILE_CAPABILITIES)) || continue
            grep Cap "/proc/$pid/status"
            return 1
        done
    done
    expect_equal "$(sed -n 's/^Seccomp:\t//p' "/proc/$pid/status")" 2
    expect_equal "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$pid/status")" 1
    [[ $(readlink "/proc/$pid/ns/mnt") != $(readlink /proc/self/ns/mnt) ]]
    [[ $(readlink "/proc/$pid/ns/net") != $(readlink /proc/self/ns/net) ]]
}

# expect_live: what each side writes, the other reads at once.
expect_live() {
    local value
    for value in one two; do
        echo "$value" >"$BUNDLE/rootfs/from-host"
        run_kata exec "$ID" cat /from-host
        expect_output "$value"
        kata exec "$ID" sh -c "echo $value >/from-guest"
        expect_equal "$(cat "$BUNDLE/rootfs/from-guest")" "$value"
    done
}

# expect_kept: with "always" the guest goes by what it has read; what it writes, and what it has not read, is the host's.
expect_kept() {
    echo one >"$BUNDLE/rootfs/from-host"
    run_kata exec "$ID" cat /from-host
    expect_output one
    echo two >"$BUNDLE/rootfs/from-host"
    echo new >"$BUNDLE/rootfs/new"
    run_kata exec "$ID" sh -c 'cat /from-host /new; echo guest >/from-guest; sync'
    expect_output $'one\nnew'
    expect_equal "$(cat "$BUNDLE/rootfs/from-guest")" guest
}

@test "libvirt's virtiofsd is told cache, queue and threads, and the guest sees changes at once" {
    configure 'virtio_fs_cache = "never"' 'virtio_fs_queue_size = 512' 'virtio_fs_extra_args = ["--thread-pool-size=3"]'
    run_container "$ID" "$BUNDLE"
    run_kata exec "$ID" sh -c 'grep " / " /proc/mounts'
    expect_contains 'virtiofs rw'
    run dump_domain
    expect_contains "queue='512'"
    expect_contains "<cache mode='none'/>"
    expect_contains "<thread_pool size='3'/>"
    run sh -c 'tr "\0" " " <"/proc/$1/cmdline"' - "$(servers | head -n 1)"
    expect_contains 'cache=none'
    expect_contains '--thread-pool-size=3'
    expect_confined
    expect_live
}

@test "an annotation's arguments reach a virtiofsd of our own, which is confined, accounted and gone with its VM" {
    configure 'enable_annotations = ["virtio_fs_extra_args"]' 'virtio_fs_extra_args = ["--thread-pool-size=1"]' 'virtio_fs_cache = "always"'
    edit_spec "$BUNDLE" '.annotations["io.katacontainers.config.hypervisor.virtio_fs_extra_args"] = "[\"-o\", \"writeback\"]"'
    run_container "$ID" "$BUNDLE"
    local pids pid
    mapfile -t pids < <(servers)
    expect_equal "${#pids[@]}" 2
    run sh -c 'tr "\0" " " <"/proc/$1/cmdline"' - "${pids[0]}"
    expect_contains '-o writeback --thread-pool-size=1 -o cache=always -o sandbox=namespace -o source=/run/kata-containers/'
    for pid in "${pids[@]}"; do
        expect_equal "$(readlink "/proc/$pid/fd/0")" /dev/null
        expect_equal "$(readlink "/proc/$pid/fd/1")" /dev/null
        grep -qF "$ID" "/proc/$pid/cgroup"
    done
    expect_confined
    expect_equal "$(stat -c %a "/run/vc/sbs/$ID/share.sock" "/run/vc/sbs/$ID" | tr '\n' ' ')" '600 701 '
    expect_kept
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" destroy "kata-$ID"
    wait_until 60 no_servers
}

@test "a runtime that is killed while its VM starts leaves a virtiofsd that delete --force ends" {
    configure 'virtio_fs_extra_args = ["-o", "xattr"]'
    "$KATA_RUNTIME" --root "$KATA_ROOT" --config "$CONFIG" create --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    local command=$!
    wait_until 60 grep -qs '"server"' "/run/vc/sbs/$ID/journal"
    kill -KILL "$command"
    wait "$command" || true
    run_kata delete --force "$ID"
    expect_status 0
    expect_nothing_left "$ID"
}

@test "arguments that change what is served, to whom or how it is confined are refused" {
    local argument
    for argument in '-o source=/' --sandbox=none --socket-path=/tmp/x --fd=9 '--seccomp=none' '-o modcaps=+sys_admin'; do
        configure "virtio_fs_extra_args = [\"$argument\"]"
        run_kata_apart config check "$CONFIG"
        expect_equal "$status" 1
        [[ $stderr == *"\"$argument\" is refused"* ]]
    done
    configure 'enable_annotations = ["virtio_fs_.*"]'
    edit_spec "$BUNDLE" '.annotations["io.katacontainers.config.hypervisor.virtio_fs_extra_args"] = "--shared-dir=/"'
    run_kata create --bundle "$BUNDLE" "$ID"
    expect_failure '"--shared-dir=/" is refused'
    configure
    run_kata create --bundle "$BUNDLE" "$ID"
    expect_failure 'no expression of enable_annotations matches "virtio_fs_extra_args"'
}

@test "a virtiofsd that does not take its arguments is quoted" {
    configure 'virtio_fs_cache = "metadata"' 'virtio_fs_daemon = "/bin/false"'
    run_kata create --bundle "$BUNDLE" "$ID"
    expect_failure '"/bin/false", which serves the container'"'"'s files, ended: it said nothing'
}

@test "without a share root and volumes are copied, with owners, modes and links, and devices are left out" {
    configure 'shared_fs = "none"'
    local volume="$BATS_TEST_TMPDIR/volume"
    mkdir -p "$volume/directory"
    echo content >"$volume/directory/file"
    chown 12:34 "$volume/directory/file"
    chmod 4755 "$volume/directory/file"
    ln "$volume/directory/file" "$volume/hard"
    ln -s directory/file "$volume/soft"
    mkfifo "$volume/fifo"
    head -c 3000000 /dev/urandom >"$volume/large"
    edit_spec "$BUNDLE" '.mounts += [{destination: "/volume", type: "bind", source: $ARGS.positional[0], options: ["rbind", "ro"]}]' \
        --args -- "$volume"
    run_container "$ID" "$BUNDLE"
    expect_equal "$(dump_domain | grep -c '<filesystem')" 0
    no_servers
    run_kata exec "$ID" sh -c 'stat -c "%u:%g %a %h" /volume/directory/file /volume/hard; readlink /volume/soft; cat /volume/soft;
        ls /volume; sha256sum </volume/large'
    expect_output "12:34 4755 2
12:34 4755 2
directory/file
content
directory
hard
large
soft
$(sha256sum <"$volume/large")"
    run_kata exec "$ID" sh -c 'echo x >/volume/new'
    expect_failure 'Read-only file system'
    kata exec "$ID" sh -c 'echo guest >/new; grep -q tmpfs /proc/mounts'
    [[ ! -e $BUNDLE/rootfs/new ]]
    grep -q '1 devices, sockets or FIFOs were left out' "$BATS_TEST_TMPDIR/log"
}

@test "virtio-9p is refused for a guest whose kernel has none, before a machine is started" {
    configure 'shared_fs = "virtio-9p"'
    run_kata create --bundle "$BUNDLE" "$ID"
    expect_failure 'has a kernel without 9p; make one with'
    expect_nothing_left "$ID"
}

# generic_guest: a guest whose kernel has 9p, as GUEST_KERNEL_FLAVOUR=amd64 makes it; prints its directory.
generic_guest() (
    local build="$SOURCE_ROOT/${BUILD:-build}"
    export GUEST_KERNEL_FLAVOUR=amd64 GUEST_OUT="$build/tests/guest-amd64" GUEST_CACHE="$build/guest/packages"
    { "$SOURCE_ROOT/guest/kernel.sh" && "$SOURCE_ROOT/guest/initrd.sh" "$build/pkg/agent/guest/kata-agent"; } >&2
    printf '%s\n' "$GUEST_OUT"
)

@test "virtio-9p shares live, as whichever user the guest's process is" {
    local guest
    guest=$(generic_guest)
    configure 'shared_fs = "virtio-9p"' 'msize_9p = 262144' "kernel = \"$guest/vmlinux\"" "initrd = \"$guest/initrd.img\""
    run_container "$ID" "$BUNDLE"
    run_kata exec "$ID" sh -c 'grep " / " /proc/mounts'
    expect_contains ' 9p rw'
    expect_contains 'msize=262144'
    expect_live
    kata exec "$ID" sh -c 'mkdir -m 1777 /open'
    kata exec --user 1234:567 "$ID" sh -c 'echo x >/open/own && chmod 640 /open/own'
    expect_equal "$(stat -c '%u:%g %a' "$BUNDLE/rootfs/open/own")" '1234:567 640'
    kata exec --cap CAP_CHOWN "$ID" chown 0:7 /open/own
    expect_equal "$(stat -c '%u:%g' "$BUNDLE/rootfs/open/own")" 0:7
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" destroy "kata-$ID"
    wait_until 60 no_servers
}
