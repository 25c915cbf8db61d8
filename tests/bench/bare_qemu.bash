# shellcheck shell=bash
# The peer of a sandbox: QEMU without libvirt and without us, with the kernel, initrd, command line and devices
# of a sandbox that runs. Its arguments are that sandbox's, but for what only libvirt can use: descriptors it
# passes, its monitor and its secrets become nothing, or paths in a directory of ours.

# note_sandbox ID: remembers the arguments of the sandbox's QEMU and virtiofsd.
note_sandbox() {
    mapfile -d '' -t SANDBOX_QEMU <"/proc/$(vm_pid "$1")/cmdline"
    mapfile -d '' -t SANDBOX_VIRTIOFSD <"/proc/$(file_server_pids "$1" | head -n 1)/cmdline"
}

# bare_argument OPTION VALUE DIRECTORY: appends them to BARE, changed or not at all.
bare_argument() {
    local option=$1 value=$2 directory=$3 port
    case "$option $value" in
    '-mon '* | '-add-fd '* | *'"qom-type":"secret"'* | '-chardev '*id=charmonitor,* | *vhostfd*) return ;;
    '-chardev '*id=charserial0,*) value="file,id=charserial0,path=$directory/console.log" ;;
    '-chardev '*id=chr-vu-fs0,*) value="socket,id=chr-vu-fs0,path=$directory/fs.sock" ;;
    '-chardev '*id=charchannel*)
        port=${value#*id=charchannel}
        port=${port%%,*}
        value="socket,id=charchannel$port,path=$directory/$port.sock,server=on,wait=off"
        ;;
    '-name '*) value="guest=bare" ;;
    esac
    BARE+=("$option")
    [[ -z $value ]] || BARE+=("$value")
}

# build_bare_command DIRECTORY: the command line in BARE.
build_bare_command() {
    local index=1 option value
    BARE=("${SANDBOX_QEMU[0]}")
    while ((index < ${#SANDBOX_QEMU[@]})); do
        option=${SANDBOX_QEMU[index]}
        value=${SANDBOX_QEMU[index + 1]:-}
        index=$((index + 1))
        if [[ $value == -* ]]; then value=; else index=$((index + 1)); fi
        # Nobody is there to resume it, or to take it away when it has ended.
        [[ $option == -S || $option == -no-shutdown ]] || bare_argument "$option" "$value" "$1"
    done
}

# QEMU connects to it when it starts, so it must listen before.
start_bare_virtiofsd() {
    local directory=$1 argument arguments=()
    mkdir -p "$directory/share"
    for argument in "${SANDBOX_VIRTIOFSD[@]}"; do
        case $argument in
        --fd=*) arguments+=("--socket-path=$directory/fs.sock") ;;
        source=*,*) arguments+=("source=$directory/share,${argument#*,}") ;;
        *) arguments+=("$argument") ;;
        esac
    done
    "${arguments[@]}" </dev/null >"$directory/virtiofsd.log" 2>&1 &
    BARE_VIRTIOFSD=$!
    until [[ -S $directory/fs.sock ]]; do
        ! ended "$BARE_VIRTIOFSD" || { cp "$directory/virtiofsd.log" "$WORK/err" && failed "${arguments[@]}"; }
        pause
    done
}

# boot_bare_qemu: WALL gets the microseconds from QEMU's start to the agent's greeting on port 0, BARE_PID its pid.
boot_bare_qemu() {
    local directory greeting='' began
    directory=$(mktemp -d "$WORK/bare.XXXXXX")
    build_bare_command "$directory"
    start_bare_virtiofsd "$directory"
    began=${EPOCHREALTIME/./}
    "${BARE[@]}" </dev/null >"$WORK/err" 2>&1 &
    BARE_PID=$!
    until [[ -S $directory/0.sock ]]; do
        ! ended "$BARE_PID" || failed "${BARE[@]}"
        pause
    done
    # The guest greets when it sees the connection; the first bytes of a new port are the greeting's.
    IFS= read -r -t "$BOOT_LIMIT" -N 12 greeting < <(exec socat -u "UNIX-CONNECT:$directory/0.sock" STDOUT) || true
    # shellcheck disable=SC2034  # for the caller
    WALL=$((${EPOCHREALTIME/./} - began))
    [[ $greeting == KATAGREETING ]] || failed "${BARE[@]}"
}

stop_bare_qemu() {
    local pid
    for pid in "${BARE_PID:-}" "${BARE_VIRTIOFSD:-}"; do
        [[ -n $pid ]] || continue
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    BARE_PID=
    BARE_VIRTIOFSD=
}
