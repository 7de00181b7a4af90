# shellcheck shell=bash disable=SC2154 # the startup script sets `project`, and functions.sh has `retry`
# secret NAME: print the newest version of a secret; fail if it is empty, because the application would start with it.
# Assign the output to a variable: Google stores everything that reaches the serial port.
secret() {
    local value
    value=$(retry read_secret "$1")
    case $value in
        '') echo "secret '$1' is empty" >&2 && return 1 ;;
        *[[:cntrl:]]*) echo "secret '$1' is not one line of text" >&2 && return 1 ;;
    esac
    printf '%s' "$value"
}

# read_secret NAME: print the value only after gcloud has succeeded, so that no output of a failed attempt comes before it.
read_secret() {
    local value
    value=$(timeout --kill-after 10 30 gcloud secrets versions access latest --secret "$1" --project "$project") && printf '%s' "$value"
}
