#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# The files of a container, seen from both sides: its root, its volumes, and the kata-shim's view, where
# engines copy to and from. Hostile files in it disturb nobody.

load helpers

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    BUNDLE=$(make_bundle sleep 100000)
    ID=$(unique_id)
    export BUNDLE ID
    make_volumes
    plant_hostile_libraries
    edit_spec "$BUNDLE" "$(spec_filter)" --arg v "$BATS_FILE_TMPDIR/volumes"
    run_container "$ID" "$BUNDLE" --pid-file "$BUNDLE/pid"
    SHIM_ROOT=/proc/$(cat "$BUNDLE/pid")/root
    export VOLUMES="$BATS_FILE_TMPDIR/volumes" SHIM_ROOT
}

teardown_file() {
    kata_teardown_file
}

teardown() {
    kata_teardown
}

make_volumes() {
    local volumes="$BATS_FILE_TMPDIR/volumes" name
    for name in data frozen nested; do
        mkdir -p "$volumes/$name"
        echo "$name" >"$volumes/$name/name"
    done
    echo first >"$volumes/single"
    echo frozen >"$volumes/frozen-single"
}

# A library or a preload list that anything outside the container would load from its tree.
plant_hostile_libraries() {
    local root="$BUNDLE/rootfs" path
    for path in lib/x86_64-linux-gnu/libc.so.6 lib64/ld-linux-x86-64.so.2 lib/x86_64-linux-gnu/libnss_files.so.2 \
        usr/lib/x86_64-linux-gnu/libvirt.so.0 etc/ld.so.cache hostile.so; do
        mkdir -p "$(dirname "$root/$path")"
        head -c 100000 /dev/urandom >"$root/$path"
        chmod 0755 "$root/$path"
    done
    echo /hostile.so >"$root/etc/ld.so.preload"
}

# The mounts stand in an order in which the later ones lie inside the earlier ones.
spec_filter() {
    cat <<'FILTER'
.root.readonly = true | .process.env += ["LD_PRELOAD=/hostile.so", "LD_LIBRARY_PATH=/lib/x86_64-linux-gnu"]
| .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"]) | .process.noNewPrivileges = false
| .mounts += [
    {destination: "/data", type: "bind", source: ($v + "/data"), options: ["rbind", "rw"]},
    {destination: "/data/inner", type: "bind", source: ($v + "/nested"), options: ["bind", "rw"]},
    {destination: "/frozen", type: "bind", source: ($v + "/frozen"), options: ["rbind", "ro"]},
    {destination: "/etc/single", type: "none", source: ($v + "/single"), options: ["bind"]},
    {destination: "/etc/frozen-single", type: "bind", source: ($v + "/frozen-single"), options: ["bind", "ro"]},
    {destination: "/scratch", type: "tmpfs", source: "tmpfs", options: ["size=1m", "mode=0750"]}]
FILTER
}

in_guest() {
    run_kata exec "$ID" sh -c "$1"
}

@test "the container runs whatever libraries its tree has" {
    in_guest 'echo here'
    expect_status 0
    expect_output here
    in_guest 'echo $LD_PRELOAD'
    expect_output /hostile.so
}

@test "the shim has nothing of the container's tree mapped or open" {
    local pid
    pid=$(cat "$BUNDLE/pid")
    run grep -E '/(hostile|lib.*\.so|etc)' "/proc/$pid/maps"
    expect_output ""
    run find "/proc/$pid/fd" -lname "$BUNDLE/rootfs*"
    expect_output ""
}

@test "a directory volume is the same directory on both sides" {
    in_guest 'cat /data/name; echo guest >/data/from-guest; mkdir /data/dir; ln -s name /data/link'
    expect_status 0
    expect_output data
    expect_equal "$(cat "$VOLUMES/data/from-guest") $(readlink "$VOLUMES/data/link")" "guest name"
    [[ -d $VOLUMES/data/dir ]]
    echo host >"$VOLUMES/data/from-host"
    in_guest 'cat /data/from-host'
    expect_output host
}

@test "a volume inside another volume hides what is below it" {
    in_guest 'cat /data/inner/name; echo guest >/data/inner/written'
    expect_status 0
    expect_output nested
    expect_equal "$(cat "$VOLUMES/nested/written")" guest
    [[ ! -e $VOLUMES/data/inner/written ]]
}

@test "a single file can be a volume" {
    in_guest 'cat /etc/single; echo changed >/etc/single'
    expect_status 0
    expect_output first
    expect_equal "$(cat "$VOLUMES/single")" changed
}

@test "a tmpfs is the guest's own, with its size and mode" {
    in_guest 'stat -c %a /scratch; echo x >/scratch/x; dd if=/dev/zero of=/scratch/big bs=64k count=32 2>&1 | tail -n 1; stat -f -c %T /scratch'
    expect_contains 750
    expect_contains tmpfs
    [[ ! -e $BUNDLE/rootfs/scratch/x ]]
    in_guest 'test $(stat -c %s /scratch/big) -le 1048576'
    expect_status 0
}

@test "a read-only root cannot be written, even after the guest has made its mount writable" {
    in_guest 'touch /bin/new'
    expect_failure "Read-only file system"
    in_guest 'mount -o remount,rw / ; mount -o remount,rw,bind / ; touch /bin/new'
    expect_failure "Read-only file system"
    in_guest 'echo garbage >/etc/passwd'
    expect_failure "Read-only file system"
    [[ ! -e $BUNDLE/rootfs/bin/new ]]
}

@test "a read-only volume cannot be written, even after the guest has made its mount writable" {
    in_guest 'cat /frozen/name /etc/frozen-single'
    expect_output $'frozen\nfrozen'
    in_guest 'mount -o remount,rw,bind /frozen; touch /frozen/new'
    expect_failure "Read-only file system"
    in_guest 'mount -o remount,rw,bind /etc/frozen-single; echo x >>/etc/frozen-single'
    expect_failure "Read-only file system"
    [[ ! -e $VOLUMES/frozen/new && $(cat "$VOLUMES/frozen-single") == frozen ]]
}

@test "the shim's root is the container's tree with every volume at its destination" {
    expect_equal "$(cat "$SHIM_ROOT/data/name" "$SHIM_ROOT/data/inner/name" "$SHIM_ROOT/frozen/name" | xargs)" "data nested frozen"
    expect_equal "$(cat "$SHIM_ROOT/etc/single")" "$(cat "$VOLUMES/single")"
    echo engine >"$SHIM_ROOT/data/from-engine"
    in_guest 'cat /data/from-engine'
    expect_output engine
    run touch "$SHIM_ROOT/frozen/new"
    expect_failure "Read-only file system"
    run touch "$SHIM_ROOT/bin/new"
    expect_failure "Read-only file system"
    expect_equal "$(stat -L -c %d:%i "$SHIM_ROOT/bin/busybox")" "$(stat -c %d:%i "$BUNDLE/rootfs/bin/busybox")"
}

@test "the shim's /proc shows its own pid namespace" {
    expect_equal "$(tr '\0' ' ' <"$SHIM_ROOT/proc/1/cmdline" | cut -d' ' -f1 | xargs basename)" kata-shim
    [[ ! -e $SHIM_ROOT/proc/$$ ]]
}
