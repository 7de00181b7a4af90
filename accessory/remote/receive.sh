# shellcheck shell=bash
# What SSH runs on the machine: take in the script whole, start it apart from this connection, and follow it.
# Arguments: RUN, SHA256 and BYTES of the script on stdin, LINES of its log that the client has already.
# It can be asked again and again: a run is begun once, and its log is given to everybody who asks.
set -eu
[ "$(id -u)" = 0 ] || exec sudo -n bash -c "$BASH_EXECUTION_STRING" receive "$@"
folder=/var/lib/dojangkok/runs/$1 sha256=$2 bytes=$3 lines=$4
umask 077
if [ ! -e "$folder/log" ]; then
    # A connection may end after any byte: half a script never gets its name, so it never runs.
    if ! { mkdir -p "$folder" && part=$(mktemp "$folder/part.XXXXXX") && head -c "$bytes" >"$part"; }; then
        printf '%s\tend\t9\tdisk: nothing can be written to %s.\tmake room there\n' $((lines + 1)) "$folder"
        exit
    fi
    trap 'rm -f "$part"' EXIT
    [ "$(sha256sum <"$part")" = "$sha256  -" ] || exit 75
    mv "$part" "$folder/script"
    setsid --fork bash "$folder/script" work </dev/null >/dev/null 2>&1
fi
exec bash "$folder/script" follow "$lines"
