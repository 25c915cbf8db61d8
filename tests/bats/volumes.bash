# shellcheck shell=bash
# Where direct volumes are kept on the host, for the files that look at more than the commands print.

DIRECT_VOLUMES=/run/kata-containers/shared/direct-volumes

# entry_of VOLUME: where the reference keeps it.
entry_of() {
    printf '%s/%s\n' "$DIRECT_VOLUMES" "$(printf %s "$1" | basenc --base64url --wrap=0)"
}

# expect_users VOLUME [SANDBOX...]: exactly these have it. "list" would say "free" of one whose sandbox left its file.
expect_users() {
    local entry
    entry=$(entry_of "$1")
    shift
    expect_equal "$(LC_ALL=C ls -A "$entry")" "$(printf '%s\n' "$@" mountInfo.json | LC_ALL=C sort)"
}
