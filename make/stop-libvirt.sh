#!/bin/bash
# Ends the daemons that ensure-libvirt.sh started on a machine without an init system, by their pids.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# The start time tells our process from a later one with the same number.
is_ours() {
    [[ $(cut -d' ' -f22 "/proc/$1/stat" 2>/dev/null) == "$2" ]]
}

stop_daemon() {
    local pid start left
    read -r pid start <"$LIBVIRT_RUN/$1" || return 0
    rm -f "$LIBVIRT_RUN/$1"
    is_ours "$pid" "$start" || return 0
    kill -TERM "$pid"
    for ((left = 100; left > 0; left--)); do
        is_ours "$pid" "$start" || return 0
        sleep 0.1
    done
    kill -KILL "$pid"
}

main() {
    local name
    need_root
    for name in libvirtd virtlogd; do
        [[ ! -e $LIBVIRT_RUN/$name ]] || stop_daemon "$name"
    done
    rmdir "$LIBVIRT_RUN" 2>/dev/null || true
}

main "$@"
