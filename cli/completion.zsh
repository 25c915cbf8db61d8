#compdef kata-runtime
# Completion of kata-runtime for zsh; installed as /usr/share/zsh/vendor-completions/_kata-runtime.
# Commands and options are read from the program's own help, so that they are never out of date.

# The options of a help page (of a command, or of the program), a line each: name, value or nothing, text.
_kata-runtime_options() {
    kata-runtime help "$@" 2>/dev/null | awk '
        /OPTIONS:$/ { list = 1 }
        list && /^   -/ {
            line = substr($0, 4); at = match(line, /  +/)
            text = at ? substr(line, at + RLENGTH) : ""
            count = split(at ? substr(line, 1, at - 1) : line, names, ", ")
            for (i = 1; i <= count; i++) { split(names[i], word, " "); print word[1] "\t" word[2] "\t" text }
        }'
}

# "name:text" of each command.
_kata-runtime_commands() {
    kata-runtime help 2>/dev/null | awk '
        /^GLOBAL OPTIONS:$/ { exit }
        list && /^   [a-z-]+  / { name = $1; sub(/^ +[^ ]+ +/, ""); print name ":" $0 }
        /^COMMANDS:$/ { list = 1 }'
}

_kata-runtime_containers() {
    local -a root containers
    local at=${words[(i)--root]}
    ((at < CURRENT)) && root=(--root "${words[at + 1]}")
    containers=("${(@f)$(kata-runtime "${root[@]}" list --quiet 2>/dev/null)}")
    _describe container containers
}

_kata-runtime() {
    local -a with_value candidates before
    local line
    with_value=("${(@f)$(_kata-runtime_options | awk -F '\t' '$2 != "" { print $1 }')}")
    # The words before the cursor without the program, its options and their values: the command comes first.
    before=("${(@)words[2,CURRENT-1]}")
    while [[ ${before[1]} == -* ]]; do
        ((${with_value[(Ie)${before[1]}]})) && before=("${(@)before[2,-1]}")
        before=("${(@)before[2,-1]}")
    done
    case ${words[CURRENT-1]} in
    --bundle|-b|--root|--cwd) _files -/; return ;;
    --log|--pid-file|--console-socket|--process|-p|--config|--kata-config) _files; return ;;
    --log-format) candidates=(text json); _describe format candidates; return ;;
    --format) candidates=(table json); _describe format candidates; return ;;
    esac
    if [[ ${words[CURRENT]} == -* ]]; then
        for line in "${(@f)$(_kata-runtime_options ${before[1]})}"; do
            candidates+=("${line%%$'\t'*}:${line##*$'\t'}")
        done
        _describe -o option candidates
        return
    fi
    case ${before[1]} in
    ''|help) candidates=("${(@f)$(_kata-runtime_commands)}"); _describe command candidates ;;
    kata-network)
        case ${#before} in
        1)
            candidates=(add-iface del-iface list-ifaces list-routes refresh update-routes watch)
            _describe command candidates
            ;;
        2) _kata-runtime_containers ;;
        *) _files ;;
        esac
        ;;
    direct-volume)
        if ((${#before} == 1)); then
            candidates=(add remove stats resize list inspect gc)
            _describe command candidates
        else
            _files
        fi
        ;;
    config)
        if ((${#before} == 1)); then
            candidates=(show check)
            _describe command candidates
        elif [[ ${before[2]} == check ]]; then
            _files
        else
            _kata-runtime_containers
        fi
        ;;
    start|state|kill|delete|exec|ps|pause|resume|update|events)
        if ((${#before} == 1)); then _kata-runtime_containers; fi
        ;;
    esac
}

_kata-runtime "$@"
