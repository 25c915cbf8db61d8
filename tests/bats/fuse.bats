#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # a script of perl; variables that bats' run sets
# A guest whose kernel is hostile speaks FUSE to virtiofsd itself, with requests that no Linux sends. raw-fuse is such a
# guest without a virtual machine: the share is made by the runtime's own code, and the server started with the runtime's
# own arguments, or with those that libvirt has for it. What lies outside of the container's root must stay as it is.

load helpers

RAW_FUSE=${BUILD:-build}/tests/support/raw-fuse
[[ $RAW_FUSE == /* ]] || RAW_FUSE=$SOURCE_ROOT/$RAW_FUSE

setup_file() {
    kata_setup_file
    [[ -x $RAW_FUSE ]] || { echo "$RAW_FUSE is not there; run make test"; return 1; }
}

teardown_file() {
    kata_teardown_file
}

setup() {
    ulimit -c 0 # a server that is made to abort writes nothing
    truncate -s 1M "$BATS_TEST_TMPDIR/disk"
    DISK=$(losetup --find --show "$BATS_TEST_TMPDIR/disk")
}

teardown() {
    losetup --detach "$DISK"
    kata_teardown
}

# make_work NAME: in $WORK a container's root, and what is beside it, beside the share and beside their parents.
make_work() {
    local directory
    WORK="$BATS_TEST_TMPDIR/$1"
    mkdir -p "$WORK/state" "$WORK/bundle" "$WORK/share/sandbox"
    for directory in "$WORK" "$WORK/bundle" "$WORK/share" "$WORK/share/sandbox"; do
        echo secret >"$directory/canary"
        mkdir "$directory/canaries"
    done
    make_rootfs "$WORK/bundle/rootfs"
    canaries >"$BATS_TEST_TMPDIR/canaries.before"
}

# make_rootfs DIRECTORY: files, links that lead out, nodes that stand for something of the host's.
make_rootfs() {
    mkdir -p "$1/directory"
    echo content | tee "$1/file" >"$1/forgotten"
    ln -s "$WORK/canary" "$1/absolute"
    ln -s ../canary "$1/relative"
    ln -s "$WORK/escaped" "$1/dangling"
    ln -s "$WORK" "$1/elsewhere"
    mknod "$1/disk" b 7 $((16#$(stat -c %T "$DISK")))
    mknod "$1/zero" c 1 5
    mkfifo "$1/fifo"
}

# canaries: every attribute and byte of what is outside, but for the directories that the share makes there.
canaries() {
    find "$WORK" \( -path "$WORK/state" -o -path "$WORK/bundle/rootfs" -o -path "$WORK/share/sandbox/mounts" \
        -o -path "$WORK/share/sandbox/shared" \) -prune -o -path "$WORK/share/sandbox" \
        -o -printf '%p %y %m %U:%G %n %s %T@ %l\n' | LC_ALL=C sort
    # 194 is listxattr.
    find "$WORK" -name 'canar*' -print0 | LC_ALL=C sort -z |
        xargs -0 perl -e 'for (@ARGV) { my $names = "\0" x 256; print "$_ ", syscall(194, $_, $names, 256), "\n" }'
    find "$WORK" -name canary -print0 | LC_ALL=C sort -z | xargs -0 sha256sum "$BATS_TEST_TMPDIR/disk"
}

# Nothing outside is changed or new, and nothing came in: no name that the requests try to make is anywhere.
expect_untouched() {
    diff "$BATS_TEST_TMPDIR/canaries.before" <(canaries)
    expect_equal "$(find "$WORK" -name 'escaped*' -o -name stolen)" ""
    expect_equal "$(find "$WORK/share/sandbox" -mindepth 1 -not -name 'canar*' -printf '%P\n' | LC_ALL=C sort | tr '\n' ' ')" \
        'mounts mounts/container mounts/container/rootfs shared '
}

# raw_fuse SERVER REQUESTS: every request was taken, and the server ended with its guest.
raw_fuse() {
    run timeout 60 "$RAW_FUSE" "$WORK" "$@"
    [[ $status == 0 && $(result_of server) == ended ]] || {
        printf '%s\nthe server said:\n%s\n' "$output" "$(tail -n 5 "$WORK/state/words")"
        return 1
    }
}

# result_of NAME: ok, the error's name, or nothing if the request was not sent.
result_of() {
    awk -F '\t' -v name="$1" '$1 == name { print $2 }' <<<"$output"
}

detail_of() {
    awk -F '\t' -v name="$1" '$1 == name { print $3 }' <<<"$output"
}

# The requests that may be served, as lines of regular expressions: about what is the container's own, be it a link or a
# node, of which none is opened or followed. To fsync, -1 is no handle at all; and where the host's kernel has SELinux
# without a policy, labels are anybody's to set on files of their own. Everything else is to be refused.
may_be_served() {
    cat <<'EXPRESSIONS'
(lookup|read) file
readdir at the top
readlink (absolute|relative|dangling|elsewhere)
(chmod|chown|link) (absolute|relative|dangling|elsewhere|disk|zero|fifo|made-char)
mknod (block|char) in rootfs
release by .*
fsync by handle -1
setxattr security.selinux
EXPRESSIONS
}

# expect_refusals: of the last requests.
expect_refusals() {
    expect_equal "$(awk -F '\t' '$2 == "ok" { print $1 }' <<<"$output" | grep -vxEf <(may_be_served))" ""
    expect_equal "$(result_of 'lookup file') $(result_of 'read file')" 'ok ok'
    expect_equal "$(detail_of 'read file')" content
    # The top is the share's own, of which nothing is above.
    expect_equal "$(detail_of 'readdir at the top' | tr ' ' '\n' | LC_ALL=C sort | tr '\n' ' ')" '. .. container '
    [[ -L $WORK/bundle/rootfs/absolute && -b $WORK/bundle/rootfs/disk ]]
}

# QEMU's virtiofsd of Debian 12 says EINVAL to names that are paths, ENOTDIR or EIO to what is below a link, EBADF to the
# opening of links and nodes, EBADF or ENOENT to false inodes and handles, EPERM to attributes, EROFS to a new name at the
# top. Any refusal will do.
@test "requests by paths, links, nodes, attributes, false inodes and handles get nothing outside from our virtiofsd" {
    make_work runtime
    raw_fuse runtime requests
    expect_refusals
    expect_untouched
}

@test "the same requests get nothing outside from a virtiofsd with libvirt's arguments" {
    make_work libvirt
    raw_fuse libvirt requests
    expect_refusals
    expect_untouched
}

@test "requests that break the protocol end the server at most, and it leaves nothing changed" {
    local request
    for request in short no-room outside outside-answer loop forget create init destroy; do
        make_work "$request"
        raw_fuse runtime "$request"
        expect_untouched
    done
}
