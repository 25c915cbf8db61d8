#!/usr/bin/env bats
# make install and make uninstall, into a directory of the test's own.

load helpers

setup_file() {
    kata_setup_file
}

teardown_file() {
    kata_teardown_file
}

setup() {
    STAGE=$BATS_TEST_TMPDIR/stage
    mkdir "$STAGE"
}

install_to_stage() {
    run make -C "$SOURCE_ROOT" install DESTDIR="$STAGE" PREFIX="${1:-/usr}"
    expect_status 0
}

uninstall_from_stage() {
    run make -C "$SOURCE_ROOT" uninstall DESTDIR="$STAGE" PREFIX="${1:-/usr}"
    expect_status 0
}

@test "install puts programs and guest where they are looked for, owned by root" {
    install_to_stage
    local file
    for file in usr/bin/kata-runtime usr/libexec/kata-runtime/kata-shim usr/libexec/kata-runtime/libkata-{vm,net}.so; do
        [[ $(stat -c '%U:%G %a' "$STAGE/$file") == "root:root 755" ]]
    done
    for file in vmlinux initrd.img kata-containers.img loader.img; do
        [[ $(stat -c '%U:%G %a' "$STAGE/var/lib/kata-containers/$file") == "root:root 644" ]]
    done
}

@test "install puts every manual page and the completion of three shells where these look" {
    install_to_stage
    local page name
    for page in "$SOURCE_ROOT"/man/*.scd; do
        name=$(basename "$page" .scd)
        [[ $(stat -c %a "$STAGE/usr/share/man/man${name##*.}/$name") == 644 ]]
    done
    [[ $name == kata-runtime*.8 ]]
    cmp "$SOURCE_ROOT/cli/completion.bash" "$STAGE/usr/share/bash-completion/completions/kata-runtime"
    cmp "$SOURCE_ROOT/cli/completion.zsh" "$STAGE/usr/share/zsh/vendor-completions/_kata-runtime"
    cmp "$SOURCE_ROOT/cli/completion.fish" "$STAGE/usr/share/fish/vendor_completions.d/kata-runtime.fish"
}

@test "install writes what engines are told, with the programs' path, and touches no configuration of theirs" {
    install_to_stage /opt/kata
    local engines="$STAGE/opt/kata/share/kata-runtime/engines"
    expect_equal "$(jq -r '.runtimes["kata-runtime"].path' "$engines/docker-daemon.json")" /opt/kata/bin/kata-runtime
    grep -qF 'kata = ["/opt/kata/bin/kata-runtime"]' "$engines/podman.conf"
    grep -qF 'BinaryName = "/opt/kata/bin/kata-runtime"' "$engines/containerd.toml"
    [[ ! -e $STAGE/etc ]]
}

@test "uninstall leaves no file and no directory behind" {
    install_to_stage
    uninstall_from_stage
    run find "$STAGE" -mindepth 1
    expect_output ""
}

@test "uninstall after two installs leaves nothing behind" {
    install_to_stage
    install_to_stage
    uninstall_from_stage
    run find "$STAGE" -mindepth 1
    expect_output ""
}

@test "uninstall keeps what was there before, and what others put there" {
    mkdir -p "$STAGE/usr/bin" "$STAGE/usr/share"
    touch "$STAGE/usr/bin/other"
    install_to_stage
    touch "$STAGE/usr/libexec/kata-runtime/foreign"
    uninstall_from_stage
    expect_contains "kept, not empty"
    run bash -c "cd '$STAGE' && find . -mindepth 1 | LC_ALL=C sort | tr '\n' ' '"
    expect_output "./usr ./usr/bin ./usr/bin/other ./usr/libexec ./usr/libexec/kata-runtime ./usr/libexec/kata-runtime/foreign ./usr/share "
}

@test "another prefix gets everything but the guest" {
    install_to_stage /opt/kata
    [[ -x $STAGE/opt/kata/bin/kata-runtime && -e $STAGE/var/lib/kata-containers/vmlinux && ! -e $STAGE/usr ]]
    uninstall_from_stage /opt/kata
    run find "$STAGE" -mindepth 1
    expect_output ""
}

@test "uninstall of nothing says so and succeeds" {
    uninstall_from_stage
    expect_contains "nothing is installed"
}
