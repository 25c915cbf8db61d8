# Completion of kata-runtime for bash; installed as
# /usr/share/bash-completion/completions/kata-runtime.
# Commands and options are read from the program's own help, so that they are never out of date.

# _kata_runtime_options [COMMAND]: the options of the help page, one on a line.
_kata_runtime_options() {
    kata-runtime help ${1:+"$1"} 2>/dev/null | sed -n '/OPTIONS:$/,$s/^   -/-/p' | sed 's/  .*//' |
        grep -oE -- '--?[a-z][a-z-]*'
}

_kata_runtime_commands() {
    kata-runtime help 2>/dev/null | sed -n '/^COMMANDS:$/,/^GLOBAL OPTIONS:$/p' |
        sed -nE 's/^   ([a-z-]+)  .*/\1/p'
}

_kata_runtime() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command="" root="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --root) root=${COMP_WORDS[++i]} ;;
        --log | --log-format | --config | --kata-config | --cgroup-manager | --rootless | --criu) ((i++)) ;;
        -*) ;;
        *)
            command=${COMP_WORDS[i]}
            break
            ;;
        esac
    done
    COMPREPLY=()
    case $before in
    --bundle | -b | --root | --cwd)
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
        ;;
    --log | --pid-file | --console-socket | --process | -p | --config | --kata-config)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --log-format)
        mapfile -t COMPREPLY < <(compgen -W "text json" -- "$word")
        return
        ;;
    --format)
        mapfile -t COMPREPLY < <(compgen -W "table json" -- "$word")
        return
        ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_kata_runtime_options "$command")" -- "$word")
        return
    fi
    case $command in
    kata-network)
        if [[ $before == kata-network ]]; then
            mapfile -t COMPREPLY < <(compgen -W "add-iface del-iface list-ifaces list-routes refresh update-routes watch" -- "$word")
        elif [[ ${COMP_WORDS[COMP_CWORD - 2]} == kata-network ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(kata-runtime ${root:+--root "$root"} list --quiet 2>/dev/null)" -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        ;;
    direct-volume)
        if [[ $before == direct-volume ]]; then
            mapfile -t COMPREPLY < <(compgen -W "add remove stats resize list inspect gc" -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        ;;
    config)
        if [[ $before == config ]]; then
            mapfile -t COMPREPLY < <(compgen -W "show check" -- "$word")
        elif [[ $before == show || ${COMP_WORDS[COMP_CWORD - 2]} == show ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(kata-runtime ${root:+--root "$root"} list --quiet 2>/dev/null)" -- "$word")
        elif [[ $before == check ]]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        ;;
    "") mapfile -t COMPREPLY < <(compgen -W "$(_kata_runtime_commands)" -- "$word") ;;
    help) mapfile -t COMPREPLY < <(compgen -W "$(_kata_runtime_commands)" -- "$word") ;;
    start | state | kill | delete | exec | ps | pause | resume | update | events)
        mapfile -t COMPREPLY < <(compgen -W "$(kata-runtime ${root:+--root "$root"} list --quiet 2>/dev/null)" -- "$word")
        ;;
    esac
}

complete -F _kata_runtime kata-runtime
