#!/usr/bin/env bash
# Root pulls from Artifact Registry, because the startup scripts run as root. The helper asks the machine's account each time; no key is kept.
set -euo pipefail

# Google's Ubuntu images have gcloud as a snap: /snap/bin is not on every service's PATH, and the snap may lack Docker's helper.
command_of_services() { # NAME COMMAND...
    local name=$1 file=/usr/local/bin/$1
    shift
    if ! PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin command -v "$name" >/dev/null; then
        printf '#!/bin/sh\nexec %s "$@"\n' "$*" >"$file"
        chmod 755 "$file"
    fi
}
command_of_services gcloud "$(command -v gcloud)"
command_of_services docker-credential-gcloud gcloud auth docker-helper
HOME=/root gcloud auth configure-docker "$REGISTRY_HOST" --quiet
