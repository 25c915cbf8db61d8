# Completion of kata-runtime for fish; installed as /usr/share/fish/vendor_completions.d/kata-runtime.fish.
# Commands and options are read from the program's own help, so that they are never out of date.

# The options of a help page (of a command, or of the program), a line each: name, value or nothing, text.
function __kata_runtime_options
    kata-runtime help $argv 2>/dev/null | awk '
        /OPTIONS:$/ { list = 1 }
        list && /^   -/ {
            line = substr($0, 4); at = match(line, /  +/)
            text = at ? substr(line, at + RLENGTH) : ""
            count = split(at ? substr(line, 1, at - 1) : line, names, ", ")
            for (i = 1; i <= count; i++) { split(names[i], word, " "); print word[1] "\t" word[2] "\t" text }
        }'
end

function __kata_runtime_commands
    kata-runtime help 2>/dev/null | awk '
        /^GLOBAL OPTIONS:$/ { exit }
        list && /^   [a-z-]+  / { name = $1; sub(/^ +[^ ]+ +/, ""); print name "\t" $0 }
        /^COMMANDS:$/ { list = 1 }'
end

# The words before the cursor without the program, its options and their values: the command comes first.
function __kata_runtime_words
    set -l with_value (__kata_runtime_options | awk -F '\t' '$2 != "" { print $1 }')
    set -l words (commandline -opc)[2..-1]
    while string match -q -- '-*' "$words[1]"
        contains -- $words[1] $with_value; and set -e words[1]
        set -e words[1]
    end
    printf '%s\n' $words
end

function __kata_runtime_containers
    set -l words (commandline -opc)
    set -l at (contains -i -- --root $words)
    and set -l root --root $words[(math $at + 1)]
    kata-runtime $root list --quiet 2>/dev/null
end

function __kata_runtime_candidates
    set -l words (__kata_runtime_words)
    set -l current (commandline -ct)
    switch (commandline -opc)[-1]
        case --bundle -b --root --cwd
            __fish_complete_directories $current
            return
        case --log --pid-file --console-socket --process -p --config --kata-config
            __fish_complete_path $current
            return
        case --log-format
            printf '%s\n' text json
            return
        case --format
            printf '%s\n' table json
            return
    end
    if string match -q -- '-*' "$current"
        __kata_runtime_options $words[1] | awk -F '\t' '{ print $1 "\t" $3 }'
        return
    end
    switch "$words[1]"
        case '' help
            __kata_runtime_commands
        case kata-network
            switch (count $words)
                case 1
                    printf '%s\n' add-iface del-iface list-ifaces list-routes refresh update-routes watch
                case 2
                    __kata_runtime_containers
                case '*'
                    __fish_complete_path $current
            end
        case direct-volume
            if test (count $words) = 1
                printf '%s\n' add remove stats resize list inspect gc
            else
                __fish_complete_path $current
            end
        case config
            test (count $words) = 1; and printf '%s\n' show check
            test "$words[2]" = check; and __fish_complete_path $current
            test "$words[2]" = show; and __kata_runtime_containers
        case start state kill delete exec ps pause resume update events
            test (count $words) = 1; and __kata_runtime_containers
    end
    return 0
end

complete -c kata-runtime -f -a '(__kata_runtime_candidates)'
