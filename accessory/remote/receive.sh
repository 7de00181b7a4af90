# shellcheck shell=bash
# SSH runs this script on the VM: store the whole script from stdin, start it apart from this connection, print its log.
# Arguments: FOLDER of the run, SHA256 and BYTES of the script on stdin, LINES of its log that the client already has.
# Repeated calls are safe: a run starts once, and each caller gets its log.
set -eu
[ "$(id -u)" = 0 ] || exec sudo -n bash -c "$BASH_EXECUTION_STRING" receive "$@"
folder=$1 sha256=$2 bytes=$3 lines=$4
umask 077
if [ ! -e "$folder/log" ]; then
    # A connection may end after any byte: an incomplete script never gets its name, so it never runs.
    if ! { mkdir -p "$folder" && part=$(mktemp "$folder/part.XXXXXX") && head -c "$bytes" >"$part"; }; then
        printf '%s\tend\t9\tdisk: writing to %s failed.\tmake room there\n' $((lines + 1)) "$folder"
        exit
    fi
    trap 'rm -f "$part"' EXIT
    [ "$(sha256sum <"$part")" = "$sha256  -" ] || exit 75
    mv "$part" "$folder/script"
    setsid --fork bash "$folder/script" work </dev/null >/dev/null 2>&1
fi
exec bash "$folder/script" follow "$lines"
