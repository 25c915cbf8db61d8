# Samples and rows of a run (tab-separated lines) to its result: every figure with median, smallest and largest
# value, and every row with its ratio and whether its goal was met.
def median: sort | length as $n | if $n == 0 then null elif $n % 2 == 1 then .[($n - 1) / 2]
    else (.[$n / 2 - 1] + .[$n / 2]) / 2 end;
def rounded: . * 1000 | round / 1000;
def lines($text): $text | split("\n") | map(select(. != "") | split("\t"));

(lines($samples) | group_by(.[0]) | map({key: .[0][0], value: (map(.[2] | tonumber) as $values |
    {unit: .[0][1], median: ($values | median | rounded), min: ($values | min), max: ($values | max),
     runs: ($values | length)})}) | from_entries) as $figures
| {
    schema: 1,
    when: $when,
    program: $program,
    machine: ($machine + {accelerator: $accelerator, load_at_end: $load}),
    figures: $figures,
    rows: (lines($rows) | map(
        {section: .[0], label: .[1], figure: .[2], peer: .[3], peer_figure: .[4], goal: .[5]}
        | .value = $figures[.figure].median
        | .unit = $figures[.figure].unit
        | .peer_value = $figures[.peer_figure].median
        | .ratio = (if (.peer_value // 0) > 0 and .value != null then .value / .peer_value | rounded else null end)
        | (.goal | split(" ")) as $goal
        | .met = (if $goal[0] == "ratio" and .ratio != null then .ratio <= ($goal[1] | tonumber)
                  elif $goal[0] == "share" and .ratio != null then .ratio >= ($goal[1] | tonumber)
                  elif $goal[0] == "value" and .value != null then .value <= ($goal[1] | tonumber)
                  else null end)))
  }
