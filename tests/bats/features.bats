#!/usr/bin/env bats
# shellcheck disable=SC2154  # output, status, stderr and lines are set by run
load helpers
setup_file() { kata_setup_file; }
teardown_file() { kata_teardown_file; }
teardown() { kata_teardown; }

@test "features prints one JSON document with what engines look for" {
    run --separate-stderr "$KATA_RUNTIME" features
    [[ $status == 0 && -z $stderr ]]
    jq -e '.ociVersionMin and .ociVersionMax and (.hooks | length == 6)' <<<"$output"
}
