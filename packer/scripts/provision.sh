#!/usr/bin/env bash
# Turn Google's Ubuntu image into cpu-base or gpu-base, as root: bash provision.sh cpu-base
# ../vm.pkr.hcl sets the variables for versions and addresses. A second run changes nothing.
set -euo pipefail
kind=$1
cd "$(dirname "$0")"
export DEBIAN_FRONTEND=noninteractive PATH=$PATH:/snap/bin

# At the first boot cloud-init writes apt's sources. Exit code 2 means done with warnings.
if command -v cloud-init >/dev/null; then
    timeout 300 cloud-init status --wait || [ $? = 2 ]
fi

# Ubuntu's daily upgrade, which a new VM starts at once, would hold apt's lock. The timers start again at the next boot.
systemctl stop apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service

bash system.sh
bash docker.sh
if [ "$kind" = gpu-base ]; then bash nvidia.sh; fi
bash registry.sh
bash images.sh "$kind"
bash verify.sh "$kind"
bash clean.sh
