# shellcheck shell=bash
# Results as JSON, as a table, and beside those of an earlier run.

# write_results FILE
write_results() {
    mkdir -p "$(dirname "$1")"
    jq -n --rawfile samples "$WORK/samples" --rawfile rows "$WORK/rows" --argjson machine "$(<"$WORK/machine.json")" \
        --arg when "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --arg program "$(version_of "$KATA")" \
        --arg accelerator "$(accelerator)" --argjson load "$(load_average)" \
        -f "$BENCH/report.jq" >"$1.new"
    mv "$1.new" "$1"
}

# Of the sandbox that was measured.
accelerator() {
    local index
    for ((index = 0; index < ${#SANDBOX_QEMU[@]}; index++)); do
        [[ ${SANDBOX_QEMU[index]} != -accel ]] || printf '%s' "${SANDBOX_QEMU[index + 1]%%,*}"
    done
}

print_machine() {
    jq -r '"\(.program); \(.machine.cores) x \(.machine.cpu); accelerator \(.machine.accelerator); " +
        "load average \(.machine.load_at_start) at the start, \(.machine.load_at_end) at the end"' "$1"
}

print_table() {
    print_machine "$1"
    jq -r '.rows[] | [.section, .label, .value, .unit, .peer, .peer_value, .ratio, .goal, .met] |
        map(if . == null then "-" else tostring end) | join("\t")' "$1" | awk -F'\t' '
        function shown(value, unit) { return value == "-" ? "-" : sprintf("%.1f %s", value, unit) }
        function verdict(goal, met) {
            if (goal == "-" || met == "-") return ""
            split(goal, part, " ")
            return sprintf("%s at %s %s: %s", part[1], part[1] == "share" ? "least" : "most", part[2], met == "true" ? "met" : "MISSED")
        }
        $1 != section {
            section = title = $1
            if (length(title) > 34) { # a line of its own
                printf "\n%s", title
                title = ""
            }
            printf "\n%-34s %12s  %-22s %6s\n", title, "median", "peer", "ratio"
        }
        {
            peer = $5 == "-" ? "" : $5 " " shown($6, $4)
            printf "  %-32s %12s  %-22s %6s  %s\n", $2, shown($3, $4), peer,
                $7 == "-" ? "" : sprintf("%.2f", $7), verdict($8, $9)
        }' | sed 's/ *$//'
}

# print_comparison OLD NEW: the medians of both and by how much the new one differs.
print_comparison() {
    printf '\n%-34s %12s %12s %8s\n' "beside the earlier run" "earlier" "now" "change"
    jq -r --slurpfile old "$1" '.rows | unique_by(.figure)[] | .figure as $name |
        [$name, ($old[0].figures[$name].median // "-"), .value, .unit] | map(tostring) | join("\t")' "$2" |
        awk -F'\t' '{
            change = $2 == "-" || $2 == 0 ? "-" : sprintf("%+.0f %%", ($3 - $2) * 100 / $2)
            printf "  %-32s %12s %12s %8s\n", $1, $2 == "-" ? "-" : sprintf("%.1f %s", $2, $4),
                sprintf("%.1f %s", $3, $4), change
        }'
    echo "  (earlier: $(print_machine "$1"))"
}
