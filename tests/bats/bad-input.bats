#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2016  # output, status, stderr and lines are set by run; $PATH is in messages
# Input that cannot be used. Every case ends with one line that names what is wrong, says the same in the log,
# and leaves nothing behind.

load helpers
load refusal

setup_file() {
    kata_setup_file
    # One good bundle for all: the cases change a copy of its config.json only.
    export GOOD_BUNDLE="$BATS_FILE_TMPDIR/good"
    "$SOURCE_ROOT/make/bundle.sh" "$GOOD_BUNDLE" true
}

teardown_file() {
    kata_teardown_file
}

setup() {
    ID=$(unique_id bad)
    BUNDLE="$BATS_TEST_TMPDIR/bundle"
    mkdir -p "$BUNDLE"
    cp "$GOOD_BUNDLE/config.json" "$BUNDLE/"
    # A real directory, because a symlink is refused; empty, because nothing of it is run.
    mkdir -p "$BUNDLE/rootfs"
}

teardown() {
    kata_teardown
}

# refused_spec FILTER WORDS: the good spec changed by a jq filter is refused by create, which leaves nothing.
refused_spec() {
    jq "$1" "$GOOD_BUNDLE/config.json" >"$BUNDLE/config.json"
    expect_refused "$2" create --bundle "$BUNDLE" "$ID"
    expect_nothing_made
}

# refused_text TEXT WORDS: the same for a config.json that is no JSON, written by printf.
refused_text() {
    # shellcheck disable=SC2059  # the text is the format, for its \n and \0
    printf "$1" >"$BUNDLE/config.json"
    expect_refused "$2" create --bundle "$BUNDLE" "$ID"
    expect_nothing_made
}

# The quick form of expect_nothing_left, for what is refused before a machine is made.
expect_nothing_made() {
    [[ ! -e /run/vc/sbs/$ID && ! -L $KATA_ROOT/$ID && ! -e /run/kata-containers/shared/sandboxes/$ID ]]
    ! grep -F -- "$ID" /proc/self/mountinfo
}

with_config() {
    local config
    config=$(config_file "$1")
    shift
    expect_refused "$1" --config "$config" "${@:2}"
}

@test "a bundle that is missing, a file or empty is refused" {
    expect_refused "cannot use the bundle \"$BATS_TEST_TMPDIR/none\": no such file or directory" \
        create --bundle "$BATS_TEST_TMPDIR/none" "$ID"
    expect_refused "not a directory" create --bundle "$GOOD_BUNDLE/config.json" "$ID"
    expect_refused "its path is empty" create --bundle "" "$ID"
    rm "$BUNDLE/config.json"
    expect_refused "$BUNDLE/config.json" create --bundle "$BUNDLE" "$ID"
    [[ $stderr == *"--bundle"*"kata-runtime spec"* ]]
    expect_refused "$BUNDLE/config.json" run --bundle "$BUNDLE" "$ID"
    expect_nothing_made
}

@test "a config.json that is no regular file, or a huge one, is refused" {
    rm "$BUNDLE/config.json"
    mkdir "$BUNDLE/config.json"
    expect_refused "$BUNDLE/config.json\": not a regular file" create --bundle "$BUNDLE" "$ID"
    rmdir "$BUNDLE/config.json"
    mkfifo "$BUNDLE/config.json"
    expect_refused "$BUNDLE/config.json\": not a regular file" create --bundle "$BUNDLE" "$ID"
    rm "$BUNDLE/config.json"
    truncate -s 100M "$BUNDLE/config.json"
    expect_refused "$BUNDLE/config.json\": larger than" create --bundle "$BUNDLE" "$ID"
    expect_nothing_made
}

@test "broken JSON is refused with its line and column" {
    refused_text '{\n  "ociVersion": "1.0.2",\n  oops\n}\n' 'line 3, column 3'
    refused_text '' 'line 1'
    refused_text '{"ociVersion": "1.0.2"' 'line 1'
    refused_text '{"ociVersion": "\\xff\\xfe"}' 'line 1'
    refused_text '{"ociVersion": "1.0.2"}\0' 'line 1'
    refused_text "$(printf '[%.0s' {1..20000})" config.json
    refused_text '[]' config.json
}

@test "values of a wrong type are refused with their JSON path" {
    refused_spec '.process.args = "true"' process.args
    refused_spec '.process.args[0] = 7' 'process.args[0]'
    refused_spec '.process.user.uid = "root"' process.user.uid
    refused_spec '.process.user.uid = -1' process.user.uid
    refused_spec '.process.user.uid = 4294967296' process.user.uid
    refused_spec '.process.terminal = "no"' process.terminal
    refused_spec '.root = "rootfs"' root
    refused_spec '.mounts[0].options = "ro"' 'mounts[0].options'
    refused_spec '.linux.namespaces[0].type = 5' 'linux.namespaces[0].type'
    refused_spec '.hooks = []' hooks
    refused_spec '.annotations = {"a": 1}' annotations
}

@test "values that no specification has are refused with their JSON path" {
    refused_spec '.process.rlimits = [{"type": "RLIMIT_X", "hard": 1, "soft": 1}]' 'process.rlimits[0].type'
    refused_spec '.linux.namespaces += [{"type": "novel"}]' 'linux.namespaces['
    refused_spec '.process.scheduler = {"policy": "SCHED_NOVEL"}' process.scheduler.policy
    refused_spec '.process.ioPriority = {"class": "IOPRIO_CLASS_NOVEL", "priority": 0}' process.ioPriority.class
    refused_spec '.linux.seccomp = {"defaultAction": "SCMP_ACT_NOVEL"}' linux.seccomp.defaultAction
    refused_spec '.linux.personality = {"domain": "NOVEL"}' linux.personality.domain
    refused_spec '.linux.devices = [{"path": "/dev/novel", "type": "z", "major": 1, "minor": 3}]' 'linux.devices[0].type'
}

@test "a spec without what every container needs is refused with the path of what is missing" {
    refused_spec 'del(.ociVersion)' ociVersion
    refused_spec '.ociVersion = "2.0.0"' ociVersion
    refused_spec 'del(.process)' process
    refused_spec '.process.args = []' process.args
    refused_spec 'del(.process.args)' process.args
    refused_spec 'del(.process.cwd)' process.cwd
    refused_spec '.process.cwd = "home/user"' process.cwd
    refused_spec 'del(.root)' root
    refused_spec 'del(.root.path)' root.path
    refused_spec '.process.env = ["NOEQUALS"]' 'process.env[0]'
    refused_spec '.mounts[0].destination = ""' 'mounts[0].destination'
}

@test "a root that is missing, a file or a symlink is refused" {
    rmdir "$BUNDLE/rootfs"
    expect_refused "$BUNDLE/rootfs\": no such file or directory" create --bundle "$BUNDLE" "$ID"
    touch "$BUNDLE/rootfs"
    expect_refused "$BUNDLE/rootfs\": not a directory" create --bundle "$BUNDLE" "$ID"
    rm "$BUNDLE/rootfs"
    ln -s / "$BUNDLE/rootfs"
    expect_refused "symlink" create --bundle "$BUNDLE" "$ID"
    expect_nothing_made
}

@test "a bind whose source is missing is refused with its destination and source" {
    refused_spec '.mounts += [{"destination": "/data", "type": "bind", "source": "/no/such/source", "options": ["bind"]}]' \
        '/no/such/source'
    [[ $stderr == *'"/data"'* ]]
}

@test "ids that are no ids are refused by every command that takes one" {
    local bad command
    for bad in . .. ../x a/b /abs '' "$(printf 'x%.0s' {1..1025})" 'größe' '<&">' '%n%s' 'a b' $'a\nb' $'\e[31m' 'a;b'; do
        expect_refused "invalid container ID format" create --bundle "$GOOD_BUNDLE" "$bad"
        expect_refused "invalid container ID format" state "$bad"
        expect_refused "invalid container ID format" delete --force "$bad"
    done
    for command in run start kill ps; do
        expect_refused "invalid container ID format" "$command" '../x'
    done
    expect_refused_with 255 "invalid container ID format" exec '../x' true
}

@test "an id nobody has is refused by every command but delete --force" {
    local command
    for command in start state kill delete ps; do
        expect_refused "container does not exist" "$command" "$ID"
        [[ $stderr == *"$ID"* ]]
    done
    expect_refused_with 255 "container does not exist" exec "$ID" true
    run --separate-stderr quiet_kata delete --force "$ID"
    expect_status 0
    [[ -z $stderr ]]
    expect_nothing_made
}

@test "host networking, user namespaces and id mappings are refused with advice" {
    refused_spec 'del(.linux.namespaces[] | select(.type == "network"))' "host networking cannot be given"
    refused_spec '(.linux.namespaces[] | select(.type == "network")).path = "/proc/1/ns/net"' "host networking cannot be given"
    refused_spec '.linux.namespaces += [{"type": "user"}]' "user namespace"
    refused_spec '.linux.uidMappings = [{"containerID": 0, "hostID": 1000, "size": 1}]' linux.uidMappings
    refused_spec '.linux.gidMappings = [{"containerID": 0, "hostID": 1000, "size": 1}]' linux.gidMappings
    refused_spec '(.linux.namespaces[] | select(.type == "network")).path = "/run/netns/no-such-namespace"' \
        "/run/netns/no-such-namespace"
}

@test "a console socket that cannot be used is refused with its path" {
    local long
    long="$BATS_TEST_TMPDIR/$(printf 'l%.0s' {1..120})"
    jq '.process.terminal = true' "$GOOD_BUNDLE/config.json" >"$BUNDLE/config.json"
    touch "$BATS_TEST_TMPDIR/file"
    expect_refused "$BATS_TEST_TMPDIR/none\": no such file or directory" \
        create --bundle "$BUNDLE" --console-socket "$BATS_TEST_TMPDIR/none" "$ID"
    expect_refused "$BATS_TEST_TMPDIR/file\": connection refused" \
        create --bundle "$BUNDLE" --console-socket "$BATS_TEST_TMPDIR/file" "$ID"
    expect_refused "file name too long" create --bundle "$BUNDLE" --console-socket "$long" "$ID"
    expect_refused "cannot allocate tty if kata-runtime will detach without setting console socket" \
        create --bundle "$BUNDLE" "$ID"
    expect_refused "standard input is not a terminal" run --bundle "$BUNDLE" "$ID" </dev/null
    cp "$GOOD_BUNDLE/config.json" "$BUNDLE/"
    expect_refused "cannot use console socket" create --bundle "$BUNDLE" --console-socket "$BATS_TEST_TMPDIR/none" "$ID"
    expect_nothing_made
}

@test "a pid file that cannot be written is refused before a machine is made" {
    expect_refused "$BATS_TEST_TMPDIR/none/pid" create --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/none/pid" "$ID"
    touch "$BATS_TEST_TMPDIR/file"
    expect_refused "$BATS_TEST_TMPDIR/file/pid" create --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/file/pid" "$ID"
    mkdir "$BATS_TEST_TMPDIR/directory"
    expect_refused "$BATS_TEST_TMPDIR/directory\": is a directory" \
        create --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/directory" "$ID"
    expect_refused /proc/sys/kernel/pid create --bundle "$BUNDLE" --pid-file /proc/sys/kernel/pid "$ID"
    expect_nothing_made
}

@test "hooks that are relative, missing, failing or too slow end create" {
    local stage
    refused_spec '.hooks.prestart = [{"path": "bin/true"}]' 'hooks.prestart[0].path'
    refused_spec '.hooks.createRuntime = [{"path": "/bin/true", "timeout": 0}]' 'hooks.createRuntime[0].timeout'
    for stage in prestart createRuntime createContainer; do
        refused_spec ".hooks.$stage = [{\"path\": \"/no/such/hook\"}]" "$stage hook \"/no/such/hook\""
        refused_spec ".hooks.$stage = [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"echo why >&2; exit 7\"]}]" \
            "$stage hook \"/bin/sh\" failed with exit code 7: why"
    done
    refused_spec '.hooks.prestart = [{"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1}]' \
        'prestart hook "/bin/sleep" did not end in time and was killed'
}

@test "a hook that writes endlessly or breaks lines does not break the error" {
    refused_spec '.hooks.prestart = [{"path": "/bin/sh", "args": ["sh", "-c", "printf \"one\\ntwo\\033[2J\\377\" >&2; exit 1"]}]' \
        'exit code 1: one two'
    refused_spec '.hooks.prestart = [{"path": "/bin/sh", "args": ["sh", "-c", "head -c 4000000 /dev/zero | tr \"\\0\" x >&2; exit 1"]}]' \
        'exit code 1: xxx'
    ((${#stderr} < 4096))
}

@test "a configuration that cannot be used is refused with file and line" {
    expect_refused "$BATS_TEST_TMPDIR/none.toml" --config "$BATS_TEST_TMPDIR/none.toml" create --bundle "$BUNDLE" "$ID"
    with_config $'[libvirt]\nuri = "x"\ncolour = 1' 'line 3: unknown key "libvirt.colour"' create --bundle "$BUNDLE" "$ID"
    with_config $'[libvirt]\ntimeout = "soon"' 'line 2: "libvirt.timeout" must be' create --bundle "$BUNDLE" "$ID"
    with_config $'[libvirt]\ntimeout = 0' 'line 2: "libvirt.timeout" must be' create --bundle "$BUNDLE" "$ID"
    with_config $'[libvirt\n' 'line 1' create --bundle "$BUNDLE" "$ID"
    with_config $'[hypervisor.qemu]\nkernel = "vmlinux"' 'an absolute path' run --bundle "$BUNDLE" "$ID"
    expect_nothing_made
}

@test "a kernel or initrd that is missing is refused with its path and what to do" {
    local file
    for file in kernel initrd; do
        with_config $'[hypervisor.qemu]\n'"$file = \"/no/such/$file\"" "$file \"/no/such/$file\": no such file or directory" \
            create --bundle "$BUNDLE" "$ID"
        [[ $stderr == *configuration.toml* ]]
        expect_nothing_left "$ID"
    done
}

@test "a libvirt that does not run is refused with its address and what to do" {
    with_config $'[libvirt]\nuri = "qemu+unix:///system?socket=/nonexistent"' \
        'cannot connect to libvirt at "qemu+unix:///system?socket=/nonexistent"' create --bundle "$BUNDLE" "$ID"
    [[ $stderr == *"start the daemon"* ]]
    expect_nothing_left "$ID"
    with_config $'[libvirt]\nuri = "bogus://"' 'bogus://' run --bundle "$BUNDLE" "$ID"
    expect_nothing_left "$ID"
}

@test "KVM that is demanded but not there is refused with the reason" {
    ! grep -qE '^flags.* (vmx|svm)( |$)' /proc/cpuinfo || skip "this host has KVM"
    with_config $'[hypervisor.qemu]\naccelerator = "kvm"' "cannot use KVM: " create --bundle "$BUNDLE" "$ID"
    [[ $stderr == *"set the accelerator to tcg"* ]]
    expect_nothing_left "$ID"
}

@test "a caller without root is refused" {
    local command
    for command in "create --bundle $GOOD_BUNDLE $ID" "state $ID" list "delete $ID"; do
        # shellcheck disable=SC2086  # words
        run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups -- "$KATA_RUNTIME" $command
        expect_status 1
        expect_one_error_line
        [[ $stderr == *"must run as root"* && -z $output ]]
    done
    expect_nothing_made
}

@test "unknown commands and options are refused by name" {
    expect_refused frobnicate frobnicate
    expect_refused checkpoint checkpoint --help
    expect_refused restore restore x
    # As runc: the usage goes to standard output, the cause alone to standard error.
    for arguments in "--no-such-option list" "create --no-such-option x" "run"; do
        # shellcheck disable=SC2086  # words
        run --separate-stderr quiet_kata $arguments
        [[ $status == 1 && ($stderr == *no-such-option* || $stderr == *"requires exactly 1 argument"*) ]]
        expect_one_error_line
    done
}

# From here on with a virtual machine.

@test "args[0] that is not found or not executable ends create as engines expect" {
    BUNDLE=$(make_bundle no-such-program)
    expect_refused 'executable file not found in $PATH' create --bundle "$BUNDLE" "$ID"
    [[ $stderr == *no-such-program* ]]
    expect_nothing_left "$ID"
    edit_spec "$BUNDLE" '.process.args = ["/etc/passwd"]'
    expect_refused 'permission denied' run --bundle "$BUNDLE" "$ID"
    [[ $stderr == */etc/passwd* ]]
    expect_nothing_left "$ID"
}

@test "an id in use, a command at the wrong time and bad exec requests leave the container as it was" {
    BUNDLE=$(make_bundle sleep 1000)
    quiet_kata create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null
    expect_refused "exists" create --bundle "$BUNDLE" "$ID"
    [[ $stderr == *"$ID"* ]]
    expect_refused "exists" run --bundle "$BUNDLE" "$ID"
    [[ $(status_of "$ID") == created ]]
    quiet_kata start "$ID"
    expect_refused "$ID" start "$ID"
    expect_refused "$ID" delete "$ID"
    [[ $stderr == *"--force"* || $stderr == *kill* ]]
    expect_refused NOSUCHSIGNAL kill "$ID" NOSUCHSIGNAL
    expect_refused 999 kill "$ID" 999
    expect_refused_with 255 'executable file not found in $PATH' exec "$ID" no-such-program
    expect_refused_with 255 'permission denied' exec "$ID" /etc/passwd
    expect_refused_with 255 nobody-knows exec --user nobody-knows "$ID" true
    expect_refused_with 255 4294967296 exec --user 4294967296 "$ID" true
    expect_refused_with 255 relative exec --cwd relative "$ID" true
    expect_refused_with 255 /no/such/directory exec --cwd /no/such/directory "$ID" true
    expect_refused_with 255 "$BATS_TEST_TMPDIR/none" exec --process "$BATS_TEST_TMPDIR/none" "$ID"
    echo '{' >"$BATS_TEST_TMPDIR/process.json"
    expect_refused_with 255 'line 2' exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
    [[ $(status_of "$ID") == running ]]
    quiet_kata kill "$ID" KILL
    wait_for_status "$ID" stopped
    expect_refused "$ID" start "$ID"
    expect_refused "$ID" kill "$ID" TERM
    expect_refused "$ID" ps "$ID"
    expect_refused_with 255 "$ID" exec "$ID" true
    quiet_kata delete "$ID"
    expect_nothing_left "$ID"
}
