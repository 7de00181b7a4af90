# shellcheck shell=bash
# put FILE MODE: replace a file atomically with the content of stdin.
put() {
    cat >"$1.new"
    chmod "$2" "$1.new"
    mv "$1.new" "$1"
}

# retry COMMAND...: run a command until it succeeds, six times at most, with waits of 2, 4, 8, 16 and 32 s. The network, the
# registry, or a permission that was granted a minute ago may fail once, and a boot runs the startup script once.
retry() {
    local wait_s=2 code
    until "$@"; do
        code=$?
        if [ "$wait_s" -gt 32 ]; then
            echo "$*: exit code $code, 6 times" >&2
            return "$code"
        fi
        echo "$*: exit code $code, again in $wait_s s" >&2
        sleep "$wait_s"
        wait_s=$((wait_s * 2))
    done
}
