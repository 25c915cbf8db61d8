#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Trees that somebody changes against us: directories swapped for symlinks while a container is created, and what a
# container leaves in its root before it is deleted. Nothing outside of the container's own files may change on the
# host, nothing of the host's may be reached, and no mount may stay. Each case is a container of one pod, so that one
# virtual machine serves all.

load helpers
load refusal

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    # Whom symlinks point at, and where nobody but the tests themselves may change anything.
    export OUTSIDE="$BATS_FILE_TMPDIR/outside"
    mkdir -p "$OUTSIDE/data/deep/er" "$OUTSIDE/empty"
    echo canary >"$OUTSIDE/data/canary"
    echo secret >"$OUTSIDE/data/deep/er/secret"
    chmod 0600 "$OUTSIDE/data/deep/er/secret"
    truncate -s 1M "$OUTSIDE/disk"
    DISK=$(losetup --find --show "$OUTSIDE/disk")
    POD=$(unique_id pod)
    SHARED="$BATS_FILE_TMPDIR/shared" # a volume of the pod's first container, which attacks from within
    mkdir "$SHARED"
    export DISK POD SHARED
    BUNDLE=$(make_bundle sleep 100000)
    edit_spec "$BUNDLE" '.mounts += [{destination: "/shared", type: "bind", source: $v, options: ["rbind", "rw"]}]' --arg v "$SHARED"
    run_container "$POD" "$BUNDLE"
    SHIM=$(pid_of "$POD")
    export SHIM
    oracle_mounts >"$BATS_FILE_TMPDIR/mounts.before"
    canaries >"$BATS_FILE_TMPDIR/canaries.before"
}

teardown_file() {
    delete_everything
    losetup --detach "$DISK" || true
    kata_teardown_file
}

teardown() {
    stop_swapping
    kata_teardown
}

# canaries: every attribute and byte of what lies outside, but for the times of reading.
canaries() {
    find "$OUTSIDE" /etc -printf '%p %y %m %U:%G %n %s %T@ %C@ %l\n' | LC_ALL=C sort
    find "$OUTSIDE" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
}

# The host as it was before the case: every case ends with this, its container deleted.
expect_untouched() {
    diff "$BATS_FILE_TMPDIR/mounts.before" <(oracle_mounts)
    diff "$BATS_FILE_TMPDIR/canaries.before" <(canaries)
}

# guest_bundle: a container of the pod that may make any device node.
guest_bundle() {
    local bundle
    bundle=$(make_bundle sleep 100000)
    edit_spec "$bundle" "$(guest_filter)" --arg id "$POD" --arg net "/proc/$SHIM/ns/net"
    printf '%s\n' "$bundle"
}

guest_filter() {
    cat <<'FILTER'
.annotations = {"io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.SandboxID": $id}
| .linux.namespaces = [{type: "mount"}, {type: "ipc"}, {type: "uts"}, {type: "pid"}, {type: "network", path: $net}]
| .linux.resources.devices = [{allow: true, access: "rwm"}] | .root.readonly = false
| .process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_DAC_OVERRIDE"])
FILTER
}

# swap ONE OTHER: exchanges two names for as long as the case lasts, and tells how often when it is ended.
swap() {
    # 316 is renameat2, -100 AT_FDCWD, 2 RENAME_EXCHANGE. The pause leaves the processor to the create.
    perl -e 'my $count = 0; $SIG{TERM} = sub { print "$count\n"; exit };
        while (1) {
            syscall(316, -100, $ARGV[0], -100, $ARGV[1], 2) == 0 || die $!;
            ++$count;
            select(undef, undef, undef, 0.0005);
        }' "$1" "$2" >>"$BATS_TEST_TMPDIR/swaps" 3>&- &
    SWAPPERS+=($!)
}

# swap_in_guest: the pod's first container does it with its volume, in several steps, and writes a line for each.
swap_in_guest() {
    kata exec "$POD" sh -c 'cd /shared; while test ! -e stop; do
        mv flip aside; mv link flip; mv flip link; mv aside flip; echo swap >>swaps; done' </dev/null >/dev/null 2>&1 3>&- &
    GUEST_SWAPPER=$!
    wait_until 60 test -s "$SHARED/swaps"
}

has_swapped() {
    [[ $(wc -l <"$SHARED/swaps") -ge $1 ]]
}

stop_swapping() {
    local swapper
    for swapper in "${SWAPPERS[@]}"; do
        kill "$swapper"
        wait "$swapper" || true
    done
    SWAPPERS=()
    [[ -z ${GUEST_SWAPPER:-} ]] || { touch "$SHARED/stop" && wait "$GUEST_SWAPPER"; }
    GUEST_SWAPPER=
}

# delete_container ID: as an engine does it after the container's end.
delete_container() {
    kata kill "$1" KILL
    wait_for_status "$1" stopped
    kata delete "$1"
}

# create_under_attack ID BUNDLE: $status is the create's. It may be refused, with one clean line. Whatever was mounted of
# the volume, it was not the host's /proc.
create_under_attack() {
    local id=$1 stderr
    status=0
    quiet_kata create --bundle "$2" "$id" </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/stderr" || status=$?
    # shellcheck disable=SC2034  # expect_one_error_line reads it
    stderr=$(cat "$BATS_TEST_TMPDIR/stderr")
    [[ $status == 0 ]] || expect_one_error_line
    expect_equal "$(grep -E -- "/$id/.* - proc " /proc/self/mountinfo)" ""
    kata delete --force "$id"
}

# attacked_bundle VOLUME TARGET READ_ONLY: a container with a volume of which a directory and a symlink to TARGET take
# turns, and a mount point below a directory that takes turns with a symlink to the outside.
attacked_bundle() {
    local volume=$1 bundle
    bundle=$(guest_bundle)
    mkdir -p "$volume/flip/data" "$volume/still" "$bundle/rootfs/place"
    ln -s "$2" "$volume/link"
    ln -s "$OUTSIDE/empty" "$bundle/rootfs/elsewhere"
    edit_spec "$bundle" '.root.readonly = $r | .mounts += [
        {destination: "/volume", type: "bind", source: ($v + "/flip/data"), options: ["rbind"]},
        {destination: "/place/made/here", type: "bind", source: ($v + "/still"), options: ["rbind"]}]' \
        --arg v "$volume" --argjson r "$3"
    printf '%s\n' "$bundle"
}

@test "creates whose volume and mount point are swapped for symlinks all the time touch nothing outside" {
    local outside host guest tree round
    local -A succeeded=([outside]=0 [host]=0)
    mkdir "$BATS_TEST_TMPDIR/leads-to-proc"
    ln -s /proc "$BATS_TEST_TMPDIR/leads-to-proc/data"
    outside=$(attacked_bundle "$BATS_TEST_TMPDIR/outside" "$OUTSIDE" true)
    host=$(attacked_bundle "$BATS_TEST_TMPDIR/host" "$BATS_TEST_TMPDIR/leads-to-proc" false)
    guest=$(attacked_bundle "$SHARED" "$BATS_TEST_TMPDIR/leads-to-proc" false)
    # Nothing but the attack is in the way.
    create_under_attack "$POD-unharmed" "$host"
    expect_status 0
    swap_in_guest
    for round in 1 2 3; do
        create_under_attack "$POD-g$round" "$guest"
        wait_until 60 has_swapped $((round * 4))
    done
    stop_swapping
    for tree in outside host; do
        swap "$BATS_TEST_TMPDIR/$tree/flip" "$BATS_TEST_TMPDIR/$tree/link"
        swap "${!tree}/rootfs/place" "${!tree}/rootfs/elsewhere"
    done
    # Nine rounds each, and more while luck has let none of a tree through.
    for ((round = 1; round <= 9 || (round <= 60 && succeeded[outside] * succeeded[host] == 0); round++)); do
        for tree in outside host; do
            create_under_attack "$POD-$tree$round" "${!tree}"
            [[ $status != 0 ]] || succeeded[$tree]=$((succeeded[$tree] + 1))
        done
    done
    stop_swapping
    # They were really attacked, and refusing all of them would be no answer.
    [[ $(wc -l <"$BATS_TEST_TMPDIR/swaps") == 4 ]]
    awk '$1 < 1000 { exit 1 }' "$BATS_TEST_TMPDIR/swaps" || { cat "$BATS_TEST_TMPDIR/swaps"; return 1; }
    [[ ${succeeded[outside]} -ge 1 && ${succeeded[host]} -ge 1 ]] || { declare -p succeeded; return 1; }
    expect_untouched
}

# leave_a_mess: what the guest does to its root, in which OUTSIDE and MINOR are the host's.
leave_a_mess() {
    cat <<'SCRIPT'
set -e
mkdir /left /links /links/0
cd /left
ln -s /etc etc; ln -s "$OUTSIDE" outside; ln -s ../../../../../../../../../../etc climbing
touch "$(printf 'two\nlines')" "$(printf 'clear\033[2Jed')" -- '-rf' '* $(id) `id`'
mkfifo fifo
for node in "disk b 7 $MINOR" "mem c 1 1"; do mknod $node || test ! -e "${node%% *}"; done # virtiofsd may make none under libvirt
ln -s /left/socket /dev/log; syslogd
mkdir closed; touch closed/file; chmod 000 closed/file closed
touch /links/0/file; for i in 1 2 3 4 5 6 7 8 9; do ln /links/0/file "/links/0/$i"; done
for i in 1 2 3 4 5 6 7; do mkdir /links.new; cp -al /links /links.new/a; mv /links /links.new/b; mv /links.new /links; done
rmdir /var; ln -s "$OUTSIDE/data" /var; mv /tmp /tmp.old; ln -s /etc /tmp
name=$(printf %0200d 0)
while mkdir "$name" && cd "$name" 2>/dev/null; do :; done # as deep as a path goes
SCRIPT
}

@test "what a container leaves in its root disturbs no delete, and nothing behind its links changes" {
    local bundle id="$POD-mess"
    bundle=$(guest_bundle)
    mkdir -p "$bundle/rootfs/volume" "$BATS_TEST_TMPDIR/volume"
    edit_spec "$bundle" '.process.env += ["OUTSIDE=" + $o, "MINOR=" + $m]
        | .mounts += [{destination: "/volume", type: "bind", source: $v, options: ["rbind"]}]' \
        --arg o "$OUTSIDE" --arg m $((16#$(stat -c %T "$DISK"))) --arg v "$BATS_TEST_TMPDIR/volume"
    run_container "$id" "$bundle"
    run_kata exec "$id" sh -c "$(leave_a_mess)"
    expect_status 0
    # All of it is in the tree of the host: what is deleted below really was there.
    [[ -S $bundle/rootfs/left/socket && -p $bundle/rootfs/left/fifo && -d $bundle/rootfs/left/closed ]]
    [[ -e "$bundle/rootfs/left/"$'two\nlines' && -L $bundle/rootfs/var ]]
    expect_equal "$(stat -c %h "$(find "$bundle/rootfs/links" -name 9 -print -quit)")" 1280
    # The place of the volume, as another container with the same tree could change it.
    mv "$bundle/rootfs/volume" "$bundle/rootfs/volume.old"
    ln -s "$OUTSIDE" "$bundle/rootfs/volume"
    delete_container "$id"
    expect_nothing_left "$id"
    expect_untouched
}

@test "device nodes and FIFOs of a volume open nothing of the host's" {
    local bundle id="$POD-nodes" volume="$BATS_TEST_TMPDIR/volume" fifo
    bundle=$(guest_bundle)
    mkdir "$volume"
    mkfifo "$volume/fifo"
    mknod "$volume/disk" b 7 $((16#$(stat -c %T "$DISK")))
    edit_spec "$bundle" '.mounts += [{destination: "/volume", type: "bind", source: $v, options: ["rbind"]}]' --arg v "$volume"
    exec {fifo}<>"$volume/fifo"
    run_container "$id" "$bundle"
    run_kata exec "$id" sh -c 'test -b /volume/disk && echo from-guest >/volume/disk'
    expect_failure "can't create /volume/disk"
    run_kata exec "$id" head -c 6 /volume/disk
    expect_failure "/volume/disk: No such device"
    # Nobody reads it in the guest; somebody would on the host.
    run_kata exec "$id" timeout 1 sh -c 'echo from-guest >/volume/fifo'
    [[ $status != 0 ]]
    run read -r -t 0.2 -u "$fifo"
    [[ $status != 0 ]]
    exec {fifo}<&-
    delete_container "$id"
    expect_untouched
}

# expect_null_device ID: the container's is the kernel's, and hides what the specification masks.
expect_null_device() {
    run_kata exec "$1" sh -c 'stat -c "%F %t:%T" /dev/null; echo lost >/dev/null; cat /dev/null; wc -c </proc/keys'
    expect_output "$(printf 'character special file 1:3\n0')"
}

@test "a root whose /dev/null is a file, or a symlink to one of the host's, gets the real one" {
    local bundle kind
    for kind in file link; do
        bundle=$(guest_bundle)
        edit_spec "$bundle" '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.maskedPaths = ["/proc/keys"]'
        if [[ $kind == file ]]; then
            echo fake >"$bundle/rootfs/dev/null"
        else
            ln -s "$OUTSIDE/data/canary" "$bundle/rootfs/dev/null"
        fi
        run_container "$POD-$kind" "$bundle"
        expect_null_device "$POD-$kind"
        delete_container "$POD-$kind"
    done
    expect_untouched
}

@test "a root whose /dev is a symlink to a directory of the host's is refused" {
    local bundle
    bundle=$(guest_bundle)
    rmdir "$bundle/rootfs/dev"
    ln -s "$OUTSIDE/empty" "$bundle/rootfs/dev"
    run create_container "$POD-dev" "$bundle"
    expect_failure "cannot create the container: open /dev directory"
    expect_nothing_left "$POD-dev"
    expect_untouched
}

# disks_of_pod: the disks of the domain.
disks_of_pod() {
    virsh -q -c qemu:///system dumpxml "$(domain_of "$POD")" | grep -c '<disk ' || true
}

@test "a root without any file is a directory, not the disk of the host that it lies on" {
    local bundle
    bundle=$(guest_bundle)
    rm -r "$bundle/rootfs"
    mkdir "$bundle/rootfs"
    run create_container "$POD-empty" "$bundle"
    expect_failure 'exec: "sleep": executable file not found in $PATH'
    # With a program from elsewhere it runs, and shows what it has been given.
    edit_spec "$bundle" '.mounts += [{destination: "/bin", type: "bind", source: $bin, options: ["rbind", "ro"]}]' --arg bin "$(image)/bin"
    run_container "$POD-empty" "$bundle"
    run_kata exec "$POD-empty" sh -c 'grep " / " /proc/mounts | cut -d" " -f3; ls /'
    expect_contains virtiofs
    [[ $output != *etc* ]]
    expect_equal "$(disks_of_pod)" 0
    delete_container "$POD-empty"
    expect_untouched
}
