# Print the newest version of a secret: NAME. An empty one is as bad as none, for the application would start with it.
# Into variables only: what reaches the serial port is kept.
secret() {
    local value
    value=$(gcloud secrets versions access latest --secret "$1" --project "$project")
    case $value in
        '') echo "secret '$1' is empty" >&2 && return 1 ;;
        *[[:cntrl:]]*) echo "secret '$1' is not one line of text" >&2 && return 1 ;;
    esac
    printf '%s' "$value"
}
