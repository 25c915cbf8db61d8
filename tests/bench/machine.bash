# shellcheck shell=bash
# The facts of the machine without which no figure means anything.

load_average() {
    cut -d' ' -f1 /proc/loadavg
}

cpu_model() {
    sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1
}

# version_of PROGRAM: the first line of its --version; nothing if it is not installed.
version_of() {
    command -v "$1" >/dev/null || return 0
    "$1" --version 2>/dev/null | head -n 1
}

# A benchmark beside other work says more about the other work.
warn_if_busy() {
    local load cores
    load=$(load_average)
    cores=$(nproc)
    if awk -v load="$load" -v cores="$cores" 'BEGIN { exit !(load > cores / 2) }'; then
        echo "warning: the machine is busy (load average $load on $cores cores): the figures will be too high," \
            "only their ratios say something" >&2
    fi
}

# write_machine FILE: as JSON. The accelerator is added when the first sandbox has shown it.
write_machine() {
    jq -n --arg cpu "$(cpu_model)" --argjson cores "$(nproc)" --arg kernel "$(uname -r)" \
        --argjson load "$(load_average)" --argjson memory "$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)" \
        --arg qemu "$(version_of qemu-system-x86_64)" --arg runc "$(version_of runc)" \
        --arg crun "$(version_of crun)" --arg libvirt "$(version_of libvirtd)" \
        '{cpu: $cpu, cores: $cores, memory_kib: $memory, kernel: $kernel, load_at_start: $load,
          peers: {qemu: $qemu, libvirt: $libvirt, runc: $runc, crun: $crun}}' >"$1"
}
