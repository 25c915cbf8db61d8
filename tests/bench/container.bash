# shellcheck shell=bash
# (b) create until the agent answers, beside bare QEMU; (c) run true; (d) exec true; (e) kill and delete, beside
# runc's; (f) memory of an idle sandbox. One round makes each once, so that all of them meet the same load.

STATE=/run/vc/sbs

vm_pid() {
    jq -e .vmPid "$STATE/$1/sandbox.json"
}

# file_server_pids SANDBOX: of virtiofsd, or of 9p's helper.
file_server_pids() {
    local path
    # A process may end while it is looked at.
    { grep -laF "/sandboxes/$1/shared" /proc/[0-9]*/cmdline 2>/dev/null || true; } | while read -r path; do
        case $(cat "${path%/*}/comm" 2>/dev/null) in
        virtiofsd | virtfs-proxy-he*) basename "${path%/*}" ;;
        esac
    done
}

# steps_of LOG COMMAND: lines "step<TAB>microseconds" of a log of the runtime, in order.
steps_of() {
    jq -r '.msg' "$1" | sed -nE "s/^$2: (.*) took ([0-9]+) us\$/\1\t\2/p"
}

# What came after the boot is not the start of the VM: reading the log backwards, the steps after "boot guest".
split_create() {
    local step took after=0 libvirt=0 guest=0 booted=
    while IFS=$'\t' read -r step took; do
        sample_ms "create: $step" "$took"
        [[ -z $booted ]] || after=$((after + took))
        case $step in
        "start VM" | "account VM") libvirt=$((libvirt + took)) ;;
        "boot guest") guest=$took booted=1 ;;
        esac
    done < <(steps_of "$WORK/log" create)
    [[ -n $booted ]] || { cp "$WORK/log" "$WORK/err" && failed "finding the step \"boot guest\" in this log"; }
    sample_ms "create to agent ready" $(($1 - after))
    sample_ms "create: libvirt" "$libvirt"
    sample_ms "create: guest" "$guest"
    sample_ms "create: own" $(($1 - after - libvirt - guest))
}

logged() {
    rm -f "$WORK/log"
    timed "$KATA" --root "$WORK/kata" --debug --log "$WORK/log" --log-format json "$@"
}

measure_create() {
    progress "round $ROUND: create"
    logged create --bundle "$WORK/sleep" --pid-file "$WORK/pid" "$1"
    sample_ms "create" "$WALL"
    sample_ms "create: own cpu" "$CPU"
    split_create "$WALL"
}

measure_bare() {
    progress "round $ROUND: bare QEMU"
    boot_bare_qemu
    sample_ms "bare QEMU to agent ready" "$WALL"
    sample_memory "bare QEMU" "$BARE_PID"
    stop_bare_qemu
}

# sample_memory NAME PID...: the sums of the processes.
sample_memory() {
    local name=$1 kind
    shift
    for kind in Pss Rss; do
        sample "memory: $name $kind" MiB "$(for pid in "$@"; do cat "/proc/$pid/smaps_rollup"; done |
            awk -v kind="$kind:" '$1 == kind { sum += $2 } END { printf "%.1f", sum / 1024 }')"
    done
}

measure_memory() {
    local pids
    progress "round $ROUND: memory of the idle sandbox"
    sleep 2
    sample_memory "kata-shim" "$(<"$WORK/pid")"
    sample_memory "QEMU" "$(vm_pid "$1")"
    mapfile -t pids < <(file_server_pids "$1")
    sample_memory "virtiofsd" "${pids[@]}"
}

measure_run() {
    local command step took known=0
    progress "round $ROUND: run true"
    logged run --bundle "$WORK/true" "$1-run"
    sample_ms "run true" "$WALL"
    while IFS=$'\t' read -r command step took; do
        sample_ms "run: $command: $step" "$took"
        known=$((known + took))
    done < <(for command in create start delete; do
        steps_of "$WORK/log" "$command" | sed "s/^/$command\t/"
    done)
    sample_ms "run: the workload, and what no step covers" $((WALL - known))
}

# sample_steps COMMAND LOG
sample_steps() {
    local step took
    while IFS=$'\t' read -r step took; do
        sample_ms "$1: $step" "$took"
    done < <(steps_of "$2" "$1")
}

# measure_life PROGRAM ID PID_FILE: exec, kill and delete of a container that runs.
measure_life() {
    local program=$1 id=$2 pid began name=${1##*/}
    pid=$(<"$3")
    progress "round $ROUND: exec, kill, delete ($name)"
    if [[ $program == "$KATA" ]]; then
        logged exec "$id" true
        sample_ms "exec true/$name" "$WALL"
        sample_steps exec "$WORK/log"
    else
        timed "$program" --root "$WORK/$(root_of "$program")" exec "$id" true
        sample_ms "exec true/$name" "$WALL"
    fi
    began=${EPOCHREALTIME/./}
    timed "$program" --root "$WORK/$(root_of "$program")" kill "$id" KILL
    until ended "$pid"; do pause; done
    sample_ms "kill 9 to stopped/$name" $((${EPOCHREALTIME/./} - began))
    timed "$program" --root "$WORK/$(root_of "$program")" state "$id"
    [[ $(jq -r .status "$WORK/out") == stopped ]] || failed "waiting for $id to be stopped"
    timed "$program" --root "$WORK/$(root_of "$program")" delete "$id"
    sample_ms "delete/$name" "$WALL"
}

root_of() {
    if [[ $1 == "$KATA" ]]; then echo kata; else echo "${1##*/}"; fi
}

measure_runc() {
    progress "round $ROUND: runc"
    timed runc --root "$WORK/runc" run --bundle "$WORK/true" "$1-run"
    sample_ms "run true/runc" "$WALL"
    timed runc --root "$WORK/runc" create --bundle "$WORK/sleep" --pid-file "$WORK/runc-pid" "$1"
    timed runc --root "$WORK/runc" start "$1"
    measure_life runc "$1" "$WORK/runc-pid"
}

measure_round() {
    local id=$ID-$ROUND
    measure_create "$id"
    timed "$KATA" --root "$WORK/kata" start "$id"
    measure_memory "$id"
    note_sandbox "$id"
    measure_life "$KATA" "$id" "$WORK/pid"
    measure_bare
    measure_run "$id"
    ! command -v runc >/dev/null || measure_runc "$id"
}

# A row for each step of the command that has a sample, in their order.
step_rows() {
    local figure
    cut -f1 "$WORK/samples" | grep "^$2: " | awk '!seen[$0]++' | while read -r figure; do
        row "$1" "  ${figure#*: }" "$figure"
    done
}

container_rows() {
    local section="create to agent ready" step
    row "$section" "create to agent ready" "create to agent ready" "bare QEMU" "bare QEMU to agent ready" "ratio 1.25"
    row "$section" "  of it libvirt" "create: libvirt"
    row "$section" "  of it the guest" "create: guest"
    row "$section" "  of it our own" "create: own"
    row "$section" "processor time of all of create" "create: own cpu" - - "value 100"
    section="run true, in steps"
    row "$section" "run true" "run true" runc "run true/runc"
    step_rows "$section" run
    section="in a container that runs"
    row "$section" "exec true" "exec true/kata-runtime" runc "exec true/runc"
    step_rows "$section" exec
    row "$section" "kill 9 to stopped" "kill 9 to stopped/kata-runtime" runc "kill 9 to stopped/runc"
    row "$section" "delete" "delete/kata-runtime" runc "delete/runc"
    section="memory of an idle sandbox"
    for step in Pss Rss; do
        row "$section" "QEMU, $step" "memory: QEMU $step" "bare QEMU" "memory: bare QEMU $step"
        row "$section" "virtiofsd, $step" "memory: virtiofsd $step"
        row "$section" "kata-shim, $step" "memory: kata-shim $step"
    done
}
