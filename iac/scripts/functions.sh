# Replace a file as a whole, so that nobody ever reads half of one: FILE MODE, with its content on stdin.
put() {
    cat >"$1.new"
    chmod "$2" "$1.new"
    mv "$1.new" "$1"
}
