#!/usr/bin/env bash
# What the other scripts need, the limit of the journal, and which updates a machine takes by itself.
set -euo pipefail
source ./apt.sh

# pigz: Docker unpacks layers with it, if it is there, on all cores.
apt update
apt install --no-install-recommends ca-certificates curl gnupg jq pigz unattended-upgrades
install -D --mode 644 journald.conf /etc/systemd/journald.conf.d/50-dojangkok.conf
install -D --mode 644 unattended-upgrades.conf /etc/apt/apt.conf.d/52dojangkok-unattended-upgrades
