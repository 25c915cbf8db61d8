#!/bin/bash
# Makes the guest's kernel and initrd, and prints their sizes.
set -euo pipefail
. "$(dirname "$0")/common.sh"

export GUEST_OUT=$PWD/$BUILD/guest
guest/kernel.sh
guest/initrd.sh "$BUILD/pkg/agent/guest/kata-agent"
guest/sizes.sh
