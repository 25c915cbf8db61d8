#!/usr/bin/env bats
# Completion for bash, zsh and fish: what the program's help lists, and nothing that it does not.

load helpers

setup_file() {
    kata_setup_file
    PATH=$(dirname "$KATA_RUNTIME"):$PATH
    export PATH
}

teardown_file() {
    kata_teardown_file
}

teardown() {
    kata_teardown
}

# complete_in_SHELL WORD...: what the shell offers for the last word.
complete_in_bash() {
    # shellcheck disable=SC2016  # for the shell
    bash --norc -c '. "$0"; COMP_WORDS=(kata-runtime "$@"); COMP_CWORD=$#; _kata_runtime; printf "%s\n" "${COMPREPLY[@]}"' \
        "$SOURCE_ROOT/cli/completion.bash" "$@"
}

# zsh offers things on a terminal only: what the completion hands to its functions is looked at instead.
complete_in_zsh() {
    # shellcheck disable=SC2016
    zsh -f -c 'compdef() { : }; _files() { ls }
        _describe() { [[ $1 != -o ]] || shift; print -rl -- ${(P)2} }
        words=(kata-runtime "$@"); CURRENT=$#words; . "$0"' "$SOURCE_ROOT/cli/completion.zsh" "$@" | sed 's/:.*//'
}

complete_in_fish() {
    # shellcheck disable=SC2016
    fish -N -c 'source $argv[1]; complete -C (string join -- " " kata-runtime $argv[2..-1])' \
        "$SOURCE_ROOT/cli/completion.fish" "$@" | cut -f1
}

# offers SHELL WORD...: sorted, one a line.
offers() {
    "complete_in_$1" "${@:2}" | sed '/^$/d' | LC_ALL=C sort -u
}

commands_of_help() {
    kata-runtime help | sed -n '/^COMMANDS:$/,/^$/s/^   \([a-z-]*\)  .*/\1/p' | LC_ALL=C sort
}

# options_of_help [COMMAND]: the long ones.
options_of_help() {
    kata-runtime help "$@" | sed -n '/OPTIONS:$/,$s/^   -/-/p' | sed 's/  .*//' | grep -oE -- '--[a-z-]+' | LC_ALL=C sort
}

# actions_of_help COMMAND: the words that its usage begins with.
actions_of_help() {
    kata-runtime help "$1" | sed -nE "s/^ +kata-runtime .* $1 \[options\] ([a-z|-]+).*/\1/p" | tr '|' '\n' | LC_ALL=C sort -u
}

# options_with_value: of the program.
options_with_value() {
    kata-runtime help | sed -n '/OPTIONS:$/,$s/^   -/-/p' | sed 's/  .*//' | grep -oE -- '--[a-z-]+ [A-Z]+' | cut -d' ' -f1
}

# expect_offers SHELL: commands, options of the program and of commands, containers, values and files.
expect_offers() {
    local shell=$1 command option
    expect_equal "$(offers "$shell" "")" "$(commands_of_help)"
    expect_equal "$(offers "$shell" -- | grep ^--)" "$(options_of_help)"
    for command in create exec kata-check; do
        expect_equal "$(offers "$shell" --root "$KATA_ROOT" --debug "$command" -- | grep ^--)" "$(options_of_help "$command")"
    done
    expect_equal "$(offers "$shell" --log-format "")" $'json\ntext'
    for command in config kata-network direct-volume; do
        expect_equal "$(offers "$shell" "$command" "")" "$(actions_of_help "$command")"
    done
    for option in $(options_with_value); do
        expect_equal "$(offers "$shell" "$option" value config "")" "$(actions_of_help config)"
    done
    expect_equal "$(offers "$shell" --root "$KATA_ROOT" config show "")" ""
    expect_equal "$(offers "$shell" --root "$KATA_ROOT" start "")" ""
}

@test "bash completes commands, options and values" {
    expect_offers bash
}

@test "zsh completes commands, options and values" {
    expect_offers zsh
}

@test "fish completes commands, options and values" {
    expect_offers fish
}
