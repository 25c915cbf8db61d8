#!/usr/bin/env bats
# The shortest way through everything: the program answers, a container runs in a virtual machine, and its
# exit code comes back.

load helpers

setup_file() {
    kata_setup_file
}

teardown_file() {
    kata_teardown_file
}

teardown() {
    kata_teardown
}

@test "--version names the program, its version and the specification" {
    run_kata --version
    expect_status 0
    [[ ${lines[0]} == "kata-runtime"*"$(cat "$SOURCE_ROOT/VERSION")"* ]]
    [[ $output == *"spec: 1."* ]]
}

@test "help names every command" {
    run_kata --help
    expect_status 0
    local command
    for command in create start state kill delete run exec list ps spec features; do
        [[ $output =~ (^|[[:space:]])"$command"([[:space:]]|,|$) ]] || {
            echo "help does not name $command"
            return 1
        }
    done
}

@test "spec writes a configuration that names a process and a root" {
    cd "$BATS_TEST_TMPDIR"
    run_kata spec
    expect_status 0
    jq -e '.process.args == ["sh"] and .root.path == "rootfs"' config.json
    run_kata spec
    [[ $status != 0 ]]
    expect_contains config.json
}

@test "run true ends with 0" {
    local bundle
    bundle=$(make_bundle true)
    run_kata run --bundle "$bundle" "$(unique_id)"
    expect_status 0
    expect_output ""
}

@test "run passes the exit code of the workload on" {
    local bundle
    bundle=$(make_bundle sh -c 'exit 55')
    run_kata run --bundle "$bundle" "$(unique_id)"
    expect_status 55
}

@test "run shows the kernel of the guest, not of the host" {
    local bundle
    bundle=$(make_bundle uname -r)
    run_kata_apart run --bundle "$bundle" "$(unique_id)"
    expect_status 0
    [[ $output =~ ^[0-9]+\.[0-9]+\. ]]
    [[ $output == *"$(strings -n 8 /var/lib/kata-containers/vmlinux | sed -n 's/^Linux version \([^ ]*\) .*/\1/p' | head -n 1)"* ]]
}
