#!/usr/bin/env bash
# NVIDIA's container runtime, in Docker under the name `nvidia`; containers select it, it is not the default.
set -euo pipefail
source ./apt.sh

add_repository nvidia "$NVIDIA_REPOSITORY/gpgkey" "$NVIDIA_KEY_FINGERPRINT" "$NVIDIA_REPOSITORY/stable/deb/amd64 /"
install_held "nvidia-container-toolkit=$NVIDIA_TOOLKIT_VERSION" "nvidia-container-toolkit-base=$NVIDIA_TOOLKIT_VERSION" \
    "libnvidia-container-tools=$NVIDIA_TOOLKIT_VERSION" "libnvidia-container1=$NVIDIA_TOOLKIT_VERSION"

settings=/etc/docker/daemon.json
before=$(jq --sort-keys . "$settings")
nvidia-ctk runtime configure --runtime=docker --config="$settings"
# With systemd's cgroup driver a container loses its GPU at the next `systemctl daemon-reload`, which any package upgrade
# may run: NVIDIA, "Troubleshooting", and github.com/NVIDIA/nvidia-container-toolkit/issues/1227.
after=$(jq --sort-keys '."exec-opts" = ["native.cgroupdriver=cgroupfs"]' "$settings")
echo "$after" >"$settings"
[ "$before" = "$after" ] || systemctl restart docker.service
