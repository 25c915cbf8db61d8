# shellcheck shell=sh disable=SC2010,SC3045
# Runs in a container: prints what it sees of its settings, in lines that two runtimes can be compared by.

echo "arguments: $*"
echo "id: $(id)"
echo "directory: $(pwd)"
echo "umask: $(umask)"
env | sort | sed 's/^/environment: /'
for limit in c d e f l m n q r s t u v x; do
    echo "limit $limit: $(ulimit -S$limit) $(ulimit -H$limit)"
done
grep -E '^(Uid|Gid|Groups|Sig|Cap|NoNewPrivs|Seccomp:)' /proc/self/status | grep -vE 'SigQ|SigIgn'
# Without the C library's own two, 32 and 33, which some supervisors leave ignored and runc hands on.
echo "ignored signals: $((0x$(sed -n 's/^SigIgn:[^0-9a-f]*//p' /proc/self/status) & ~0x180000000))"
for name in kernel/shmmax fs/mqueue/msg_max net/ipv4/ip_default_ttl; do
    echo "sysctl $name: $(cat /proc/sys/$name)"
done
for name in $REPORT_SYSCTLS; do # those whose default is the host's
    echo "sysctl net/ipv4/$name: $(cat "/proc/sys/net/ipv4/$name")"
done
awk '$2 ~ /^\/(scratch|dev\/shm|dev\/mqueue|dev\/pts|proc|sys)$/ { print "mount " $2 ": " $3, $4 }' /proc/mounts |
    sed 's/,inode64//' | sort
for file in /file /etc/file /dev/file /dev/shm/file /tmp/file /scratch/file /sys/file \
    /proc/sys/kernel/domainname /etc/hosts; do
    if (echo probe >>$file) 2>/dev/null; then echo "can write: $file"; else echo "cannot write: $file"; fi
done
for file in / /etc/hosts /etc/hostname /etc/resolv.conf /tmp /dev /dev/null /dev/shm /dev/pts /proc /scratch; do
    stat -c "mode %n: %F %a %u:%g" $file 2>&1
done
# Of what engines hide and protect, each kernel has its own part: what is there in spite of it is told.
for file in /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats /proc/sched_debug \
    /proc/acpi /proc/scsi /sys/firmware; do
    if [ -d $file ]; then ls -A $file; else head -c 1 $file; fi 2>/dev/null | grep -q . && echo "not masked: $file"
done
for file in /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger; do
    [ ! -e $file ] || grep -q " $file [^ ]* ro[, ]" /proc/mounts || echo "not read-only: $file"
done
for file in /sys/fs/cgroup /sys/fs/cgroup/*; do
    if [ -e "$file/cgroup.procs" ] && mkdir "$file/made" 2>/dev/null; then echo "a cgroup can be made in $file"; fi
done
# Without those that modules for tunnels put into every namespace.
echo "interfaces: $(ls /sys/class/net | grep -vE '^(tunl|sit|gre|gretap|erspan|ip_vti|ip6_vti|ip6tnl|ip6gre)0$' | tr '\n' ' ')"
echo "devices: $(ls /dev | grep -v '^core$' | tr '\n' ' ')"
echo "oom_score_adj: $(cat /proc/self/oom_score_adj)"
echo "first process: $(tr '\0' ' ' </proc/1/cmdline)"
echo "hostname: $(hostname), $(cat /etc/hostname)"
sed 's/^/hosts: /' /etc/hosts
grep nameserver /etc/resolv.conf
