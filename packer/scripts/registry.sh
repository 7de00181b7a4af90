#!/usr/bin/env bash
# Set up root's login to Artifact Registry, because startup scripts run as root. The helper uses the VM's account; no key is
# stored.
set -euo pipefail

# In Google's Ubuntu images gcloud is a snap: /snap/bin is not on the PATH of every service, and the snap may lack Docker's
# helper.
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
