#!/usr/bin/env bats
# shellcheck disable=SC2154  # output, status, stderr and lines are set by run
load helpers
setup_file() { kata_setup_file; }
teardown_file() { kata_teardown_file; }
teardown() { kata_teardown; }

@test "help is shown on standard output and ends with 0" {
    local words
    for words in "" --help -h help h "help create" "create --help" "create -h"; do
        # shellcheck disable=SC2086  # several words are meant
        run --separate-stderr "$KATA_RUNTIME" $words
        [[ $status == 0 && -z $stderr && ${lines[0]} == NAME: ]]
    done
}

@test "help of every command names its usage" {
    local command
    for command in create start run exec state list kill delete ps spec features version help; do
        run "$KATA_RUNTIME" help "$command"
        [[ $status == 0 && $output == *"kata-runtime [global options] $command [options]"* ]]
    done
}

@test "commands of runc that do not exist are refused by name, with --help too" {
    local command
    for command in checkpoint restore init; do
        run --separate-stderr "$KATA_RUNTIME" "$command" --help
        [[ $status == 1 && -z $output ]]
        [[ $stderr == *"\"$command\" is not available"* && $stderr != *$'\n'* ]]
    done
}

@test "an unknown command gets a suggestion" {
    run --separate-stderr "$KATA_RUNTIME" creat
    [[ $status == 1 && $stderr == 'unknown command "creat"; did you mean "create"?' ]]
}
