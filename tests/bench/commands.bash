# shellcheck shell=bash
# (a) The commands that need no virtual machine, beside runc's and crun's.

# compare_command LABEL COMMAND... : "@" in the command stands for the program. The programs take turns, so that
# a change of the machine's load meets all of them. An exit code other than 0 is legal only if EXPECT_FAILURE=1.
# PREPARE is a command before each call, which is not counted.
compare_command() {
    local label=$1 command=$2 program turn options=(--shell=none --warmup 1 --style none)
    options+=(--runs $(((CALLS + TURNS - 1) / TURNS)) --export-json "$WORK/hyperfine.json" --prepare "${PREPARE:-rm -f config.json}")
    [[ ${EXPECT_FAILURE:-} != 1 ]] || options+=(--ignore-failure)
    progress "$label"
    for ((turn = 0; turn < TURNS; turn++)); do
        for program in "${PROGRAMS[@]}"; do
            (cd "$WORK/spec" && hyperfine "${options[@]}" "${command//@/$program}") >"$WORK/out" 2>"$WORK/err" ||
                failed "hyperfine ${command//@/$program}"
            take_times "$label" "${program%% *}"
        done
    done
    compare_rows "$label" "${PROGRAMS[@]}"
}

# Processor time, which other work disturbs less, is a mean of the turn: hyperfine gives no more.
take_times() {
    local name=${2##*/} time
    while read -r time; do
        sample "$1/$name" ms "$time"
    done < <(jq -r '.results[0].times[] * 1000 * 1000 | round / 1000' "$WORK/hyperfine.json")
    time=$(jq -r '.results[0] | (.user + .system) * 1000 * 1000 | round / 1000' "$WORK/hyperfine.json")
    sample "$1/$name, processor time" ms "$time"
}

compare_rows() {
    local label=$1 peer
    shift 2
    for peer in "$@"; do
        peer=${peer%% *}
        [[ $peer == "$KATA" ]] ||
            row "commands without a VM" "$label" "$label/kata-runtime" "$peer" "$label/$peer" "ratio 1.00"
    done
}

# Where the peer cannot create a container on this machine (crun 1.8 with hybrid cgroups), its state of one is
# not measured; that of an unknown id is.
measure_state() {
    local PROGRAMS=("$KATA --root $WORK/kata") program
    for program in runc crun; do
        ! has_container "$program" || PROGRAMS+=("$program --root $WORK/$program")
    done
    compare_command "state" "@ state $STATE_ID"
    compare_command "list, one container" "@ list"
}

has_container() {
    [[ -e $WORK/$1/$STATE_ID ]]
}

# crun has the command since 1.9.
compare_features() {
    local PROGRAMS=("$KATA") program
    for program in runc crun; do
        ! "$program" features >/dev/null 2>&1 || PROGRAMS+=("$program")
    done
    compare_command "features" "@ features"
}

measure_commands() {
    local PROGRAMS=("$KATA" runc crun)
    mkdir -p "$WORK/spec"
    compare_command "--version" "@ --version"
    compare_features
    compare_command "spec" "@ spec"
    compare_command "list, empty" "@ --root $WORK/empty list"
    compare_command "delete --force, unknown id" "@ --root $WORK/empty delete --force no-such-container"
    EXPECT_FAILURE=1 compare_command "state, unknown id" "@ --root $WORK/empty state no-such-container"
}
