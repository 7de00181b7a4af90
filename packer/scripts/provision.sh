#!/usr/bin/env bash
# Make cpu-base or gpu-base of Google's Ubuntu image, as root: bash provision.sh cpu-base
# Versions and addresses are variables; ../machine.pkr.hcl sets them. A second run changes nothing.
set -euo pipefail
kind=$1
cd "$(dirname "$0")"
export DEBIAN_FRONTEND=noninteractive PATH=$PATH:/snap/bin

# At the first boot cloud-init writes apt's sources. Exit code 2: it is done, and warns of something.
if command -v cloud-init >/dev/null; then
    timeout 300 cloud-init status --wait || [ $? = 2 ]
fi

# Ubuntu's daily upgrade, which a new machine begins at once, would hold apt's lock. They are back at the next boot.
systemctl stop apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service

bash system.sh
bash docker.sh
if [ "$kind" = gpu-base ]; then bash nvidia.sh; fi
bash registry.sh
bash images.sh "$kind"
bash verify.sh "$kind"
bash clean.sh
