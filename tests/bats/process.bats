#!/usr/bin/env bats
# What the process of a container finds: every attribute that config.json sets reaches the guest. One
# container writes them all down, the tests read its report.

load helpers

setup_file() {
    kata_setup_file
    local bundle
    bundle=$(make_bundle /bin/sh /report.sh)
    report_script >"$bundle/rootfs/report.sh"
    mkdir -p "$bundle/rootfs/work" "$bundle/rootfs/hidden" "$bundle/rootfs/frozen"
    echo secret >"$bundle/rootfs/secret"
    echo secret >"$bundle/rootfs/hidden/file"
    chmod -R a+rwX "$bundle/rootfs/work" "$bundle/rootfs/frozen"
    edit_spec "$bundle" "$(spec_filter)"
    export REPORT="$BATS_FILE_TMPDIR/report"
    kata run --bundle "$bundle" "$(unique_id)" </dev/null >"$REPORT" 2>"$REPORT.err" ||
        echo "run ended with $?" >>"$REPORT.err"
}

teardown_file() {
    kata_teardown_file
}

teardown() {
    [[ -n ${BATS_TEST_COMPLETED:-} ]] || cat "$REPORT.err"
    kata_teardown
}

# Only builtins look at the process itself: what they start has attributes of its own.
report_script() {
    cat <<'SCRIPT'
while read -r line; do echo "status $line"; done </proc/self/status
while read -r line; do echo "limit $line"; done </proc/self/limits
while read -r line; do echo "mount $line"; done </proc/self/mountinfo
read -r line </proc/self/stat; echo "numbers $line"
read -r line </proc/self/personality; echo "personality $line"
read -r line </proc/self/oom_score_adj; echo "oom $line"
echo "msgmax $(cat /proc/sys/kernel/msgmax)"
echo "ttl $(cat /proc/sys/net/ipv4/ip_default_ttl)"
echo "domainname $(cat /proc/sys/kernel/domainname)"
echo "umask $(umask)"
echo "cwd $PWD"
echo "pid $$"
env | sed 's/^/env /'
echo "hostname $(hostname)"
echo "machine $(uname -m)"
echo "io $(ionice -p $$)"
echo "mkdir $(mkdir /work/new 2>&1)"
echo "touch $(touch /work/new 2>&1)"
echo "masked-file <$(cat /secret 2>&1)>"
echo "masked-directory <$(ls /hidden 2>&1)>"
echo "frozen $(touch /frozen/file 2>&1)"
SCRIPT
}

spec_filter() {
    cat <<'FILTER'
.root.readonly = false | .hostname = "in-the-guest" | .domainname = "example.org"
| .process.cwd = "/work"
| .process.env = ["PATH=/bin", "ONE=1", "WITH=a b=c", "EMPTY="]
| .process.user = {uid: 1234, gid: 5678, additionalGids: [10, 4000000], umask: 23}
| .process.capabilities = {
    bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
    permitted: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
    effective: ["CAP_KILL", "CAP_NET_BIND_SERVICE"],
    inheritable: ["CAP_NET_BIND_SERVICE"], ambient: ["CAP_NET_BIND_SERVICE"]}
| .process.noNewPrivileges = true
| .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 512, hard: 4000}, {type: "RLIMIT_CORE", soft: 0, hard: 0},
    {type: "RLIMIT_NPROC", soft: 100, hard: 200}]
| .process.oomScoreAdj = -321
| .process.scheduler = {policy: "SCHED_BATCH", nice: 6}
| .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 2}
| .linux.personality = {domain: "LINUX32"}
| .linux.sysctl = {"kernel.msgmax": "12345", "net.ipv4.ip_default_ttl": "77"}
| .linux.maskedPaths += ["/secret", "/hidden", "/not-there"]
| .linux.readonlyPaths += ["/frozen", "/not-there"]
| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    syscalls: [{names: ["mkdir", "mkdirat", "no_such_call"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}
FILTER
}

# reported KEY: what the report has behind the key, blanks squeezed.
reported() {
    sed -n "s/^$1[[:space:]]*//p" "$REPORT" | tr -s ' \t' ' ' | sed 's/ $//'
}

expect_reported() {
    expect_equal "$(reported "$1")" "$2"
}

@test "the report was written whole, and nothing else was said" {
    [[ ! -s $REPORT.err ]]
    grep -q '^frozen' "$REPORT"
}

@test "host name, domain name, directory and environment are those of the configuration" {
    expect_reported hostname in-the-guest
    expect_reported domainname example.org
    expect_reported cwd /work
    expect_equal "$(reported env | grep -vE '^(SHLVL|PWD)=' | sort)" $'EMPTY=\nONE=1\nPATH=/bin\nWITH=a b=c'
}

@test "the process is pid 1 of its own pid namespace" {
    expect_reported pid 1
}

@test "user, group, additional groups and umask are those of the configuration" {
    expect_reported 'status Uid:' "1234 1234 1234 1234"
    expect_reported 'status Gid:' "5678 5678 5678 5678"
    expect_equal "$(reported 'status Groups:' | xargs)" "10 4000000"
    expect_reported umask 0027
}

@test "each capability set has what a user other than root can have of it" {
    expect_reported 'status CapInh:' 0000000000000400
    expect_reported 'status CapPrm:' 0000000000000400
    expect_reported 'status CapEff:' 0000000000000400
    expect_reported 'status CapBnd:' 0000000000000421
    expect_reported 'status CapAmb:' 0000000000000400
}

@test "no_new_privs and the seccomp filter are on" {
    expect_reported 'status NoNewPrivs:' 1
    expect_reported 'status Seccomp:' 2
}

@test "a system call that the seccomp profile denies fails with the profile's error, others do not" {
    expect_reported mkdir "mkdir: can't create directory '/work/new': Operation not supported"
    expect_reported touch ""
}

@test "resource limits, OOM score, scheduler and I/O priority are those of the configuration" {
    expect_reported 'limit Max open files' "512 4000 files"
    expect_reported 'limit Max core file size' "0 0 bytes"
    expect_reported 'limit Max processes' "100 200 processes"
    expect_reported oom -321
    expect_equal "$(reported numbers | cut -d' ' -f19,41)" "6 3" # nice, and SCHED_BATCH
    expect_reported io "best-effort: prio 2"
}

@test "the personality is LINUX32" {
    expect_reported personality 00000008
    expect_reported machine i686
}

@test "sysctls of the guest are set" {
    expect_reported msgmax 12345
    expect_reported ttl 77
}

@test "masked paths show nothing and readonly paths cannot be written" {
    expect_reported masked-file "<>"
    expect_reported masked-directory "<>"
    expect_reported frozen "touch: /frozen/file: Read-only file system"
    reported mount | grep -E ' /proc/sys ro,' # from the default configuration
}
