#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Devices that a guest's own CDI specification describes. One machine, whose initrd has such a file.

load helpers
load refusal

setup_file() {
    kata_setup_file
    export KATA_KEEP_CONTAINERS=1
    ID=$(unique_id cdi)
    GUEST=$(mktemp -d /run/kata-guest.XXXXXX) # QEMU's user has to find the initrd
    chmod 0755 "$GUEST"
    export ID GUEST CONFIG="$BATS_FILE_TMPDIR/configuration.toml" INITRD="$GUEST/initrd.img"
    make_initrd
    printf '[hypervisor.qemu]\ninitrd = "%s"\n' "$INITRD" >"$CONFIG"
    local bundle
    bundle=$(bundle_asking_for example.org/card=0,example.org/card=0 sleep 100000)
    mkdir -p "$bundle/rootfs/usr/lib/driver" # nobody can make the mount point in a root that is read-only
    edit_spec "$bundle" '.annotations["cdi.k8s.io/engine"] = "example.org/of-the-host=1" | .process.env += ["CARD=none"]'
    configured create --bundle "$bundle" "$ID" </dev/null >"$bundle/out" 2>&1 || { cat "$bundle/out" && return 1; }
    configured start "$ID"
}

teardown_file() {
    rm -rf "$GUEST"
    kata_teardown_file
}

teardown() { kata_teardown; }

configured() {
    kata --config "$CONFIG" "$@"
}

# The guest unpacks a second archive over the first.
make_initrd() {
    local tree="$BATS_FILE_TMPDIR/tree"
    mkdir -p "$tree/etc/cdi" "$tree/opt/driver"
    echo "library of the guest" >"$tree/opt/driver/library"
    cat >"$tree/etc/cdi/example.yaml" <<'YAML'
cdiVersion: 0.7.0
kind: example.org/card
containerEdits:
  mounts:
  - hostPath: /opt/driver
    containerPath: /usr/lib/driver
    options: [ro, nosuid, bind]
devices:
- name: 0
  containerEdits:
    env: [CARD=0]
    deviceNodes:
    - path: /dev/card0
      hostPath: /dev/zero
      fileMode: 0640
      gid: 4711
    additionalGids: [4711]
    hooks:
    - hookName: createContainer
      path: /bin/sh
      args: [sh, -c, cat >/opt/driver/state; echo $WORD >>/opt/driver/words]
      env: [WORD=hooked, PATH=/bin]
YAML
    cp /var/lib/kata-containers/initrd.img "$INITRD"
    (cd "$tree" && find . -mindepth 1 | cpio --quiet --create --format=newc --owner=0:0) >>"$INITRD"
}

# bundle_asking_for DEVICES ARGUMENT...
bundle_asking_for() {
    local bundle devices=$1
    shift
    bundle=$(make_bundle "$@")
    edit_spec "$bundle" '.annotations["cdi.k8s.io/card"] = $devices' --arg devices "$devices"
    printf '%s\n' "$bundle"
}

in_container() {
    run --separate-stderr configured exec "$ID" sh -c "$1" </dev/null
}

@test "a container has the variables, nodes, mounts and groups of a device of the guest" {
    # An exec has the variables that it is given.
    in_container 'tr "\0" "\n" </proc/1/environ | grep ^CARD; stat -c "%F %t:%T %a %g" /dev/card0; head -c 2 /dev/card0 | od -An -tx1'
    expect_status 0
    expect_equal "${lines[0]}" CARD=0
    expect_equal "${lines[1]}" "character special file 1:5 640 4711"
    expect_equal "$(xargs <<<"${lines[2]}")" "00 00"
    in_container 'grep ^Groups /proc/1/status; cat /usr/lib/driver/library; touch /usr/lib/driver/new'
    [[ ${lines[0]} == *4711* ]]
    expect_equal "${lines[1]}" "library of the guest"
    [[ $status != 0 && $stderr == *"Read-only file system"* ]]
}

@test "hooks of a device run once in the guest, with the container's state" {
    in_container 'cat /usr/lib/driver/words'
    expect_output hooked
    in_container 'cat /usr/lib/driver/state'
    expect_equal "$(jq -r .id <<<"$output")" "$ID"
}

@test "a device that the guest's file does not have is refused with those that it has" {
    local bundle
    bundle=$(bundle_asking_for example.org/card=7 true)
    edit_spec "$bundle" '.annotations["io.kubernetes.cri-o.ContainerType"] = "container"
        | .annotations["io.kubernetes.cri-o.SandboxID"] = $id
        | .linux.namespaces = [{type: "mount"}, {type: "uts"}, {type: "network", path: $net}]' \
        --arg id "$ID" --arg net "/proc/$(pid_of "$ID")/ns/net"
    expect_refused 'the guest has no device "example.org/card=7"; of example.org/card it has 0' \
        --config "$CONFIG" create --bundle "$bundle" "$ID-member"
    [[ $stderr == *'annotation "cdi.k8s.io/card"'* ]]
    expect_nothing_left "$ID-member"
}

@test "what names no device is refused before a machine is started" {
    local bundle
    bundle=$(bundle_asking_for card0 true)
    expect_refused 'annotation "cdi.k8s.io/card": "card0" is no device of CDI; write vendor.com/class=name' \
        create --bundle "$bundle" "$(unique_id)"
}
