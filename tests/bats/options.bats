#!/usr/bin/env bats
# shellcheck disable=SC2154  # output, status, stderr and lines are set by run
load helpers
setup_file() { kata_setup_file; }
teardown_file() { kata_teardown_file; }
teardown() { kata_teardown; }

@test "a wrong number of arguments shows the help and names the command" {
    run --separate-stderr "$KATA_RUNTIME" delete
    [[ $status == 1 ]]
    [[ $output == "Incorrect Usage."*"kata-runtime delete - "* ]]
    [[ $stderr == 'kata-runtime: "delete" requires exactly 1 argument'* ]]
}

@test "an unknown option is refused in the words of other runtimes" {
    run --separate-stderr "$KATA_RUNTIME" list --nope
    [[ $status == 1 && $output == "Incorrect Usage."* ]]
    [[ $stderr == "flag provided but not defined: -nope" ]]
}

@test "an empty root lists nothing: header, null and nothing" {
    run --separate-stderr "$KATA_RUNTIME" -root "$BATS_TEST_TMPDIR/r" list
    [[ $status == 0 && -z $stderr ]]
    [[ $output == "ID          PID         STATUS      BUNDLE      CREATED     OWNER" ]]
    run --separate-stderr "$KATA_RUNTIME" --root="$BATS_TEST_TMPDIR/r" list -f json
    [[ $status == 0 && $output == null && -z $stderr ]]
    run --separate-stderr "$KATA_RUNTIME" --root "$BATS_TEST_TMPDIR/r" list --quiet=true
    [[ $status == 0 && -z $output && -z $stderr ]]
}

@test "an unknown container does not exist, for every command" {
    local command
    for command in state start kill delete ps; do
        run --separate-stderr "$KATA_RUNTIME" --root "$BATS_TEST_TMPDIR/r" "$command" nobody-has-this
        [[ $status == 1 && -z $output && $stderr == *"container does not exist"* ]]
    done
    run "$KATA_RUNTIME" --root "$BATS_TEST_TMPDIR/r" exec nobody-has-this true
    [[ $status == 255 && $output == *"exec failed: "*"container does not exist"* ]]
    run "$KATA_RUNTIME" --root "$BATS_TEST_TMPDIR/r" delete --force nobody-has-this
    [[ $status == 0 && -z $output ]]
}

@test "ids that are no ids are refused" {
    local id
    for id in .. . a/b "a b" "" "$(printf 'a%.0s' {1..1025})"; do
        run --separate-stderr "$KATA_RUNTIME" --root "$BATS_TEST_TMPDIR/r" state "$id"
        [[ $status == 1 && -z $output && $stderr == *"invalid container ID format"* ]]
    done
}

@test "a user without root is told to become root, but may read the help" {
    [[ -n $(command -v setpriv) ]]
    local copy
    copy=$(mktemp -d -p /tmp) && chmod 755 "$copy" && cp "$KATA_RUNTIME" "$copy/kata-runtime"
    run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$copy/kata-runtime" list
    [[ $status == 1 && $stderr == "kata-runtime must run as root"*"; use sudo" ]]
    run setpriv --reuid 65534 --regid 65534 --clear-groups "$copy/kata-runtime" --version
    [[ $status == 0 ]]
    run setpriv --reuid 65534 --regid 65534 --clear-groups "$copy/kata-runtime" features
    [[ $status == 0 ]]
    rm -r "$copy"
}

@test "the places of the configuration are shown, by the name of Kata Containers 3 as well" {
    local places=$'/etc/kata-containers/configuration.toml\n'"${KATA_RUNTIME%/bin/*}/share/defaults/kata-containers/configuration.toml"
    local option
    for option in --kata-show-default-config-paths --show-default-config-paths; do
        run "$KATA_RUNTIME" "$option"
        expect_status 0
        expect_output "$places"
    done
}

# The administrator's file, then that of the distribution, each in a mount namespace of the test's own.
@test "the first of the places that has a file is used, and none is no error" {
    # shellcheck disable=SC2016  # the inner shell's
    run unshare --mount --propagation private bash -euc 'defaults=${1%/bin/*}/share/defaults
        mount -t tmpfs none /etc && mount -t tmpfs none "$defaults"
        for directory in /etc "$defaults"; do
            mkdir "$directory/kata-containers"
            echo "[hypervisor.qemu]" >"$directory/kata-containers/configuration.toml"
        done
        echo "default_memory = 501" >>/etc/kata-containers/configuration.toml
        echo "default_memory = 502" >>"$defaults/kata-containers/configuration.toml"
        for directory in /etc "$defaults" none; do
            "$1" config show --origin | grep "^default_memory "
            rm -rf "$directory/kata-containers"
        done' bash "$KATA_RUNTIME"
    expect_status 0
    expect_output "default_memory = 501  # \"/etc/kata-containers/configuration.toml\", line 2
default_memory = 502  # \"${KATA_RUNTIME%/bin/*}/share/defaults/kata-containers/configuration.toml\", line 2
default_memory = 2048  # default"
}

@test "file descriptors cannot be passed on, and the way out is named" {
    run --separate-stderr "$KATA_RUNTIME" create --preserve-fds 1 x
    [[ $status == 1 && $stderr == *"leave --preserve-fds out"* ]]
}
