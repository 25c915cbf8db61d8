#!/bin/bash
# Makes sure that libvirt answers at qemu:///system. A daemon that answers is left alone; with systemd the
# system's service is started; on a machine without an init system virtlogd and libvirtd are started here,
# each under tini, which reaps what they leave behind. stop-libvirt.sh ends those two again.
set -euo pipefail
. "$(dirname "$0")/common.sh"

answers() {
    timeout 20 virsh -q -c "$LIBVIRT_URI" version >/dev/null 2>&1
}

wait_for_answer() {
    local left
    for ((left = 150; left > 0; left--)); do
        ! answers || return 0
        sleep 0.2
    done
    die "libvirt does not answer at $LIBVIRT_URI; see /var/log/libvirt/libvirtd.log"
}

qemu_user_can_use_kvm() {
    setpriv --reuid libvirt-qemu --regid kvm --init-groups test -r /dev/kvm -a -w /dev/kvm
}

# Without an init system nobody has given /dev/kvm to its group; a running system's owner decides that.
look_at_kvm() {
    [[ -e /dev/kvm ]] && ! qemu_user_can_use_kvm || return 0
    if [[ $1 == repair ]]; then
        # A group that somebody has given it stays: in a container or chroot its number is another's.
        [[ $(stat -c %g /dev/kvm) != 0 ]] || chgrp kvm /dev/kvm
        chmod 0660 /dev/kvm
        qemu_user_can_use_kvm || chmod 0666 /dev/kvm
    else
        echo "warning: QEMU's user cannot open /dev/kvm, which makes libvirt probe QEMU again and again at" \
            "every start (about a minute); run: chgrp kvm /dev/kvm && chmod 660 /dev/kvm" >&2
    fi
}

# start_daemon NAME: detached: own session, nothing of ours open, its pid and start time written down.
start_daemon() {
    local name=$1 pid
    (
        for fd in /proc/self/fd/*; do # without a redirection, whose own descriptor the loop would close
            fd=${fd##*/}
            [[ $fd -le 2 ]] || eval "exec $fd>&-"
        done
        unset MAKEFLAGS MFLAGS
        export LIBVIRT_LOG_OUTPUTS="3:file:/var/log/libvirt/$name.log"
        cd /
        exec setsid tini -s -- "/usr/sbin/$name"
    ) </dev/null >/dev/null 2>&1 &
    pid=$!
    disown "$pid"
    printf '%s %s\n' "$pid" "$(cut -d' ' -f22 "/proc/$pid/stat")" >"$LIBVIRT_RUN/$name"
}

# virtlogd may already run, started by somebody else: it locks its pid file.
virtlogd_runs() {
    local pid
    pid=$(cat /run/virtlogd.pid 2>/dev/null) && [[ $(cat "/proc/$pid/comm" 2>/dev/null) == virtlogd ]]
}

start_without_init() {
    command -v libvirtd >/dev/null || die "libvirtd is not installed; run sudo make deps"
    install -d -m 0700 "$LIBVIRT_RUN"
    mkdir -p /var/log/libvirt /run/lock
    # As systemd does: a mount made later under a shared directory must reach every mount namespace.
    mount --make-rshared / || echo "warning: / cannot be made a shared mount" >&2
    look_at_kvm repair
    virtlogd_runs || start_daemon virtlogd
    start_daemon libvirtd
}

main() {
    need_root
    if ! answers; then
        if [[ -d /run/systemd/system ]]; then
            systemctl start libvirtd
        else
            start_without_init
        fi
        wait_for_answer
    fi
    look_at_kvm warn
    echo "libvirt: $(virsh -q -c "$LIBVIRT_URI" version | sed -n 's/^Running hypervisor: //p') at $LIBVIRT_URI"
}

main "$@"
