#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# The configuration file, its drop-ins and its commands, and annotations through podman to the guest: one machine.

load helpers
load engines
load refusal

HYPERVISOR=io.katacontainers.config.hypervisor

setup_file() {
    kata_setup_file
    export CONFIG_DIR="$BATS_FILE_TMPDIR/configured"
    mkdir -p "$CONFIG_DIR/config.d"
    cat >"$CONFIG_DIR/configuration.toml" <<'TOML'
[hypervisor.qemu]
enable_annotations = ["default_.*", "kernel_params", "path", ".*_hash"]
valid_hypervisor_paths = ["/usr/bin/qemu-system-*"]
kernel_params = "ours=1 shared=1"
[proxy.kata]
path = "/usr/libexec/kata-proxy"
TOML
    start_podman
    import_busybox podman
}

teardown_file() {
    stop_podman
    kata_teardown_file
}

teardown() {
    kata_teardown
}

# configured ARGUMENT...: podman whose runtime reads this file's configuration.
configured() {
    podman --runtime-flag "config=$CONFIG_DIR/configuration.toml" "$@"
}

# refused_by_podman WORDS OPTION...: podman run fails with the runtime's words.
refused_by_podman() {
    run --separate-stderr configured run --rm --network none "${@:2}" busybox true </dev/null
    [[ $status != 0 && $stderr == *"$1"* ]] || {
        printf 'ended with %s: %s\n' "$status" "$stderr"
        return 1
    }
}

@test "drop-ins are read in the order of their names, and each key's origin is shown" {
    local dir="$BATS_TEST_TMPDIR/dir"
    mkdir -p "$dir/config.d"
    printf '[hypervisor.qemu]\ndefault_memory = 512\ndefault_vcpus = 2\nkernel_params = "a"\nenable_annotations = ["a", "b"]\n' >"$dir/c.toml"
    printf '[hypervisor.qemu]\ndefault_memory = 768\nenable_annotations = ["c"]\n' >"$dir/config.d/20-more.toml"
    printf '[hypervisor.qemu]\ndefault_memory = 640\nkernel_params = "b"\n' >"$dir/config.d/10-less.toml"
    echo 'no = "toml' >"$dir/config.d/README"
    run_kata_apart --config "$dir/c.toml" config show --origin
    expect_status 0
    expect_contains "default_memory = 768  # \"$dir/config.d/20-more.toml\", line 2"
    expect_contains "kernel_params = \"b\"  # \"$dir/config.d/10-less.toml\", line 3"
    expect_contains "default_vcpus = 2  # \"$dir/c.toml\", line 3"
    expect_contains 'memory_slots = 10  # default'
    # A list takes the place of the other; drop-ins are beside the file that a link points to.
    expect_contains "enable_annotations = [\"c\"]  # \"$dir/config.d/20-more.toml\", line 3"
    ln -s "$dir/c.toml" "$BATS_TEST_TMPDIR/link.toml"
    expect_equal "$(kata --config "$BATS_TEST_TMPDIR/link.toml" config show)" "$(kata --config "$dir/c.toml" config show)"
    kata --config "$dir/c.toml" config show --json --origin |
        jq -e '.["hypervisor.qemu"].default_memory | .value == 768 and .line == 2 and .effective'
    # What it prints is a configuration.
    kata --config "$dir/c.toml" config show >"$BATS_TEST_TMPDIR/again.toml"
    run_kata_apart config check "$BATS_TEST_TMPDIR/again.toml"
    expect_status 0
    expect_contains ' 0 have no effect'
}

@test "the files of Kata Containers are taken as they are, and what has no effect is said" {
    local file
    for file in kata-3.toml kata-3-rs.toml; do
        # Each has all keys there are, also those of which one has to choose.
        sed '/^initrd = /d' "$SOURCE_ROOT/tests/unit/sandbox/data/$file" >"$BATS_TEST_TMPDIR/$file"
        run_kata_apart config check "$BATS_TEST_TMPDIR/$file"
        expect_status 0
        expect_contains 'there are no traces'
    done
    run_kata_apart config check "$SOURCE_ROOT/tests/unit/sandbox/data/kata-1.toml"
    expect_status 0
    expect_contains 'proxy.kata.path ('
    expect_contains 'there is no proxy'
    run_kata_apart --config "$SOURCE_ROOT/tests/unit/sandbox/data/kata-1.toml" config show --origin
    expect_contains 'machine_type = "pc"  # "'
}

@test "a mistyped key, section or value is one line that tells what to write" {
    expect_refused 'line 2: unknown key "hypervisor.qemu.default_memry"; did you mean "default_memory"?' \
        config check "$(config_file $'[hypervisor.qemu]\ndefault_memry = 1')"
    expect_refused 'line 1: unknown section [hypervisor.qmeu]; did you mean [hypervisor.qemu]?' \
        config check "$(config_file $'[hypervisor.qmeu]\nkernel = "/k"')"
    expect_refused 'this key belongs below [hypervisor.qemu]' config check "$(config_file $'[runtime]\ndefault_memory = 512')"
    expect_refused '"hypervisor.qemu.machine_type" must be "q35" or "pc"' \
        config check "$(config_file $'[hypervisor.qemu]\nmachine_type = "microvm"')"
}

@test "a file, a drop-in or a directory of drop-ins that others may write is refused" {
    local file dir="$BATS_TEST_TMPDIR/d"
    file=$(config_file '')
    chmod 0666 "$file"
    expect_refused 'others may write it (mode 0666' --config "$file" config show
    chmod 0644 "$file" && chown 65534 "$file"
    expect_refused 'owner 65534); run: chown root' --config "$file" config show
    mkdir -p "$dir/config.d" && echo >"$dir/c.toml" && echo >"$dir/config.d/a.toml"
    chmod 0664 "$dir/config.d/a.toml"
    expect_refused "\"$dir/config.d/a.toml\": others may write it" --config "$dir/c.toml" config show
    chmod 0644 "$dir/config.d/a.toml" && chmod 0777 "$dir/config.d"
    expect_refused "\"$dir/config.d\": others may write it" --config "$dir/c.toml" config show
}

# hash_of FILE: of one that is installed for guests.
hash_of() {
    sha512sum <"/var/lib/kata-containers/$1" | cut -d' ' -f1
}

@test "podman's annotations are refused with the line that would permit them" {
    refused_by_podman 'enable_annotations = ["default_.*", "kernel_params", "path", ".*_hash", "machine_type"]' \
        --annotation "$HYPERVISOR.machine_type=pc"
    refused_by_podman "valid_hypervisor_paths = [\"/usr/bin/qemu-system-*\", \"$(realpath /bin/true)\"]" --annotation "$HYPERVISOR.path=/bin/true"
    refused_by_podman 'must be a whole number from 128' --annotation "$HYPERVISOR.default_memory=lots"
    refused_by_podman "whose SHA-512 is $(hash_of vmlinux)" --annotation "$HYPERVISOR.kernel_hash=$(hash_of initrd.img)"
    # QEMU is looked at when it runs: the VM ends before its guest began.
    refused_by_podman "whose SHA-512 is $(sha512sum <"$(realpath /usr/bin/qemu-system-x86_64)" | cut -d' ' -f1)" \
        --annotation "$HYPERVISOR.hypervisor_hash=$(hash_of initrd.img)"
    [[ -z $(find /var/lib/kata-containers -name 'sandbox-*') ]]
    refused_by_podman 'did you mean "io.katacontainers.config.runtime.sandbox_cgroup_only"?' \
        --annotation io.katacontainers.config.runtime.sandbox_cgroup_onyl=true
}

# warnings ID WORDS: how many records of the create that podman asked for say so.
warnings() {
    local files
    files=$(dirname "$(configured inspect --format '{{.ConmonPidFile}}' "$1")")
    jq -s --arg words "$2" '[.[] | select(.level == "warning" and (.msg | contains($words)))] | length' "$files/oci-log"
}

# configured_runtime ARGUMENT...: the runtime as podman calls it.
configured_runtime() {
    run --separate-stderr "$KATA_RUNTIME" --config "$CONFIG_DIR/configuration.toml" "$@"
}

@test "podman's annotations reach the guest, and a configuration broken meanwhile stops nothing but create" {
    local id qemu
    qemu=$(realpath /usr/bin/qemu-system-x86_64)
    id=$(configured run --detach --network none --annotation "$HYPERVISOR.kernel_params=theirs=1 shared=2" \
        --annotation "$HYPERVISOR.default_memory=640" --annotation "$HYPERVISOR.default_vcpus=$(nproc)" \
        --annotation "$HYPERVISOR.kernel_hash=$(hash_of vmlinux)" --annotation "$HYPERVISOR.initrd_hash=$(hash_of initrd.img)" \
        --annotation "$HYPERVISOR.path=$qemu" --annotation "$HYPERVISOR.hypervisor_hash=$(sha512sum <"$qemu" | cut -d' ' -f1)" \
        --annotation "io.katacontainers.config.agent.kernel_modules=loop max_loop=3; dummy" \
        --annotation io.katacontainers.config.agent.enable_tracing=true \
        --annotation io.katacontainers.config.runtime.disable_guest_seccomp=true \
        --annotation io.katacontainers.container.resource.swappiness=33 \
        busybox sleep 100000)
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" dumpxml "kata-$id" >"$BATS_TEST_TMPDIR/xml"
    grep -F "<kernel>/var/lib/kata-containers/sandbox-$id/kernel</kernel>" "$BATS_TEST_TMPDIR/xml"
    grep -F "<emulator>$qemu</emulator>" "$BATS_TEST_TMPDIR/xml"
    # What is ignored is said once, with what to use instead.
    expect_equal "$(warnings "$id" 'settings without effect: proxy.kata.path (')" 1
    expect_equal "$(warnings "$id" 'there is no proxy: a command speaks to the agent itself')" 1
    expect_equal "$(warnings "$id" 'annotation "io.katacontainers.config.agent.enable_tracing" has no effect: there are no traces; use')" 1
    configured_runtime config show --origin "$id"
    expect_contains "path = \"$qemu\"  # annotation $HYPERVISOR.path"
    expect_contains "kernel_params = \"ours=1 theirs=1 shared=2\"  # annotation $HYPERVISOR.kernel_params"
    expect_contains 'machine_type = "q35"  # default'
    expect_contains "# annotation $HYPERVISOR.kernel_hash = \"$(hash_of vmlinux)\""
    run --separate-stderr configured exec "$id" sh -c 'cat /sys/module/loop/parameters/max_loop /proc/sys/vm/swappiness
        ls -d /sys/module/dummy; sed -n "s/^Seccomp:\t//p" /proc/self/status' </dev/null
    expect_output $'3\n33\n/sys/module/dummy\n0'
    run --separate-stderr configured exec "$id" cat /proc/cmdline </dev/null
    [[ $output == *" ours=1 theirs=1 shared=2" ]]
    run --separate-stderr configured exec "$id" sh -c 'nproc; awk "/MemTotal/ { print (\$2 > 500000 && \$2 < 655361) }" /proc/meminfo' </dev/null
    expect_output "$(nproc)"$'\n1'

    echo 'neither = "toml' >"$CONFIG_DIR/config.d/broken.toml"
    refused_by_podman "cannot parse \"$CONFIG_DIR/config.d/broken.toml\", line 1"
    run --separate-stderr configured exec "$id" echo here </dev/null
    expect_output here
    configured_runtime state "$id"
    expect_status 0
    expect_equal "$(jq -r .status <<<"$output")" running
    configured_runtime list --quiet
    expect_status 0
    expect_contains "$id"
    configured kill --signal KILL "$id"
    wait_until 60 is_exited "$id"
    configured rm "$id"
    run domain_of "$id"
    [[ $status != 0 && ! -e /var/lib/kata-containers/sandbox-$id ]]
}

is_exited() {
    [[ $(configured inspect --format '{{.State.Status}}' "$1") == exited ]]
}
