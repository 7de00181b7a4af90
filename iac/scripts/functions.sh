# shellcheck shell=bash
# put FILE MODE: replace a file atomically with the content of stdin.
put() {
    cat >"$1.new"
    chmod "$2" "$1.new"
    mv "$1.new" "$1"
}

# run COMMAND...: run a command, and print its error output. The file `last_error` has that output if the command fails.
last_error=/run/last-error
: >"$last_error"
run() {
    local code=0
    "$@" 2>"$last_error" || code=$?
    cat "$last_error" >&2
    [ "$code" != 0 ] || : >"$last_error"
    return "$code"
}

# retry COMMAND...: run a command until it succeeds, six times at most, with waits of 2, 4, 8, 16 and 32 s. The network, the
# registry, or a permission that was granted a minute ago may fail once, and a boot runs the startup script once. No attempt
# begins later than `retries_end_s` after the script, because auto-healing recreates an instance that boots for longer than
# the group's initial delay; so a command that may hang runs under `timeout`. An image that its registry does not have is not
# pulled again: no attempt would find it. deploy recognizes the lines that this function prints
# (deploy/group/serial_output.py): an error of an attempt is no failed boot.
retries_end_s=150
retry() {
    local attempts=1 wait_s=2 code
    echo "$*: attempt 1, with more after a failure" >&2
    until run "$@"; do
        code=$?
        if [ "$attempts" = 6 ] || [ $((SECONDS + wait_s)) -gt "$retries_end_s" ] || is_absent_image; then
            echo "$*: exit code $code, $attempts times" >&2
            return "$code"
        fi
        echo "$*: exit code $code, again in $wait_s s" >&2
        sleep "$wait_s"
        attempts=$((attempts + 1)) wait_s=$((wait_s * 2))
    done
}

is_absent_image() {
    grep --quiet --extended-regexp 'manifest unknown|manifest for .* not found|no such manifest' "$last_error"
}
