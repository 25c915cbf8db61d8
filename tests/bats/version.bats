#!/usr/bin/env bats
# shellcheck disable=SC2154  # output, status, stderr and lines are set by run
load helpers
setup_file() { kata_setup_file; }
teardown_file() { kata_teardown_file; }
teardown() { kata_teardown; }

@test "--version, -v and version print version, commit and spec" {
    local spelling
    for spelling in --version -version -v version; do
        run --separate-stderr "$KATA_RUNTIME" "$spelling"
        [[ $status == 0 && -z $stderr ]]
        [[ ${lines[0]} =~ ^kata-runtime\ version\ [0-9]+\.[0-9]+\.[0-9]+ ]]
        [[ ${lines[1]} == commit:\ ?* ]]
        [[ ${lines[2]} =~ ^spec:\ [0-9]+\.[0-9]+ ]]
    done
}

@test "--version works behind the options that an engine puts first" {
    run "$KATA_RUNTIME" --root "$BATS_TEST_TMPDIR/r" --log "$BATS_TEST_TMPDIR/l" --log-format json --version
    [[ $status == 0 && ${lines[0]} == "kata-runtime version "* ]]
}

@test "the program links neither libvirt nor gRPC nor libsystemd" {
    run readelf -d "$KATA_RUNTIME"
    [[ $status == 0 ]]
    [[ $output != *libvirt* && $output != *grpc* && $output != *protobuf* && $output != *systemd* ]]
}
