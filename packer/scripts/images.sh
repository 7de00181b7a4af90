#!/usr/bin/env bash
# Pull the images of images.txt for a VM image: bash images.sh cpu-base
set -euo pipefail
awk -v kind="$1" '!/^#/ && ($2 == "all" || $2 == kind) { print $1 }' images.txt |
    while read -r image; do
        docker image inspect "$image" >/dev/null 2>&1 || docker pull --quiet "$image" </dev/null
    done
