#!/usr/bin/env bash
# Docker with its plugins, from Docker's own repository.
set -euo pipefail
source ./apt.sh

# Merge daemon.json into the existing settings, so that those of nvidia.sh stay. Docker's first start reads them.
settings=/etc/docker/daemon.json
mkdir -p /etc/docker
[ -s "$settings" ] || echo '{}' >"$settings"
before=$(jq --sort-keys . "$settings")
after=$(jq --sort-keys --slurp '.[0] * .[1]' "$settings" daemon.json)
[ "$before" = "$after" ] || echo "$after" >"$settings"

add_repository docker "$DOCKER_REPOSITORY/gpg" "$DOCKER_KEY_FINGERPRINT" "$DOCKER_REPOSITORY jammy stable"
install_held "docker-ce=$DOCKER_VERSION" "docker-ce-cli=$DOCKER_VERSION" \
    "containerd.io=$DOCKER_CONTAINERD_VERSION" \
    "docker-buildx-plugin=$DOCKER_BUILDX_VERSION" "docker-compose-plugin=$DOCKER_COMPOSE_VERSION"

systemctl enable --now docker.service
[ "$before" = "$after" ] || systemctl restart docker.service
