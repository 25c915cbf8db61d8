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
    printf '[hypervisor.qemu]\nenable_annotations = ["default_.*", "kernel_params", "path", ".*_hash"]\nkernel_params = "ours=1 shared=1"\n' \
        >"$CONFIG_DIR/configuration.toml"
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
    printf '[hypervisor.qemu]\ndefault_memory = 512\ndefault_vcpus = 2\nkernel_params = "a"\n' >"$dir/c.toml"
    printf '[hypervisor.qemu]\ndefault_memory = 768\n' >"$dir/config.d/20-more.toml"
    printf '[hypervisor.qemu]\ndefault_memory = 640\nkernel_params = "b"\n' >"$dir/config.d/10-less.toml"
    echo 'no = "toml' >"$dir/config.d/README"
    run_kata_apart --config "$dir/c.toml" config show --origin
    expect_status 0
    expect_contains "default_memory = 768  # \"$dir/config.d/20-more.toml\", line 2"
    expect_contains "kernel_params = \"b\"  # \"$dir/config.d/10-less.toml\", line 3"
    expect_contains "default_vcpus = 2  # \"$dir/c.toml\", line 3"
    expect_contains 'memory_slots = 10  # default'
    kata --config "$dir/c.toml" config show --json --origin |
        jq -e '.["hypervisor.qemu"].default_memory | .value == 768 and .line == 2 and .effective'
    # What it prints is a configuration.
    kata --config "$dir/c.toml" config show >"$BATS_TEST_TMPDIR/again.toml"
    run_kata_apart config check "$BATS_TEST_TMPDIR/again.toml"
    expect_status 0
    expect_contains ' 0 have no effect'
}

@test "the file of Kata Containers 1 is taken as it is, and what has no effect is said" {
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
    refused_by_podman "valid_hypervisor_paths = [\"$(realpath /bin/true)\"]" --annotation "$HYPERVISOR.path=/bin/true"
    refused_by_podman 'must be a whole number from 128' --annotation "$HYPERVISOR.default_memory=lots"
    refused_by_podman "whose SHA-512 is $(hash_of vmlinux)" --annotation "$HYPERVISOR.kernel_hash=$(hash_of initrd.img)"
    [[ -z $(find /var/lib/kata-containers -name 'sandbox-*') ]]
    refused_by_podman 'did you mean "io.katacontainers.config.runtime.sandbox_cgroup_only"?' \
        --annotation io.katacontainers.config.runtime.sandbox_cgroup_onyl=true
}

@test "podman's annotations reach the guest, and a configuration broken meanwhile stops nothing but create" {
    local id
    id=$(configured run --detach --network none --annotation "$HYPERVISOR.kernel_params=theirs=1 shared=2" \
        --annotation "$HYPERVISOR.default_memory=640" --annotation "$HYPERVISOR.default_vcpus=$(nproc)" \
        --annotation "$HYPERVISOR.kernel_hash=$(hash_of vmlinux)" --annotation "$HYPERVISOR.initrd_hash=$(hash_of initrd.img)" \
        busybox sleep 100000)
    virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" dumpxml "kata-$id" |
        grep -F "<kernel>/var/lib/kata-containers/sandbox-$id/kernel</kernel>"
    run --separate-stderr configured exec "$id" cat /proc/cmdline </dev/null
    [[ $output == *" ours=1 theirs=1 shared=2" ]]
    run --separate-stderr configured exec "$id" sh -c 'nproc; awk "/MemTotal/ { print (\$2 > 500000 && \$2 < 655361) }" /proc/meminfo' </dev/null
    expect_output "$(nproc)"$'\n1'

    echo 'neither = "toml' >"$CONFIG_DIR/config.d/broken.toml"
    refused_by_podman "cannot parse \"$CONFIG_DIR/config.d/broken.toml\", line 1"
    run --separate-stderr configured exec "$id" echo here </dev/null
    expect_output here
    configured kill --signal KILL "$id"
    wait_until 60 is_exited "$id"
    configured rm "$id"
    run domain_of "$id"
    [[ $status != 0 && ! -e /var/lib/kata-containers/sandbox-$id ]]
}

is_exited() {
    [[ $(configured inspect --format '{{.State.Status}}' "$1") == exited ]]
}
