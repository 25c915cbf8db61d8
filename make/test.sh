#!/bin/bash
# Does its own set-up, then runs every check, the unit tests and tests/bats/*.bats one file after the other.
# Prints minutes per file beside the budget of tests/README.md, the list of skips, and as its last line
# "N passed, N failed, N skipped". With names of bats files as arguments it runs the set-up and those only.
set -euo pipefail
. "$(dirname "$0")/common.sh"

OUT=$BUILD/tests
RESULTS=$OUT/results # "pass|fail|skip<TAB>file<TAB>test<TAB>reason"
TIMES=$OUT/times     # "seconds<TAB>file"

record() {
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}" >>"$RESULTS"
}

# timed NAME COMMAND...: runs a command, its output shown, and notes its seconds. The code is the command's.
timed() {
    local name=$1 began=$SECONDS code=0
    shift
    "$@" || code=$?
    printf '%d\t%s\n' $((SECONDS - began)) "$name" >>"$TIMES"
    return "$code"
}

run_check() {
    local name=$1
    shift
    echo "== $name"
    if timed "$name" "$@"; then
        record pass "$name" "$name"
    else
        record fail "$name" "$name"
    fi
}

# unit_verdicts FILE...: what the programs of the unit tests say of each test as lines of results.
unit_verdicts() {
    jq -r '.testsuites[].testsuite[] |
        [if .failures then "fail" elif .result == "SKIPPED" then "skip" else "pass" end, "units", "\(.classname).\(.name)",
         if .result == "SKIPPED" then "skipped by the test" else "" end] | @tsv' "$@"
}

# Every unit test counts; a program that ends early, and says nothing of its tests, counts as one failure.
run_units() {
    local log=$OUT/units.log code=0 ended
    echo "== units"
    timed units make/units.sh run >"$log" 2>&1 || code=$?
    [[ $code == 0 ]] || tail -n 200 "$log"
    unit_verdicts "$BUILD"-asan/units/*.json >"$OUT/units.tsv" || true
    cat "$OUT/units.tsv" >>"$RESULTS"
    sed -n 's/^[[:space:]]*[0-9]* - \(unit_[a-z-]*\) (.*/\1/p' "$log" | while read -r ended; do
        [[ -e $BUILD-asan/units/${ended#unit_}.json ]] || record fail units "$ended ended early"
    done
    [[ $code == 0 || $(grep -c '^fail' "$RESULTS") -gt 0 ]] || record fail units "units do not run"
    tail -n 3 "$log"
}

# read_tap FILE: TAP lines of one bats run into results.
read_tap() {
    local file=$1 line name
    while read -r line; do
        name=$(sed -E 's/^(not )?ok [0-9]+ //; s/ # skip.*$//' <<<"$line")
        case $line in
        'ok '*' # skip'*) record skip "$file" "$name" "${line##*# skip }" ;;
        'ok '*) record pass "$file" "$name" ;;
        'not ok '*) record fail "$file" "$name" ;;
        esac
    done
}

run_bats() {
    local path=$1 name tap code=0
    name=$(basename "$path")
    tap="$OUT/$name.tap"
    echo "== $name"
    timed "$name" bats_tap "$path" "$tap" || code=$?
    read_tap "$name" <"$tap"
    if [[ $code == 124 ]]; then
        record fail "$name" "ended after $(limit_of "$name") minutes: it hung"
    elif [[ $code != 0 ]] && ! grep -q '^not ok ' "$tap"; then
        record fail "$name" "bats ended with $code"
    fi
}

# limit_of FILE: minutes. Twice its budget and two minutes is a hang.
limit_of() {
    local budget
    budget=$(budget_of "$1")
    budget=${budget:-5}
    echo $((${budget%.*} * 2 + 2))
}

# A file that hangs is ended with its whole process group.
bats_tap() {
    timeout --kill-after=30 "$(limit_of "$(basename "$1")")m" bats --formatter tap "$1" </dev/null | tee "$2"
}

run_everything() {
    local check path other
    # clang-tidy's first pass takes as long as everything else together: it is part of make check only.
    for check in format shell layout; do
        run_check "$check" "tests/check/$check.sh"
    done
    # Neither starts anything that the other, or a test, looks at.
    run_check guest-check make/guest.sh check >"$OUT/guest-check.log" 2>&1 &
    other=$!
    run_units
    wait "$other"
    cat "$OUT/guest-check.log"
    for path in tests/bats/*.bats; do
        [[ ! -e $path ]] || run_bats "$path"
    done
}

budget_of() {
    sed -n "s/^| *\`\{0,1\}$1\`\{0,1\} *| *\([0-9.]*\) *|.*/\1/p" tests/README.md | head -n 1
}

# Minutes per file beside the budget. A file without a line in the table is a failure; more than its line, or than the
# total, is only noted: a slow machine makes it so, and no test asserts a duration.
print_times() {
    local seconds name budget note
    printf '\n%8s %8s  file\n' minutes budget
    while IFS=$'\t' read -r seconds name; do
        budget=$(budget_of "$name")
        note=
        if [[ -z $budget ]]; then
            note="no budget in tests/README.md"
            record fail "$name" "$note"
        elif awk "BEGIN { exit !($seconds / 60 > $budget) }"; then
            note="over budget"
        fi
        printf '%8s %8s  %s%s\n' "$(awk "BEGIN { printf \"%.1f\", $seconds / 60 }")" "${budget:--}" "$name" "${note:+  <- $note}"
    done <"$TIMES"
    budget=$(budget_of total)
    seconds=$((SECONDS - BEGAN))
    printf '%8s %8s  all of it, after the build\n' "$(awk "BEGIN { printf \"%.1f\", $seconds / 60 }")" "$budget"
    ((seconds <= budget * 60)) || echo "over the total budget: what was added takes more than there is room for, or this machine is slow"
}

print_some() {
    local kind=$1 title=$2
    grep -q "^$kind" "$RESULTS" || return 0
    printf '\n%s:\n' "$title"
    awk -F'\t' -v kind="$kind" '$1 == kind { printf "  %s: %s%s\n", $2, $3, $4 == "" ? "" : " (" $4 ")" }' "$RESULTS"
}

# What each failed case of a bats file said, its first lines (where it failed, and what was expected) and its last ones,
# below the list: nobody should have to scroll back an hour.
print_words() {
    local tap
    for tap in "$OUT"/*.tap; do
        [[ -e $tap && $tap -nt $TIMES.begun ]] || continue
        awk -v file="$(basename "$tap" .tap)" '
            function tell() {
                if (title == "") return
                printf "\n%s: %s\n", file, title
                for (i = 1; i <= n; i++) if (i <= 10 || i > n - 6) print "  " said[i]
                title = ""
            }
            /^(not )?ok / { tell(); n = 0 }
            /^not ok / { title = $0; sub(/^not ok [0-9]+ /, "", title) }
            /^# / { said[++n] = substr($0, 3) }
            END { tell() }' "$tap"
    done
}

count() {
    grep -c "^$1" "$RESULTS" || true
}

main() {
    local name
    set_up build run test
    step "compile what the tests run" cmake --build "$BUILD" --parallel "$JOBS" --target agent-probe cri-client raw-fuse
    mkdir -p "$OUT"
    : >"$RESULTS"
    : >"$TIMES"
    : >"$TIMES.begun"
    export KATA_RUNTIME="$PREFIX/bin/kata-runtime"
    if [[ $# == 0 ]]; then
        step "compile the unit tests" make/units.sh build
        BEGAN=$SECONDS
        run_everything
    else
        BEGAN=$SECONDS
        for name in "$@"; do
            run_bats "tests/bats/$name"
        done
    fi
    print_times
    print_some skip "skipped"
    print_some fail "failed"
    print_words
    printf '\n%d passed, %d failed, %d skipped\n' "$(count pass)" "$(count fail)" "$(count skip)"
    [[ $(count fail) == 0 ]]
}

main "$@"
