#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# What a specification mounts, which devices and kernel parameters it asks for, and what of the host is seen
# live. One virtual machine serves nearly all cases; runc runs the same bundle where both can be compared.

load helpers
load refusal
load ../support/libraries

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    export SOURCES="$BATS_FILE_TMPDIR/sources"
    make_sources
    BUNDLE=$(make_bundle sleep 100000)
    ID=$(unique_id)
    export BUNDLE ID
    mkdir -p "$BUNDLE/rootfs/template"
    echo from-image >"$BUNDLE/rootfs/template/file"
    add_client
    edit_spec "$BUNDLE" "$(mounts_filter)" --arg s "$SOURCES"
    edit_spec "$BUNDLE" "$(devices_filter)" --slurpfile host <(host_devices)
    edit_spec "$BUNDLE" '.linux.seccomp = $profile[0]' --slurpfile profile <(seccomp_profile)
    # The log of the create is what a user sees of warnings.
    "$KATA_RUNTIME" --root "$KATA_ROOT" --log "$BATS_FILE_TMPDIR/create.log" --log-format json \
        create --bundle "$BUNDLE" "$ID" </dev/null >"$BUNDLE/out" 2>&1 || { cat "$BUNDLE/out"; return 1; }
    kata start "$ID"
}

teardown_file() {
    kata_teardown_file
    local path
    kill "$LISTENER" || true
    for path in followed/late private/late tree/below followed private; do
        umount -l "$SOURCES/$path" 2>/dev/null || true
    done
}

teardown() {
    kata_teardown
}

make_sources() {
    local name
    mkdir -p "$SOURCES"/{live,followed/late,private/late,tree/below,later,gone,flags}
    for name in live later gone flags; do
        echo "$name" >"$SOURCES/$name/name"
    done
    echo one >"$SOURCES/hosts"
    # What is mounted later below a volume can only arrive if the volume is a shared mount.
    for name in followed private; do
        mount --bind "$SOURCES/$name" "$SOURCES/$name"
        mount --make-shared "$SOURCES/$name"
    done
    mount --bind "$SOURCES/later" "$SOURCES/tree/below"
    mkfifo "$SOURCES/fifo"
    # Whoever connects to it on the host is let in.
    socat "UNIX-LISTEN:$SOURCES/socket,fork" PIPE </dev/null >/dev/null 2>&1 3>&- &
    export LISTENER=$!
    wait_until 60 test -S "$SOURCES/socket"
    ln -s /proc "$SOURCES/link"
    mknod "$SOURCES/disk" b 8 0
}

# socat with its libraries, because busybox knows no unix sockets.
add_client() {
    with_libraries "$BUNDLE/rootfs" "$(command -v socat)"
}

mounts_filter() {
    cat <<'FILTER'
.root.readonly = false | .process.noNewPrivileges = true
| .process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_SYS_ADMIN"])
| .mounts += [
    {destination: "/etc/hosts", type: "bind", source: ($s + "/hosts"), options: ["rbind", "rprivate"]},
    {destination: "/live", type: "bind", source: ($s + "/live"), options: ["rbind"]},
    {destination: "/followed", type: "bind", source: ($s + "/followed"), options: ["rbind", "rslave"]},
    {destination: "/private", type: "bind", source: ($s + "/private"), options: ["rbind", "rprivate"]},
    {destination: "/tree", type: "bind", source: ($s + "/tree"), options: ["rbind"]},
    {destination: "/top", type: "bind", source: ($s + "/tree"), options: ["bind"]},
    {destination: "/gone", type: "bind", source: ($s + "/gone"), options: ["bind"]},
    {destination: "/flags", type: "bind", source: ($s + "/flags"), options: ["bind", "nosuid", "nodev", "noexec", "ro"]},
    {destination: "/scratch", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "noexec", "size=2m", "mode=0700"]},
    {destination: "/template", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "size=2m"]},
    {destination: "/fifo", type: "bind", source: ($s + "/fifo"), options: ["bind"]},
    {destination: "/socket", type: "bind", source: ($s + "/socket"), options: ["bind"]},
    {destination: "/guest-link", type: "bind", source: ($s + "/link"), options: ["rbind", "ro"]},
    {destination: "/guest-dev", type: "bind", source: "/dev", options: ["rbind"]},
    {destination: "/guest-sys", type: "bind", source: "/sys/kernel", options: ["bind", "ro"]},
    {destination: "/dev/dangling", type: "bind", source: ($s + "/disk"), options: ["bind"]}]
| .linux.maskedPaths = ["/proc/kcore", "/sys/firmware"] | .linux.readonlyPaths = ["/proc/sys", "/proc/irq"]
| .linux.sysctl = {"kernel.shmmax": "12345678", "fs.mqueue.msg_max": "20", "kernel.domainname": "example.org",
    "net.ipv4.ip_unprivileged_port_start": "0", "vm.swappiness": "7"}
# A runtime passes over what a later specification has.
| .novelty = {list: [1]} | .process.novelty = "x" | .linux.resources.novelty = 1 | .mounts[0].novelty = null
FILTER
}

# Every device of this host and 300 disks, as docker run --privileged has them; not all is allowed, so each one
# that does not cross is named.
devices_filter() {
    cat <<'FILTER'
.linux.devices = ($host[0] + [range(300) | {path: "/dev/disk\(.)", type: "b", major: 8, minor: ., fileMode: 432}])
| .linux.resources.devices += [{allow: true, type: "c", major: 10, minor: 229, access: "rw"},
    {allow: true, type: "b", major: 8, minor: 0, access: "rw"}]
FILTER
}

host_devices() {
    find /dev -xdev \( -type c -o -type b \) -not -path '/dev/pts/*' -printf '%p %y\n' | while read -r path type; do
        printf '{"path": "%s", "type": "%s", "major": %d, "minor": %d, "fileMode": 438}\n' "$path" "$type" \
            "0x$(stat -c %t "$path")" "0x$(stat -c %T "$path")"
    done | jq -s '. + [{path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 438}] | unique_by(.path)'
}

# As long as docker's own profile: every system call that the headers know is allowed, but for three.
seccomp_profile() {
    echo '#include <sys/syscall.h>' | cpp -dM | sed -nE 's/^#define SYS_([a-z0-9_]+) .*/\1/p' | sort |
        grep -vxE 'unshare|keyctl|sethostname' |
        jq -R . | jq -s '{defaultAction: "SCMP_ACT_ERRNO", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
            syscalls: [{names: ., action: "SCMP_ACT_ALLOW"}]}'
}

in_guest() {
    run_kata exec "$ID" sh -c "$1"
}

guest_prints() {
    [[ $(kata exec "$ID" sh -c "$1") == "$2" ]]
}

# mount_flags PATH...: the options of each mount that a flag of mount(2) sets, for a shell in the container.
mount_flags() {
    printf 'for p in %s; do awk -v p=$p '\''$5 == p { n = split($6, o, ","); s = p
        for (i = 1; i <= n; i++) if (o[i] != "relatime") s = s " " o[i]
        print s }'\'' /proc/self/mountinfo; done' "$*"
}

@test "a single file that is rewritten in place on the host is seen to change" {
    in_guest 'cat /etc/hosts'
    expect_output one
    echo two >"$SOURCES/hosts"
    wait_until 60 guest_prints 'cat /etc/hosts' two
    echo 'three and more' >"$SOURCES/hosts"
    wait_until 60 guest_prints 'cat /etc/hosts' 'three and more'
}

@test "a file of a volume that is replaced by rename on the host is seen to change" {
    echo replaced >"$SOURCES/live/new"
    mv "$SOURCES/live/new" "$SOURCES/live/name"
    wait_until 60 guest_prints 'cat /live/name' replaced
    echo again >"$SOURCES/live/name"
    wait_until 60 guest_prints 'cat /live/name' again
}

@test "a mount made on the host below a slave volume appears in the container, and goes again" {
    mount --bind "$SOURCES/later" "$SOURCES/followed/late"
    wait_until 60 guest_prints 'cat /followed/late/name' later
    umount -l "$SOURCES/followed/late"
    wait_until 60 guest_prints 'ls /followed/late' ''
}

@test "a mount made on the host below a private volume does not appear" {
    mount --bind "$SOURCES/later" "$SOURCES/private/late"
    sleep 2
    in_guest 'ls /private/late'
    expect_output ""
    umount -l "$SOURCES/private/late"
}

@test "rbind has what is mounted below the source, bind has not" {
    in_guest 'cat /tree/below/name; ls /top/below'
    expect_output later
}

@test "flags of binds and tmpfs are those that runc gives" {
    local bundle script
    script=$(mount_flags /flags /scratch /template /proc/sys /proc/irq /sys /dev/shm /dev/mqueue)
    bundle=$(make_bundle sh -c "$script")
    mkdir -p "$bundle/rootfs/template"
    edit_spec "$bundle" "$(mounts_filter)" --arg s "$SOURCES"
    edit_spec "$bundle" 'del(.linux.sysctl) | .mounts |= map(select(.destination | test("guest|dangling") | not))'
    in_guest "$script"
    expect_status 0
    expect_equal "$(sort <<<"$output")" "$(runc --root "$BATS_TEST_TMPDIR/runc" run --bundle "$bundle" "$ID-runc" | sort)"
}

@test "a tmpfs has its size and mode, and with tmpcopyup what the image has there" {
    in_guest 'stat -c %a /scratch; stat -f -c "%T %b" /scratch; cat /template/file; stat -f -c %T /template'
    expect_output "$(printf '700\ntmpfs 512\nfrom-image\ntmpfs')"
    [[ -e $BUNDLE/rootfs/template/file && ! -e $BUNDLE/rootfs/scratch/x ]]
}

@test "devpts, mqueue and cgroups are the guest's" {
    in_guest 'stat -f -c %T /dev/pts; ls /dev/pts; grep -c " /dev/mqueue .* - mqueue " /proc/self/mountinfo
        grep -c " /sys/fs/cgroup .* - cgroup2 " /proc/self/mountinfo; mkdir /sys/fs/cgroup/x'
    expect_contains devpts
    expect_contains ptmx
    expect_contains "Read-only file system"
    expect_equal "$(grep -cx 1 <<<"$output")" 2
}

@test "masked paths are empty and read-only paths cannot be written" {
    in_guest 'wc -c </proc/kcore; ls /sys/firmware; echo 1 >/proc/sys/vm/swappiness'
    expect_contains "Read-only file system"
    expect_equal "${lines[0]}" 0
}

@test "binds of the kernel's directories show the guest's, and what only the host has is left out with a warning" {
    in_guest 'ls /guest-dev/vport0p1 && ls /guest-sys/mm >/dev/null && cat /proc/sys/kernel/osrelease'
    expect_status 0
    [[ ! -e /dev/vport0p1 ]]
    run jq -r 'select(.level == "warning") | .msg' "$BATS_FILE_TMPDIR/create.log"
    expect_contains "\"/fifo\": \"$SOURCES/fifo\" is a socket or FIFO and connects nobody"
    expect_contains "\"/socket\": \"$SOURCES/socket\" is a socket or FIFO and connects nobody"
    expect_contains '"/dev/dangling"'
}

@test "a socket of the host is there and connects nobody" {
    expect_equal "$(echo anyone | socat - "UNIX-CONNECT:$SOURCES/socket")" anyone
    in_guest 'test -S /socket && /usr/bin/socat - UNIX-CONNECT:/socket'
    expect_failure "Connection refused"
}

@test "a bind through a symlink into the host's /proc shows the guest's" {
    in_guest 'cat /guest-link/sys/kernel/random/boot_id; touch /guest-link/sys/kernel/hostname'
    expect_equal "${lines[0]}" "$(kata exec "$ID" cat /proc/sys/kernel/random/boot_id)"
    [[ ${lines[0]} != "$(cat /proc/sys/kernel/random/boot_id)" ]]
    expect_contains "Read-only file system"
}

@test "of hundreds of devices those exist in the container that the guest has" {
    in_guest 'test -c /dev/fuse && test ! -e /dev/disk0 && test -c /dev/urandom && ls /dev | wc -l'
    expect_status 0
    [[ $output -lt 60 ]]
    in_guest '(exec 3<>/dev/fuse) && echo opened'
    expect_output opened
    # Numbers of the host's disks open nothing of the guest's, even where the specification allows them.
    in_guest 'mknod /scratch-disk b 8 0 && (exec 3</scratch-disk)'
    expect_failure "Operation not permitted"
    run grep -c 'disk.*left out' "$BATS_FILE_TMPDIR/create.log"
    [[ $output -ge 300 ]]
}

@test "kernel parameters of namespaces, of the network and of the machine are set" {
    in_guest 'cd /proc/sys && cat kernel/shmmax fs/mqueue/msg_max kernel/domainname net/ipv4/ip_unprivileged_port_start vm/swappiness'
    expect_output "$(printf '12345678\n20\nexample.org\n0\n7')"
    [[ $(cat /proc/sys/vm/swappiness) != 7 ]]
}

@test "a seccomp profile with hundreds of rules is in force" {
    in_guest 'grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status'
    expect_output "$(printf 'NoNewPrivs:\t1\nSeccomp:\t2')"
    in_guest 'unshare -u true'
    expect_failure "Operation not permitted"
    in_guest 'hostname refused'
    expect_failure "Operation not permitted"
}

@test "the source of a volume may be removed on the host while the container runs" {
    rm -r "$SOURCES/gone"
    in_guest 'cat /gone/name 2>/dev/null; echo still here'
    expect_contains "still here"
}

@test "mounts that would hide /proc are refused before anything is started" {
    local bundle destination
    bundle=$(make_bundle true)
    for destination in /proc /proc/sys /proc/self/../sys; do
        edit_spec "$bundle" '.mounts = [{destination: $d, type: "bind", source: "/tmp", options: ["bind"]}]' --arg d "$destination"
        expect_refused "cannot be mounted because it is" create --bundle "$bundle" "$ID-x"
    done
    expect_nothing_left "$ID-x"
}

@test "what cannot be mounted is refused with its place in the specification" {
    local bundle
    bundle=$(make_bundle true)
    edit_spec "$bundle" '.mounts += [{destination: "/x", type: "bind", source: "/tmp", options: ["bind", "idmap"]}]'
    expect_refused "options[1] asks for an id-mapped mount" create --bundle "$bundle" "$ID-x"
    bundle=$(make_bundle true)
    edit_spec "$bundle" '.mounts += [{destination: "/x", type: "bind", source: "/no/such/source", options: ["bind"]}]'
    expect_refused "/no/such/source" create --bundle "$bundle" "$ID-x"
    edit_spec "$bundle" '.linux.rootfsPropagation = "sideways"'
    expect_refused "linux.rootfsPropagation" create --bundle "$bundle" "$ID-x"
    expect_nothing_left "$ID-x"
}

@test "a container whose volumes changed under it is deleted without a trace" {
    kata kill "$ID" KILL
    wait_for_status "$ID" stopped
    kata delete "$ID"
    expect_nothing_left "$ID"
    run findmnt -rn -o TARGET
    [[ $output != *"/sandboxes/$ID"* ]]
}
