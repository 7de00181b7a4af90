# shellcheck shell=bash disable=SC2154 # functions.sh sets `last_error`
# phase NAME [REASON]: write to the guest attributes of this VM how far this boot has come: boot id, seconds since the VM has
# started, and the reason of a failure. deploy reads them (deploy/group/boot_phases.py). Any process of this VM can read and
# write them, so REASON holds no secret. A write that fails is no failed boot; that of a failure has more attempts.
phase() {
    local uptime_s _ retries=0
    read -r uptime_s _ </proc/uptime
    [ "$1" != failed ] || retries=3
    printf '%s %s %s' "$(</proc/sys/kernel/random/boot_id)" "$uptime_s" "${2:-}" |
        curl --silent --fail --output /dev/null --max-time 2 --retry "$retries" --retry-delay 1 --retry-max-time 8 \
            --retry-connrefused --request PUT --header 'Metadata-Flavor: Google' --data-binary @- \
            "http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes/release/$1" || true
}

# report_failure: write the phase `failed` at the end of a script that fails, with the last error of its commands. Compose's
# error about an env file quotes its values, so no line about one is written.
report_failure() {
    local code=$? reason
    [ "$code" != 0 ] || return 0
    if grep --quiet --fixed-strings .env "$last_error"; then
        reason='cannot read app.env'
    else
        reason=$(grep --ignore-case --extended-regexp 'error.*:|denied|unknown|not found' "$last_error" ||
            tail --lines 1 "$last_error")
        reason=${reason##*$'\n'}
    fi
    reason=${reason:-the startup script has ended}
    phase failed "${reason:0:380} (exit code $code)"
}
trap report_failure EXIT
