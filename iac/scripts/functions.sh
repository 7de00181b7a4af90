# shellcheck shell=bash
# put FILE MODE: replace a file atomically with the content of stdin.
put() {
    cat >"$1.new"
    chmod "$2" "$1.new"
    mv "$1.new" "$1"
}
