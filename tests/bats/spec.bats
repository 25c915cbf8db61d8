#!/usr/bin/env bats
# shellcheck disable=SC2154  # output, status, stderr and lines are set by run
load helpers
setup_file() { kata_setup_file; }
teardown_file() { kata_teardown_file; }
teardown() { kata_teardown; }

@test "spec writes an example indented by tabs and refuses to replace it" {
    cd "$BATS_TEST_TMPDIR"
    run --separate-stderr "$KATA_RUNTIME" spec
    [[ $status == 0 && -z $output && -z $stderr ]]
    grep -q $'^\t"ociVersion": "' config.json
    [[ $(jq -c .process.args config.json) == '["sh"]' ]]
    run --separate-stderr "$KATA_RUNTIME" spec
    [[ $status == 1 && $stderr == "File config.json exists. Remove it first"* ]]
}

@test "spec --bundle writes there" {
    mkdir "$BATS_TEST_TMPDIR/b"
    run "$KATA_RUNTIME" spec --bundle "$BATS_TEST_TMPDIR/b"
    [[ $status == 0 && -s $BATS_TEST_TMPDIR/b/config.json ]]
}

@test "spec does not follow a link that lies in its way" {
    ln -s "$BATS_TEST_TMPDIR/elsewhere" "$BATS_TEST_TMPDIR/config.json"
    run "$KATA_RUNTIME" spec -b "$BATS_TEST_TMPDIR"
    [[ $status == 1 && ! -e $BATS_TEST_TMPDIR/elsewhere ]]
}

@test "spec --rootless and a missing bundle are refused" {
    cd "$BATS_TEST_TMPDIR"
    run --separate-stderr "$KATA_RUNTIME" spec --rootless
    [[ $status == 1 && -n $stderr && ! -e config.json ]]
    run --separate-stderr "$KATA_RUNTIME" spec -b "$BATS_TEST_TMPDIR/none"
    [[ $status == 1 && $stderr == *"no such file or directory"* ]]
}
