# shellcheck shell=bash
# How a benchmark measures: samples of figures, rows that set a figure beside a peer's, a clock, progress.
# Sourced by run, which sets WORK, a directory of this run.

# sample FIGURE UNIT VALUE: one measured value of the named figure.
sample() {
    printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$WORK/samples"
}

# sample_ms FIGURE MICROSECONDS
sample_ms() {
    sample "$1" ms "$(in_ms "$2")"
}

# row SECTION LABEL FIGURE [PEER PEER_FIGURE [GOAL]]: a line of the table. GOAL is "ratio LIMIT" or "value LIMIT",
# both upper limits, or "share LIMIT", the smallest ratio; a figure without a peer has "-" for both. The same row twice is one.
row() {
    local line
    printf -v line '%s\t%s\t%s\t%s\t%s\t%s' "$1" "$2" "$3" "${4:--}" "${5:--}" "${6:--}"
    grep -qxF -- "$line" "$WORK/rows" 2>/dev/null || printf '%s\n' "$line" >>"$WORK/rows"
}

# Microseconds since the epoch. No process is started for it.
now() {
    printf '%s' "${EPOCHREALTIME/./}"
}

in_ms() {
    printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
}

# timed COMMAND...: WALL and CPU get its microseconds: elapsed, and of processor time in user and system mode of
# it and the children it waited for. A command that fails ends the benchmark with what it said.
timed() {
    local TIMEFORMAT='%3U %3S' began user system
    began=${EPOCHREALTIME/./}
    { time "$@" </dev/null >"$WORK/out" 2>"$WORK/err"; } 2>"$WORK/times" || failed "$@"
    # shellcheck disable=SC2034  # both for the caller
    WALL=$((${EPOCHREALTIME/./} - began))
    read -r user system <"$WORK/times"
    # shellcheck disable=SC2034
    CPU=$(((10#${user/./} + 10#${system/./}) * 1000))
}

failed() {
    progress ""
    echo "cannot measure: this command failed: $*" >&2
    cat "$WORK/err" >&2
    exit 1
}

# Waits a moment without starting a process. The pipe never has anything to read.
pause() {
    read -r -t 0.001 -u "$PAUSE" || true
}

# ended PID: it is gone, or a zombie that its parent has not reaped yet.
ended() {
    local stat
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
    [[ ${stat##*) } == Z* ]]
}

# progress WORDS: what is being measured, on a terminal only; without words the line is cleared.
progress() {
    [[ -t 2 ]] || return 0
    printf '\r\033[K%s' "${1:+  .. $1}" >&2
}
