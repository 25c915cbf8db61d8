#!/bin/bash
# Prints the targets of a Makefile and the words after their "##".
set -euo pipefail

printf 'kata-runtime: OCI containers in libvirt virtual machines\n\n'
sed -n 's/^\([a-z-]*\):.*## \(.*\)$/\1\t\2/p' "$@" |
    while IFS=$'\t' read -r target words; do
        printf '  make %-12s %s\n' "$target" "$words"
    done
printf '\nA new machine needs two commands: sudo make demo, sudo make test\n'
