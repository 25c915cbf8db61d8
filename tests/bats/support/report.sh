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
awk '$2 ~ /^\/(scratch|dev\/shm|dev\/mqueue|dev\/pts|proc|sys)$/ { print "mount " $2 ": " $3, $4 }' /proc/mounts |
    sed 's/,inode64//' | sort
for file in /file /etc/file /dev/file /dev/shm/file /tmp/file /scratch/file /sys/file \
    /proc/sys/kernel/domainname /etc/hosts; do
    if (echo probe >>$file) 2>/dev/null; then echo "can write: $file"; else echo "cannot write: $file"; fi
done
for file in / /etc/hosts /etc/hostname /etc/resolv.conf /tmp /dev /dev/null /dev/shm /dev/pts /proc /scratch; do
    stat -c "mode %n: %F %a %u:%g" $file 2>&1
done
echo "devices: $(ls /dev | grep -v '^core$' | tr '\n' ' ')"
echo "oom_score_adj: $(cat /proc/self/oom_score_adj)"
echo "first process: $(tr '\0' ' ' </proc/1/cmdline)"
echo "hostname: $(hostname), $(cat /etc/hostname)"
sed 's/^/hosts: /' /etc/hosts
grep nameserver /etc/resolv.conf
