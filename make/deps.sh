#!/bin/bash
# Installs the Debian packages of the named sets (make/packages.build, .run, .test, .bench, .posix) that are missing.
# Asks dpkg first, so that a second run takes no time and no network.
set -euo pipefail
. "$(dirname "$0")/common.sh"

wanted() {
    local set
    for set in "$@"; do
        sed -e 's/[[:space:]]*#.*//' -e '/^[[:space:]]*$/d' "make/packages.$set"
    done | sort -u
}

# Those of the named packages that dpkg does not have.
missing() {
    comm -23 <(printf '%s\n' "$@" | sort -u) \
        <(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null | sed -n 's/^.i //p' | sort -u)
}

# The tests start engines of their own. Debian's packages would start theirs, with a bridge and firewall rules on
# the user's machine: those services that are not there yet are not started by their installation.
keep_engines_quiet() {
    local policy=/usr/sbin/policy-rc.d
    [[ ! -e $policy && ! -L $policy ]] || return 0
    # shellcheck disable=SC2016  # $1 is that script's
    printf '#!/bin/sh\ncase $1 in docker* | containerd* | podman*) exit 101 ;; esac\nexit 0\n' >"$policy"
    chmod 0755 "$policy"
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
}

main() {
    local packages absent
    need_amd64
    command -v dpkg-query >/dev/null || die "this is not a Debian system; see make/packages.* for what is needed"
    mapfile -t packages < <(wanted "$@")
    mapfile -t absent < <(missing "${packages[@]}")
    if [[ ${#absent[@]} == 0 ]]; then
        echo "packages: all ${#packages[@]} are installed"
        return
    fi
    need_root
    echo "packages: installing ${#absent[@]}: ${absent[*]}"
    apt-get -qq update
    [[ " $* " != *" test "* ]] || keep_engines_quiet
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${absent[@]}" </dev/null
}

main "$@"
