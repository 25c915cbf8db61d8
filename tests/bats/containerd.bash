# shellcheck shell=bash
# A containerd of a bats file's own: its root, state, socket, CNI network and images live below
# $BATS_FILE_TMPDIR, its configuration is the installed engines/containerd.toml after what makes it ours.

CONTAINERD_BRIDGE=ktcni0
CONTAINERD_IMAGE=localhost/busybox:test
ENGINE_FILES=${ENGINE_FILES:-/usr/share/kata-runtime/engines}

containerd_paths() {
    export CONTAINERD_DIR=$BATS_FILE_TMPDIR/containerd
    export CONTAINERD_SOCKET=$CONTAINERD_DIR/containerd.sock
    export CRI_CLIENT=${BUILD:-$SOURCE_ROOT/build}/tests/support/cri-client
}

# What a user's machine has in /etc/containerd/config.toml, and then the lines README tells to append.
# oom_score_adj, AppArmor and hugetlb are switched off because not every test machine grants them.
containerd_configuration() {
    cat <<CONFIG
version = 2
root = "$CONTAINERD_DIR/root"
state = "$CONTAINERD_DIR/state"
[grpc]
  address = "$CONTAINERD_SOCKET"
[plugins."io.containerd.internal.v1.opt"]
  path = "$CONTAINERD_DIR/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$CONTAINERD_IMAGE"
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$CONTAINERD_DIR/cni"
CONFIG
    cat "$ENGINE_FILES/containerd.toml"
}

containerd_network() {
    cat <<CNI
{"cniVersion": "0.4.0", "name": "kata-test", "plugins": [
  {"type": "bridge", "bridge": "$CONTAINERD_BRIDGE", "isGateway": true, "ipMasq": false,
   "ipam": {"type": "host-local", "dataDir": "$CONTAINERD_DIR/ipam", "routes": [{"dst": "0.0.0.0/0"}],
            "ranges": [[{"subnet": "10.87.203.0/24"}]]}}]}
CNI
}

start_containerd() {
    containerd_paths
    find /sys/fs/cgroup -maxdepth 2 -type d -name default >"$BATS_FILE_TMPDIR/cgroups"
    mkdir -p "$CONTAINERD_DIR/cni" "$CONTAINERD_DIR/opt"
    containerd_configuration >"$CONTAINERD_DIR/config.toml"
    containerd_network >"$CONTAINERD_DIR/cni/10-kata-test.conflist"
    # tini adopts the shims, as an init system does, and reaps them.
    setsid tini -s -- containerd --config "$CONTAINERD_DIR/config.toml" \
        >"$CONTAINERD_DIR/log" 2>&1 </dev/null 3>&- &
    echo "$!" >"$CONTAINERD_DIR/pid"
    wait_until 60 ctr_of_file version || {
        tail -n 20 "$CONTAINERD_DIR/log"
        return 1
    }
    oci_archive "$CONTAINERD_IMAGE" "$(image)" "$CONTAINERD_DIR/image.tar"
    ctr_of_file images import "$CONTAINERD_DIR/image.tar"
    ctr_of_file -n k8s.io images import "$CONTAINERD_DIR/image.tar"
}

# Ends what we started by its pid: tini passes SIGTERM on to containerd and leaves with it.
stop_containerd() {
    local pid
    [[ -s ${CONTAINERD_DIR:-/nonexistent}/pid ]] || return 0
    pid=$(<"$CONTAINERD_DIR/pid")
    kill "$pid" 2>/dev/null || return 0
    wait_until 60 is_dead "$pid"
    ! ip link show "$CONTAINERD_BRIDGE" >/dev/null 2>&1 || ip link delete "$CONTAINERD_BRIDGE"
    leave_no_namespace_cgroup
}

# runc keeps the parent that it makes for a namespace of ctr; what of ours is still in it stays, for the oracle to find.
leave_no_namespace_cgroup() {
    find /sys/fs/cgroup -maxdepth 2 -type d -name default | grep -vxFf "$BATS_FILE_TMPDIR/cgroups" |
        xargs -r rmdir 2>/dev/null || true
}

ctr_of_file() {
    ctr --address "$CONTAINERD_SOCKET" "$@" 3>&-
}

# cri METHOD JSON: one call of the kubelet's interface.
cri() {
    "$CRI_CLIENT" "$CONTAINERD_SOCKET" "$1" <<<"$2" 3>&-
}

# put_blob DIRECTORY FILE: moves a file to its place in an OCI image layout. Prints its digest.
put_blob() {
    local digest
    digest=$(sha256sum <"$2" | cut -d' ' -f1)
    mv "$2" "$1/blobs/sha256/$digest"
    printf '%s\n' "$digest"
}

# oci_archive NAME ROOTFS ARCHIVE: an image of one layer, in the format every engine imports.
oci_archive() {
    local name=$1 rootfs=$2 archive=$3 layout layer config manifest
    layout=$(mktemp -d)
    mkdir -p "$layout/blobs/sha256"
    tar -C "$rootfs" -cf "$layout/part" .
    layer=$(put_blob "$layout" "$layout/part")
    jq -nc --arg layer "$layer" '{architecture: "amd64", os: "linux",
        config: {Cmd: ["sleep", "3600"], Env: ["PATH=/bin:/usr/bin:/sbin"]},
        rootfs: {type: "layers", diff_ids: ["sha256:" + $layer]}}' >"$layout/part"
    config=$(put_blob "$layout" "$layout/part")
    jq -nc --arg layer "$layer" --arg config "$config" \
        --argjson layer_size "$(stat -c %s "$layout/blobs/sha256/$layer")" \
        --argjson config_size "$(stat -c %s "$layout/blobs/sha256/$config")" '
        "application/vnd.oci.image" as $type | {schemaVersion: 2, mediaType: ($type + ".manifest.v1+json"),
        config: {mediaType: ($type + ".config.v1+json"), digest: ("sha256:" + $config), size: $config_size},
        layers: [{mediaType: ($type + ".layer.v1.tar"), digest: ("sha256:" + $layer), size: $layer_size}]}' \
        >"$layout/part"
    manifest=$(put_blob "$layout" "$layout/part")
    jq -nc --arg manifest "$manifest" --arg name "$name" \
        --argjson size "$(stat -c %s "$layout/blobs/sha256/$manifest")" '{schemaVersion: 2, manifests: [
        {mediaType: "application/vnd.oci.image.manifest.v1+json", digest: ("sha256:" + $manifest), size: $size,
         annotations: {"io.containerd.image.name": $name,
                       "org.opencontainers.image.ref.name": ($name | split(":") | last)}}]}' >"$layout/index.json"
    echo '{"imageLayoutVersion": "1.0.0"}' >"$layout/oci-layout"
    tar -C "$layout" -cf "$archive" .
    rm -rf "$layout"
}
