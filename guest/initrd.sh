#!/bin/bash
# Makes $GUEST_OUT/initrd.img: an uncompressed cpio archive with kata-agent as /init, crun, ps, busybox, their
# libraries, and the kernel modules of guest/*modules. The same packages and the same
# agent give the same bytes: names sorted, one time stamp, owner 0:0, inode numbers in order.
# Usage: initrd.sh AGENT   (needs kernel.sh's output); sourced by loader.sh, which stages another tree
set -euo pipefail
. "$(dirname "$0")/common.sh"

STAGE=$GUEST_OUT/initrd.stage
USERLAND=$GUEST_OUT/userland
LIBDIR=usr/lib/x86_64-linux-gnu
LOADER=ld-linux-x86-64.so.2

# The files of all packages in one tree; extracted again only when a package file changed.
unpack_userland() {
    local package debs=()
    while read -r package; do
        debs+=("$(download_once "$package" "$package")")
    done < <(read_list "$GUEST_RECIPE/packages")
    if [[ $(cat "$USERLAND.made-from" 2>/dev/null) == "$(printf '%s\n' "${debs[@]##*/}")" ]]; then
        return
    fi
    rm -rf "$USERLAND" "$USERLAND.made-from"
    mkdir -p "$USERLAND"
    for package in "${debs[@]}"; do
        dpkg-deb -x "$package" "$USERLAND"
    done
    printf '%s\n' "${debs[@]##*/}" >"$USERLAND.made-from"
}

needed_libraries() {
    LC_ALL=C readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p'
}

find_library() {
    local dir
    for dir in lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu lib64 usr/lib64; do
        if [[ -e $USERLAND/$dir/$1 ]]; then
            printf '%s\n' "$USERLAND/$dir/$1"
            return
        fi
    done
    die "library $1, needed by $2, is in no package of guest/packages; add the package that has it"
}

# Copies the libraries an ELF file needs, and what those need.
stage_libraries() {
    local library source
    for library in $(needed_libraries "$1"); do
        if [[ $library == "$LOADER" || -e $STAGE/$LIBDIR/$library ]]; then
            continue
        fi
        source=$(find_library "$library" "${1##*/}")
        install -m 0755 "$(realpath "$source")" "$STAGE/$LIBDIR/$library"
        stage_libraries "$STAGE/$LIBDIR/$library"
    done
}

stage_programs() {
    local program source
    while read -r program; do
        source="$USERLAND/$program"
        [[ -e $source ]] || source="$USERLAND/${program#usr/}"
        [[ -e $source ]] || die "no package of guest/packages has $program"
        install -D -m 0755 "$source" "$STAGE/$program"
        stage_libraries "$STAGE/$program"
    done < <(read_list "$GUEST_RECIPE/programs")
    install -m 0755 "$(realpath "$USERLAND/lib/x86_64-linux-gnu/$LOADER")" "$STAGE/usr/lib64/$LOADER"
}

# The names under which busybox is a tool, but for those that another program of the guest has. It runs
# here: the guest is of the same architecture.
stage_tools() {
    local tool
    "$USERLAND/bin/busybox" --list | while read -r tool; do
        [[ -e $STAGE/usr/bin/$tool ]] || ln -s busybox "$STAGE/usr/bin/$tool"
    done
}

# module_closure DEP NAME...: the paths (as in modules.dep) to load for the modules, dependencies first,
# each once. modules.dep lists what a module needs with the deepest dependency last.
module_closure() {
    local dep=$1
    shift
    awk -v wanted="$*" '
        { file = $1; sub(/:$/, "", file); name = file; sub(/.*\//, "", name); sub(/\.ko.*/, "", name)
          gsub(/-/, "_", name); needs[name] = ""; path[name] = file
          for (i = NF; i >= 2; i--) needs[name] = needs[name] " " $i }
        function take(file) { if (!(file in taken)) { taken[file] = 1; print file } }
        END { count = split(wanted, names, " ")
              for (i = 1; i <= count; i++) {
                  if (!(names[i] in path)) { print "no such module: " names[i] > "/dev/stderr"; exit 1 }
                  n = split(needs[names[i]], deep, " ")
                  for (j = 1; j <= n; j++) take(deep[j])
                  take(path[names[i]]) } }' "$dep"
}

# stage_module SOURCE TARGET: a module not compressed, and without signature and type information: checking
# the one and parsing the other takes almost half of the loading time under emulation. Nobody but us writes
# the initrd, which is checked as a whole.
stage_module() {
    install -D -m 0644 "$1" "$2"
    case $1 in
    *.xz) xz -dc "$1" >"$2" ;;
    *.zst) zstd -dcq "$1" >"$2" ;;
    esac
    strip --strip-debug --remove-section=.BTF --remove-section=.BTF_ids "$2"
}

# Names of builtin modules are dropped: another flavour may have compiled in what this one loads.
loadable() {
    local builtin=$1 name
    while read -r name; do
        grep -qE "/${name//_/[-_]}\.ko$" "$builtin" || printf '%s\n' "$name"
    done
}

# stage_named_modules NAME...: puts the modules, and what they depend on, into the initrd; prints their paths
# there in the order of loading.
stage_named_modules() {
    local tree version names path paths target
    tree=$(compgen -G "$GUEST_OUT/modules/*") || die "no module tree; run kernel.sh first"
    version=${tree##*/}
    names=$(printf '%s\n' "$@" | loadable "$tree/modules.builtin" | tr '\n' ' ')
    paths=$(module_closure "$tree/modules.dep" "$names")
    for path in $paths; do
        target="lib/modules/$version/${path%.ko*}.ko"
        stage_module "$tree/$path" "$STAGE/usr/$target"
        printf '/%s\n' "$target"
    done
}

# Lines "TYPE PATH" of what this kernel has as modules, and "TYPE -" of what is built in.
stage_filesystem_modules() {
    local tree type name path
    tree=$(compgen -G "$GUEST_OUT/modules/*")
    while read -r type name; do
        if grep -qE "/${name//_/[-_]}\.ko$" "$tree/modules.builtin"; then
            printf '%s -\n' "$type"
        elif grep -qE "/${name//_/[-_]}\.ko[^:/]*:" "$tree/modules.dep"; then
            stage_named_modules "$name" | while read -r path; do
                printf '%s %s\n' "$type" "$path"
            done
        fi
    done < <(read_list "$GUEST_RECIPE/filesystem-modules")
}

stage_modules() {
    local names type numbers name path
    mkdir -p "$STAGE/etc/kata-agent"
    mapfile -t names < <(read_list "$GUEST_RECIPE/modules")
    stage_named_modules "${names[@]}" >"$STAGE/etc/kata-agent/modules"
    while read -r type numbers name; do
        stage_named_modules "$name" | while read -r path; do
            printf '%s %s %s\n' "$type" "$numbers" "$path"
        done
    done < <(read_list "$GUEST_RECIPE/device-modules") >"$STAGE/etc/kata-agent/device-modules"
    while read -r type name; do
        stage_named_modules "$name" | sed "s/^/$type /"
    done < <(read_list "$GUEST_RECIPE/disk-modules") | awk '!seen[$0]++' >"$STAGE/etc/kata-agent/disk-modules"
    while read -r numbers name; do
        stage_named_modules "$name" | sed "s|^|$numbers |"
    done < <(read_list "$GUEST_RECIPE/virtio-modules") >"$STAGE/etc/kata-agent/virtio-modules"
    stage_filesystem_modules >"$STAGE/etc/kata-agent/filesystem-modules"
    mapfile -t names < <(read_list "$GUEST_RECIPE/optional-modules")
    stage_named_modules "${names[@]}" >/dev/null
    index_modules
}

# modprobe looks into modules.dep. The other lists that depmod makes are for hardware that no guest has.
index_modules() {
    local version
    version=$(basename "$(compgen -G "$STAGE/usr/lib/modules/*")")
    cp "$GUEST_OUT/modules/$version"/modules.{order,builtin,builtin.modinfo} "$STAGE/usr/lib/modules/$version"
    depmod -b "$STAGE/usr" "$version"
    find "$STAGE/usr/lib/modules/$version" -maxdepth 1 -type f ! -name modules.dep ! -name modules.builtin -delete
}

stage_skeleton() {
    local dir
    rm -rf "$STAGE"
    for dir in dev etc mnt proc root run sys tmp usr/bin usr/lib64 "$LIBDIR"; do
        mkdir -p "$STAGE/$dir"
    done
    for dir in bin lib lib64 sbin; do
        ln -s "usr/$dir" "$STAGE/$dir"
    done
    ln -s bin "$STAGE/usr/sbin"
    printf 'root:x:0:0:root:/root:/usr/sbin/nologin\n' >"$STAGE/etc/passwd"
    printf 'root:x:0:\ntty:x:5:\n' >"$STAGE/etc/group"
    : >"$STAGE/etc/resolv.conf"
}

stage_agent() {
    install -m 0755 "$1" "$STAGE/init"
    strip "$STAGE/init"
    ! readelf -lW "$STAGE/init" | grep -q INTERP || stage_libraries "$STAGE/init"
}

# pack FILE: --reproducible drops device numbers and renumbers inodes in the order of the names.
pack() {
    local file=$1
    find "$STAGE" -mindepth 1 -exec touch -h -d @0 {} +
    find "$STAGE" -type d -exec chmod 0755 {} +
    chmod 1777 "$STAGE/tmp"
    (cd "$STAGE" && find . -mindepth 1 -printf '%P\0' | LC_ALL=C sort -z |
        cpio --quiet --null --create --format=newc --reproducible --owner=0:0) >"$file.new"
    mv "$file.new" "$file"
}

# What the archive is made from, as one checksum: packages, kernel, agent and this recipe.
inputs() {
    cat "$USERLAND.made-from" "$GUEST_OUT/kernel.made-from" "$1" "$GUEST_RECIPE"/{initrd.sh,common.sh,programs,modules,device-modules,disk-modules,filesystem-modules,virtio-modules,optional-modules} |
        sha256sum | cut -d' ' -f1
}

main() {
    local agent=${1:?usage: initrd.sh AGENT} sum
    [[ -x $agent ]] || die "no kata-agent at $agent; run make build first"
    [[ -s $GUEST_OUT/kernel.made-from ]] || die "no kernel at $GUEST_OUT; run kernel.sh first"
    unpack_userland
    sum=$(inputs "$agent")
    if [[ -s $GUEST_OUT/initrd.img && $(cat "$GUEST_OUT/initrd.made-from" 2>/dev/null) == "$sum" ]]; then
        return
    fi
    say "initrd with $agent"
    umask 022
    stage_skeleton
    stage_agent "$agent"
    stage_programs
    stage_tools
    stage_modules
    pack "$GUEST_OUT/initrd.img"
    printf '%s\n' "$sum" >"$GUEST_OUT/initrd.made-from"
}

[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
