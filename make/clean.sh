#!/bin/bash
# Removes what was built, but not the packages downloaded for the guest.
set -euo pipefail
. "$(dirname "$0")/common.sh"

rm -rf "$BUILD-asan"
if [[ -d $BUILD ]]; then
    find "$BUILD" -mindepth 1 -maxdepth 1 ! -name guest -exec rm -rf {} +
fi
if [[ -d $BUILD/guest ]]; then
    find "$BUILD/guest" -mindepth 1 -maxdepth 1 ! -name packages -exec rm -rf {} +
fi
