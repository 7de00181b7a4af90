#!/usr/bin/env bash
# Delete state of the build. This is the last step, because new SSH sessions need the host keys.
set -euo pipefail

apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
if command -v cloud-init >/dev/null; then cloud-init clean --logs; fi

# systemd creates a new id for an empty file, and Google's guest agent creates missing host keys.
truncate --size 0 /etc/machine-id
rm -f /etc/ssh/ssh_host_*

rm -rf /var/log/journal/*
find /var/log -type f \( -name '*.gz' -o -name '*.[0-9]' \) -delete
find /var/log -type f -exec truncate --size 0 {} +

rm -rf /root/.bash_history /root/.cache /root/.config/gcloud /root/.gnupg /root/.ssh/authorized_keys /root/snap
if [ -n "${SUDO_USER:-}" ]; then rm -rf "/home/${SUDO_USER:?}"; fi
