#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154  # scripts for a shell in the guest; variables that bats' run sets
# Hooks: each runs at its place in a container's life, with the container's state on its standard input.

load helpers

setup_file() {
    kata_setup_file
}

teardown_file() {
    kata_teardown_file
}

teardown() {
    kata_teardown
}

# hook_script BUNDLE: a hook that notes its name, the state it was given, and what it sees of the world.
# It lies in the bundle for the hooks of the host, and in the root for the one that runs in the guest.
hook_script() {
    cat >"$1/hook" <<'SCRIPT'
#!/bin/sh
# hook NAME DIRECTORY [CODE]
state=$(cat)
echo "$1" >>"$2/order"
echo "$state" >"$2/$1.json"
env | grep -v -E '^(PWD|SHLVL|_|OLDPWD)=' >"$2/$1.env"
pid=$(echo "$state" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
readlink /proc/self/ns/net /proc/self/ns/mnt >"$2/$1.own"
[ "${pid:-0}" = 0 ] || readlink "/proc/$pid/ns/net" "/proc/$pid/ns/mnt" >"$2/$1.container" 2>/dev/null
exit "${3:-0}"
SCRIPT
    chmod 0755 "$1/hook"
    cp "$1/hook" "$1/rootfs/hook"
}

# hooked_bundle: prints a bundle whose hooks write to <bundle>/notes, which is /notes in the container.
hooked_bundle() {
    local bundle
    bundle=$(make_bundle sh -c 'echo process >>/notes/order; exec sleep 100000')
    mkdir "$bundle/notes"
    hook_script "$bundle"
    # shellcheck disable=SC2016  # $b is jq's
    edit_spec "$bundle" '
        def hook($name; $path; $notes): [{path: $path, args: ["hook", $name, $notes], env: ["PATH=/bin:/usr/bin", "HOOK=" + $name]}];
        .mounts += [{destination: "/notes", type: "bind", source: ($b + "/notes"), options: ["rbind"]}]
        | .annotations = {"org.example": "hooked"}
        | .hooks = ([("prestart", "createRuntime", "createContainer", "poststart", "poststop")
            | {(.): hook(.; $b + "/hook"; $b + "/notes")}] | add)
        | .hooks.startContainer = hook("startContainer"; "/hook"; "/notes")' --arg b "$bundle"
    printf '%s\n' "$bundle"
}

# order BUNDLE: what has run so far, on one line.
order() {
    xargs <"$1/notes/order"
}

# expect_state BUNDLE HOOK STATUS PID
expect_state() {
    expect_equal "$(jq -r '[.status, .pid, .bundle, .annotations["org.example"]] | @csv' "$1/notes/$2.json" | tr -d '"')" \
        "$3,$4,$1,hooked"
}

@test "all six kinds of hook run in their order, with the state and only the environment that they are meant to have" {
    local bundle id pid hook
    bundle=$(hooked_bundle)
    id=$(unique_id)
    create_container "$id" "$bundle" --pid-file "$bundle/pid"
    pid=$(cat "$bundle/pid")
    expect_equal "$(order "$bundle")" "prestart createRuntime createContainer"
    expect_equal "$(jq -r .id "$bundle/notes/createRuntime.json")" "$id"
    for hook in prestart createRuntime createContainer; do
        expect_state "$bundle" "$hook" creating "$pid"
        expect_equal "$(sort "$bundle/notes/$hook.env")" "HOOK=$hook"$'\n'"PATH=/bin:/usr/bin"
    done
    kata start "$id"
    wait_until 60 grep -q process "$bundle/notes/order"
    wait_until 60 grep -q poststart "$bundle/notes/order"
    expect_equal "$(order "$bundle" | sed -E 's/ (process|poststart)//g')" "prestart createRuntime createContainer startContainer"
    expect_state "$bundle" poststart running "$pid"
    expect_equal "$(jq -r .id "$bundle/notes/startContainer.json")" "$id"

    # The hooks of the runtime are in the host's namespaces, and find the container's by the pid.
    expect_equal "$(cat "$bundle/notes/createRuntime.own")" "$(readlink /proc/self/ns/net /proc/self/ns/mnt)"
    expect_equal "$(head -n 1 "$bundle/notes/createRuntime.container")" "$(readlink "/proc/$pid/ns/net")"
    [[ $(readlink "/proc/$pid/ns/net") != "$(readlink /proc/self/ns/net)" ]]
    expect_equal "$(cat "$bundle/notes/createContainer.own")" "$(readlink "/proc/$pid/ns/net" "/proc/$pid/ns/mnt")"

    kata kill "$id" KILL
    wait_for_status "$id" stopped
    kata delete "$id"
    expect_equal "$(order "$bundle" | awk '{print $NF}')" poststop
    expect_equal "$(jq -r .status "$bundle/notes/poststop.json")" stopped
}

@test "a createRuntime hook that fails ends create, undoes everything, and the poststop hooks run" {
    local bundle id
    bundle=$(hooked_bundle)
    id=$(unique_id)
    edit_spec "$bundle" '.hooks.createRuntime[0].args += ["3"]'
    run_kata_apart create --bundle "$bundle" "$id"
    expect_status 1
    expect_one_error_line
    [[ $stderr == *createRuntime*hook* ]]
    expect_equal "$(order "$bundle")" "prestart createRuntime poststop"
    run_kata state "$id"
    expect_failure "does not exist"
}

@test "a hook that outlives its timeout ends create" {
    local bundle
    bundle=$(make_bundle true)
    edit_spec "$bundle" '.hooks.prestart = [{path: "/bin/sleep", args: ["sleep", "100000"], timeout: 1}]'
    run_kata_apart create --bundle "$bundle" "$(unique_id)"
    expect_status 1
    expect_one_error_line
    [[ $stderr == *prestart*hook* ]]
}
