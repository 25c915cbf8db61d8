#!/usr/bin/env bats
# shellcheck disable=SC2154  # output, status, stderr and lines are set by run
# kata-check and kata-env on this machine, without a virtual machine. What other machines get to hear is a
# unit test (tests/unit/host/checks_test.cpp).
load helpers
setup_file() {
    kata_setup_file
    "$KATA_RUNTIME" kata-check --json >"$BATS_FILE_TMPDIR/check.json" 2>"$BATS_FILE_TMPDIR/check.err" || true
    "$KATA_RUNTIME" kata-env --json >"$BATS_FILE_TMPDIR/env.json"
}
teardown_file() { kata_teardown_file; }
teardown() {
    [[ -z ${HTTPD_PID:-} ]] || kill "$HTTPD_PID"
    kata_teardown
}

# env_value .Table.Key
env_value() {
    jq -r "$1" "$BATS_FILE_TMPDIR/env.json"
}

# verdict ID
verdict() {
    jq -r --arg id "$1" '.checks[] | select(.id == $id) | .verdict' "$BATS_FILE_TMPDIR/check.json"
}

# config LINE...: a configuration file in the test's directory; prints its path.
config() {
    printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/configuration.toml"
    printf '%s\n' "$BATS_TEST_TMPDIR/configuration.toml"
}

# A configuration under which libvirt is not reached.
config_without_libvirt() {
    config '[libvirt]' "uri = \"qemu+unix:///system?socket=$BATS_TEST_TMPDIR/no-socket\""
}

@test "kata-check finds a machine that runs containers capable, on standard output, with status 0" {
    run --separate-stderr "$KATA_RUNTIME" kata-check
    [[ $status == 0 && -z $stderr ]]
    [[ $output == *$'\nSystem is capable of running Kata Containers\n'* ]]
    [[ ${lines[-1]} == "System can currently create Kata Containers" ]]
}

@test "check is short for kata-check, env for kata-env, for help too" {
    run "$KATA_RUNTIME" check
    [[ $status == 0 && ${lines[-1]} == "System can currently create Kata Containers" ]]
    run "$KATA_RUNTIME" env
    [[ $status == 0 && ${lines[0]} == "[Meta]" ]]
    run "$KATA_RUNTIME" check --help
    [[ $status == 0 && $output == *"kata-runtime kata-check - check whether"* ]]
}

@test "every finding that is not a pass has a fix, and every check an id of its own" {
    jq -e '.capable == true and (.checks | length >= 25)' "$BATS_FILE_TMPDIR/check.json"
    jq -e '[.checks[].id] | length == (unique | length)' "$BATS_FILE_TMPDIR/check.json"
    jq -e 'all(.checks[]; .verdict == "pass" or .fix != "" or .look != "")' "$BATS_FILE_TMPDIR/check.json"
}

@test "the verdicts about this machine are those of other tools" {
    local flags
    flags=$(grep -m1 '^flags' /proc/cpuinfo)
    if [[ $flags =~ \ (vmx|svm)(\ |$) ]]; then
        [[ $(verdict virtualization) == pass ]]
    else
        [[ $(verdict virtualization) == warn ]]
    fi
    if [[ -e /dev/kvm ]] && ! setpriv --reuid libvirt-qemu --regid kvm --init-groups test -r /dev/kvm -a -w /dev/kvm; then
        [[ $(verdict kvm-user) == warn ]]
    else
        [[ $(verdict kvm-user) == pass ]]
    fi
    virsh -q -c qemu:///system version
    [[ $(verdict libvirt) == pass && $(verdict guest-fit) == pass && $(verdict qemu) == pass ]]
}

@test "verbose shows properties in the words that scripts look for" {
    run "$KATA_RUNTIME" kata-check --verbose
    [[ $status == 0 && $output == *'CPU property found: type=flag name=lm description="64Bit CPU"'* ]]
    [[ $output == *"type=module name=vhost_net"* ]]
}

@test "strict verifies that all parts are of one version" {
    run "$KATA_RUNTIME" kata-check --strict
    [[ $status == 0 && ${lines[-1]} == "Version consistency of Kata Containers is verified" ]]
}

@test "strict fails for a part of another version, and names it" {
    local library
    library=$(dirname "$("$KATA_RUNTIME" kata-env --json | jq -r .Shim.Path)")/libkata-vm.so
    # The library beside the program is the one that is used.
    cp "$KATA_RUNTIME" "$BATS_TEST_TMPDIR/kata-runtime"
    sed 's/kata-component-version=[0-9]/kata-component-version=9/' "$library" >"$BATS_TEST_TMPDIR/libkata-vm.so"
    run --separate-stderr "$BATS_TEST_TMPDIR/kata-runtime" kata-check --strict
    expect_status 1
    expect_contains "System is capable of running Kata Containers"
    [[ $stderr == "ERROR: kata-runtime is $(cat "$SOURCE_ROOT/VERSION") and libkata-vm.so is 9."*"make build guest install"* ]]
}

@test "a libvirt that does not answer fails kata-check, with its words and the fix" {
    run --separate-stderr "$KATA_RUNTIME" --config "$(config_without_libvirt)" kata-check
    [[ $status == 1 ]]
    [[ $stderr == "ERROR: System is not capable of running Kata Containers: 1 check failed (libvirt)"* ]]
    grep -q '^fail  libvirt  .*no-socket' <<<"$output"
    grep -A1 '^fail  libvirt ' <<<"$output" | grep -q '^      fix: '
    [[ $output != *"System is capable"* ]]
}

@test "kata-check --json is one document when it fails, too" {
    run --separate-stderr "$KATA_RUNTIME" --config "$(config_without_libvirt)" kata-check --json --strict
    [[ $status == 1 && $stderr == ERROR:* ]]
    jq -e '.capable == false' <<<"$output"
}

@test "a configuration that cannot be used is a finding, not the end" {
    run --separate-stderr "$KATA_RUNTIME" --config "$(config '[runtime]' 'no_such_key = 1')" kata-check
    [[ $status == 1 && $stderr == *"(configuration)"* ]]
    grep -q '^fail  configuration .*no_such_key' <<<"$output"
    run --separate-stderr "$KATA_RUNTIME" --config "$(config '[runtime]' 'no_such_key = 1')" kata-env --json
    [[ $status == 0 && $(jq -r .Runtime.Config.Error <<<"$output") == *no_such_key* ]]
}

@test "a guest that is missing fails kata-check and is shown by kata-env" {
    local file
    file=$(config '[hypervisor.qemu]' 'initrd = "/nowhere/initrd.img"')
    run --separate-stderr "$KATA_RUNTIME" --config "$file" kata-check
    [[ $status == 1 && $stderr == *"(guest-initrd)"* ]]
    run "$KATA_RUNTIME" --config "$file" kata-env --json
    [[ $(jq -r '.Initrd | .Path, .Found' <<<"$output") == $'/nowhere/initrd.img\nfalse' ]]
}

@test "KVM that is demanded and not to be had fails kata-check" {
    [[ $(verdict virtualization) == warn ]] || skip "this machine has hardware virtualization"
    run --separate-stderr "$KATA_RUNTIME" --config "$(config '[hypervisor.qemu]' 'accelerator = "kvm"')" kata-check
    [[ $status == 1 && $stderr == *"(virtualization)"* ]]
}

@test "another user than root may ask, and is told what that means" {
    run --separate-stderr setpriv --reuid nobody --regid nogroup --clear-groups "$KATA_RUNTIME" kata-check
    grep -q '^warn  rights of the caller' <<<"$output"
    [[ $output != *"can currently create"* ]]
    run --separate-stderr setpriv --reuid nobody --regid nogroup --clear-groups "$KATA_RUNTIME" kata-env
    [[ $status == 0 && $output == *'[Host.Memory]'* ]]
}

@test "fix asks before each repair, and an answer of no changes nothing" {
    local before
    before=$(stat -c '%g %a' /dev/kvm 2>/dev/null || true)
    run "$KATA_RUNTIME" kata-check --fix </dev/null
    [[ $status == 0 && $output == *"System is capable"* ]]
    [[ $(stat -c '%g %a' /dev/kvm 2>/dev/null || true) == "$before" ]]
}

# fix_kvm ANSWER [OPTION]: kata-check --fix where /dev/kvm is a file of the test's that QEMU's user may not
# open, in a mount namespace of its own; prints what became of the file last.
fix_kvm() {
    local answer=$1 file="$BATS_TEST_TMPDIR/kvm"
    shift
    [[ -e /dev/kvm ]] || skip "this machine has no /dev/kvm"
    install -m 0600 /dev/null "$file"
    # shellcheck disable=SC2016  # the inner shell's
    unshare --mount --propagation private bash -c 'mount --bind "$1" /dev/kvm && shift && "$@"' bash "$file" \
        "$KATA_RUNTIME" kata-check --fix "$@" <<<"$answer" 2>&1 || true
    stat -c '%G %a' "$file"
}

@test "fix gives /dev/kvm to QEMU's user if the answer is yes, or --yes" {
    run fix_kvm y
    [[ $output == *'run "chgrp kvm /dev/kvm && chmod 660 /dev/kvm"? [y/N]'* && ${lines[-1]} == "kvm 660" ]]
    grep -q "^pass  /dev/kvm for QEMU's user" <<<"$output"
    run fix_kvm "" --yes
    [[ $output == *"running: chgrp kvm /dev/kvm && chmod 660 /dev/kvm"* && ${lines[-1]} == "kvm 660" ]]
}

@test "fix leaves /dev/kvm alone if the answer is no" {
    run fix_kvm n
    [[ ${lines[-1]} == "root 600" ]]
    grep -A1 "^warn  /dev/kvm for QEMU's user" <<<"$output" | grep -qF "fix: chgrp kvm /dev/kvm && chmod 660 /dev/kvm"
}

@test "a mount namespace that libvirt does not see into is noticed" {
    run --separate-stderr unshare --mount --propagation private "$KATA_RUNTIME" kata-check
    [[ $status == 1 && $stderr == *"(mounts)"* ]]
}

@test "kata-env tells the truth about this machine" {
    [[ $(env_value .Host.Kernel) == "$(uname -r)" ]]
    [[ $(env_value .Host.CPU.CPUs) == "$(grep -c '^processor' /proc/cpuinfo)" ]]
    [[ $(env_value .Host.Memory.Total) == "$(sed -nE 's/^MemTotal: +([0-9]+) kB/\1/p' /proc/meminfo)" ]]
    [[ $(env_value .Host.Distro.Name) == "$(. /etc/os-release && echo "$NAME")" ]]
    [[ $(env_value .Host.VMContainerCapable) == true ]]
    [[ $(env_value .Runtime.Path) == "$(realpath "$KATA_RUNTIME")" ]]
    [[ $(env_value .Runtime.Version.Semver) == "$(cat "$SOURCE_ROOT/VERSION")" ]]
    [[ $(env_value .Agent.Version) == "$(cat "$SOURCE_ROOT/VERSION")" ]]
    [[ $(env_value .Hypervisor.Version) == "$("$(env_value .Hypervisor.Path)" --version)" ]]
}

@test "kata-env tells the truth about libvirt" {
    local said
    said=$(virsh -c qemu:///system version --daemon)
    [[ $(env_value .Libvirt.Reachable) == true && $(env_value .Libvirt.URI) == qemu:///system ]]
    grep -qxF "Running against daemon: $(env_value .Libvirt.DaemonVersion)" <<<"$said"
    grep -qxF "Using library: libvirt $(env_value .Libvirt.LibraryVersion)" <<<"$said"
    grep -qxF "Running hypervisor: QEMU $(env_value .Libvirt.HypervisorVersion)" <<<"$said"
    [[ $(env_value .Libvirt.User) == libvirt-qemu && -n $(env_value .Libvirt.AcceleratorReason) ]]
}

@test "kata-env without libvirt says so and succeeds" {
    run --separate-stderr "$KATA_RUNTIME" --config "$(config_without_libvirt)" kata-env --json
    [[ $status == 0 && -z $stderr ]]
    [[ $(jq -r '.Libvirt | .Reachable, .DaemonVersion' <<<"$output") == $'false\n<<unknown>>' ]]
    [[ $(jq -r .Libvirt.Error <<<"$output") == *no-socket* ]]
}

@test "kata-env's TOML says the same as its JSON" {
    run --separate-stderr "$KATA_RUNTIME" kata-env
    [[ $status == 0 && -z $stderr ]]
    grep -qxF "Accelerator = \"$(env_value .Libvirt.Accelerator)\"" <<<"$output"
    grep -qxF "CPUs = $(env_value .Host.CPU.CPUs)" <<<"$output"
    [[ $(grep -c ' = ' <<<"$output") == $(jq '[paths(type != "object") | select(all(type == "string"))] | length' "$BATS_FILE_TMPDIR/env.json") ]]
}

@test "releases are looked for only where somebody says, and no answer is no error" {
    run --separate-stderr env -u KATA_RELEASE_URL "$KATA_RUNTIME" kata-check --check-version-only
    [[ $status == 0 && -z $output && $stderr == *"KATA_RELEASE_URL names no list"* ]]
    KATA_RELEASE_URL=http://127.0.0.1:1/x run --separate-stderr "$KATA_RUNTIME" kata-check --check-version-only
    [[ $status == 0 && -z $output && $stderr == *"cannot fetch \"http://127.0.0.1:1/x\""* ]]
    KATA_RELEASE_URL=file:///etc/passwd run --separate-stderr "$KATA_RUNTIME" kata-check --only-list-releases
    [[ $status == 0 && -z $output && $stderr == *"cannot fetch"* ]]
    KATA_RELEASE_URL=http://127.0.0.1:1/x run --separate-stderr "$KATA_RUNTIME" kata-check --verbose
    [[ $status == 0 && $stderr == *"Not running network checks as super user"* ]]
    KATA_CHECK_NO_NETWORK='' KATA_RELEASE_URL=http://127.0.0.1:1/x run --separate-stderr "$KATA_RUNTIME" kata-check --check-version-only
    [[ $status == 0 && $stderr == *"network checks are turned off"* ]]
}

@test "a newer release is named, and listed" {
    local port=$((20000 + $$ % 20000)) list option
    mkdir "$BATS_TEST_TMPDIR/www"
    list='[{"tag_name":"99.1.0","html_url":"https://h/99","created_at":"2030-01-02","assets":[{}]},
        {"tag_name":"0.0.1","html_url":"https://h/0","assets":[{}]}]'
    printf '%s\n' "$list" >"$BATS_TEST_TMPDIR/www/releases"
    busybox httpd -f -p "127.0.0.1:$port" -h "$BATS_TEST_TMPDIR/www" 3>&- &
    HTTPD_PID=$!
    wait_until 60 bash -c ": </dev/tcp/127.0.0.1/$port"
    export KATA_RELEASE_URL="http://127.0.0.1:$port/releases"
    run "$KATA_RUNTIME" kata-check --check-version-only
    [[ $status == 0 ]]
    [[ $output == "Newer major release available: 99.1.0 (url: https://h/99, date: 2030-01-02)" ]]
    run "$KATA_RUNTIME" kata-check --only-list-releases
    expect_output "99.1.0;2030-01-02;https://h/99"
    run "$KATA_RUNTIME" kata-check --only-list-releases --include-all-releases
    expect_output $'99.1.0;2030-01-02;https://h/99\n0.0.1;;https://h/0'
    for option in --no-network-checks -n; do
        run "$KATA_RUNTIME" kata-check --check-version-only "$option"
        expect_output "not looking for newer releases: network checks are turned off"
    done
}

@test "the program itself needs neither libcurl nor libvirt" {
    run readelf -d "$KATA_RUNTIME"
    [[ $status == 0 && $output != *curl* && $output != *virt* ]]
}
