# shellcheck shell=bash disable=SC2154 # functions.sh sets `last_error`
# phase NAME [REASON]: write to the guest attributes of this VM how far this boot has come: boot id, seconds since the VM has
# started, and the reason of a failure. deploy reads them (deploy/group/boot_phases.py). Any process of this VM can read and
# write them, so REASON holds no secret. A write that fails is no failed boot.
phase() {
    local uptime_s _
    read -r uptime_s _ </proc/uptime
    curl --silent --output /dev/null --max-time 2 --request PUT --header 'Metadata-Flavor: Google' \
        --data-raw "$(</proc/sys/kernel/random/boot_id) $uptime_s ${2:-}" \
        "http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes/release/$1" || true
}

# report_failure: write the phase `failed` at the end of a script that fails, with the last error of its commands.
report_failure() {
    local code=$? reason
    [ "$code" != 0 ] || return 0
    reason=$(grep --ignore-case error "$last_error" || tail --lines 1 "$last_error")
    reason=${reason##*$'\n'}
    reason=${reason:-the startup script ended with exit code $code}
    phase failed "${reason:0:400}"
}
trap report_failure EXIT
