#!/usr/bin/env bash
# Packages of the other scripts, the limit of the journal, and the automatic updates.
set -euo pipefail
source ./apt.sh

# Docker unpacks layers with pigz, if it is installed.
apt update
apt install --no-install-recommends ca-certificates curl gnupg jq pigz unattended-upgrades
install -D --mode 644 journald.conf /etc/systemd/journald.conf.d/50-dojangkok.conf
install -D --mode 644 unattended-upgrades.conf /etc/apt/apt.conf.d/52dojangkok-unattended-upgrades
