# Of every startup script: Terraform pastes it in. Nothing here or there prints a secret, for serial ports are kept.

# Replace a file as a whole, so that nobody ever reads half of one: FILE MODE, with its content on stdin.
put() {
    cat >"$1.new"
    chmod "$2" "$1.new"
    mv "$1.new" "$1"
}

# Print the newest version of a secret: NAME. An empty one is as bad as none, for the application would start with it.
secret() {
    local value
    value=$(gcloud secrets versions access latest --secret "$1" --project "$project")
    case $value in
        '') echo "secret '$1' is empty" >&2 && return 1 ;;
        *$'\n'* | *\'*) echo "secret '$1' has a line break or a single quote, which no env file holds" >&2 && return 1 ;;
    esac
    printf '%s' "$value"
}
