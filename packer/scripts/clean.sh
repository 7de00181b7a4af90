#!/usr/bin/env bash
# Take away what belongs to the machine of the build and not to those that are made of its image. Last: new SSH sessions need host keys.
set -euo pipefail

apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
if command -v cloud-init >/dev/null; then cloud-init clean --logs; fi

# systemd makes a new id where the file is empty, and Google's guest agent new host keys where there are none.
truncate --size 0 /etc/machine-id
rm -f /etc/ssh/ssh_host_*

rm -rf /var/log/journal/*
find /var/log -type f \( -name '*.gz' -o -name '*.[0-9]' \) -delete
find /var/log -type f -exec truncate --size 0 {} +

rm -rf /root/.bash_history /root/.cache /root/.config/gcloud /root/.gnupg /root/.ssh/authorized_keys /root/snap
if [ -n "${SUDO_USER:-}" ]; then rm -rf "/home/${SUDO_USER:?}"; fi
