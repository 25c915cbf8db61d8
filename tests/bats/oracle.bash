# shellcheck shell=bash
# The leak oracle: what a host looked like before a bats file must be what it looks like after it. A file
# calls oracle_before in setup_file and oracle_after in teardown_file; a difference fails the file and is
# shown as a diff. Only what kata-runtime, libvirt or an engine would leave behind is looked at.
# ORACLE_IGNORE, a regular expression, hides lines of other people's work on a shared machine.

# Directories of cgroup v1 that have no controller behind them on some machines, where nobody cleans up;
# and libvirt's partition, which it makes with the first domain and keeps.
ORACLE_FOREIGN_CGROUPS='^/sys/fs/cgroup/(hugetlb|net_cls|net_prio|net_cls,net_prio|perf_event)(/|$)|/machine(\.slice)?$'

oracle_domains() {
    command -v virsh >/dev/null || return 0
    timeout 20 virsh -q -c "${LIBVIRT_DEFAULT_URI:-qemu:///system}" list --all --name | sed '/^$/d' | sort
}

# Processes of a sandbox by the name of their program. Pid and start time are part of the line, so one that
# was replaced by another counts; one in state Z is dead. The arguments are there to be recognised by people.
oracle_processes() {
    local directory state name start arguments
    for directory in /proc/[0-9]*; do
        name=$(readlink "$directory/exe" 2>/dev/null) || continue
        case ${name##*/} in
        qemu-system-* | virtiofsd* | kata-shim* | kata-runtime* | crun* | runc*) ;;
        *) continue ;;
        esac
        read -r state start < <(sed 's/.*) //' "$directory/stat" 2>/dev/null | cut -d' ' -f1,20) || continue
        [[ $state != Z ]] || continue
        arguments=$(tr '\0' ' ' 2>/dev/null <"$directory/cmdline" | cut -d' ' -f2- | cut -c1-80)
        printf '%s pid %s started %s: %s\n' "$name" "${directory#/proc/}" "$start" "$arguments"
    done | sort
}

# Mounts without the numbers that change by themselves: root, mount point, propagation, type and source.
oracle_mounts() {
    sed -E 's/^[0-9]+ [0-9]+ [0-9]+:[0-9]+ ([^ ]+) ([^ ]+) [^ ]+ (.*)- ([^ ]+) ([^ ]+) .*/\2 root=\1 \3\4 \5/
            s/(shared|master|peer_group):[0-9]+/\1/g' /proc/self/mountinfo | sort
}

oracle_links() {
    ip -o link show | sed -E 's/^[0-9]+: ([^:]+):.* link\/([^ ]+) ([^ ]+).*/\1 \2 \3/' | sort
}

oracle_network_namespaces() {
    find /run/netns /run/docker/netns -mindepth 1 2>/dev/null | sort || true
}

# Where this shell runs, by hierarchy: "/user.slice/session-3.scope".
own_cgroups() {
    sed -nE 's|^[0-9]+:[^:]*:(/.+/[^/]+)$|\1|p' /proc/self/cgroup | sort -u
}

# Neighbours of our own cgroup belong to whoever supervises this shell, and come and go.
oracle_cgroups() {
    find /sys/fs/cgroup -mindepth 1 -type d 2>/dev/null | grep -vE "$ORACLE_FOREIGN_CGROUPS" |
        awk -v own_paths="$(own_cgroups)" '
            BEGIN { count = split(own_paths, own, "\n") }
            {
                for (i = 1; i <= count; i++) {
                    parent = own[i]
                    sub("[^/]*$", "", parent)
                    if (index($0, parent) && !index($0, own[i])) next
                }
                print
            }' | sort
}

# Entries of the state directories (those themselves and their lock may stay), and what libvirt keeps of a running domain.
oracle_run() {
    local directory
    for directory in /run/vc/sbs /run/kata-containers/shared/sandboxes /run/kata-containers/shared/direct-volumes \
        /run/kata-runtime "${KATA_ROOT:-/run/kata-runtime}"; do
        [[ ! -d $directory ]] || find "$directory" -mindepth 1 -maxdepth 3 -not -name .lock
    done | sort -u
    find /run/libvirt/qemu /var/lib/libvirt/qemu -mindepth 1 -not -name '*.lock' \
        -not -path '*/qemu/dbus*' -not -path '*/qemu/slirp*' 2>/dev/null | sort
}

oracle_loops() {
    losetup --noheadings --list --output NAME,BACK-FILE 2>/dev/null | sort || true
}

oracle_snapshot() {
    local part
    for part in domains processes mounts links network_namespaces cgroups run loops; do
        "oracle_$part" | sed "s/^/$part: /"
    done | grep -vE -- "${ORACLE_IGNORE:-^\$}" || true
}

oracle_before() {
    oracle_snapshot >"$BATS_FILE_TMPDIR/oracle.before"
}

oracle_settled() {
    oracle_snapshot >"$BATS_FILE_TMPDIR/oracle.after"
    cmp -s "$BATS_FILE_TMPDIR/oracle.before" "$BATS_FILE_TMPDIR/oracle.after"
}

# What is ended is sometimes still going: the end state counts, so the comparison is tried for 5 s.
oracle_after() {
    local left
    [[ -e $BATS_FILE_TMPDIR/oracle.before ]] || return 0
    for ((left = 25; left > 0; left--)); do
        ! oracle_settled || return 0
        sleep 0.2
    done
    echo "the host is not what it was before this file (- before, + after):"
    diff --unified=0 "$BATS_FILE_TMPDIR/oracle.before" "$BATS_FILE_TMPDIR/oracle.after" | grep '^[-+][^-+]'
    return 1
}
