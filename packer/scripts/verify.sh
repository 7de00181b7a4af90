#!/usr/bin/env bash
# Compare the VM with the expected state, print every difference and fail the build on any: bash verify.sh cpu-base
set -uo pipefail
kind=$1
cd "$(dirname "$0")" || exit
differences=0

expect() { # SUBJECT EXPECTED ACTUAL
    [ "$2" = "$3" ] && return
    echo "$1: is '$3', must be '$2'." >&2
    differences=$((differences + 1))
}
package() { # NAME VERSION
    expect "package $1" "$2" "$(dpkg-query --show --showformat '${Version}' "$1" 2>&1)"
    expect "hold of $1" "$1" "$(apt-mark showhold "$1" 2>&1)"
}
upstream() { # 5:28.5.2-1~ubuntu… is 28.5.2
    local version=${1#*:}
    echo "${version%%-*}"
}
succeeds() { "$@" >/dev/null 2>&1 && echo yes || echo no; }

package docker-ce "$DOCKER_VERSION"
package docker-ce-cli "$DOCKER_VERSION"
package containerd.io "$DOCKER_CONTAINERD_VERSION"
package docker-buildx-plugin "$DOCKER_BUILDX_VERSION"
package docker-compose-plugin "$DOCKER_COMPOSE_VERSION"
expect "docker's client" "$(upstream "$DOCKER_VERSION")" "$(docker version --format '{{.Client.Version}}' 2>&1)"
expect "docker's daemon" "$(upstream "$DOCKER_VERSION")" "$(docker version --format '{{.Server.Version}}' 2>&1)"
expect "docker compose" "$(upstream "$DOCKER_COMPOSE_VERSION")" "$(docker compose version --short 2>&1)"
expect "docker at boot" enabled "$(systemctl is-enabled docker.service 2>&1)"

settings=/etc/docker/daemon.json
expect "$settings, accepted by dockerd" yes "$(succeeds dockerd --validate --config-file "$settings")"
expect "$settings, with all of daemon.json" true "$(jq --slurpfile ours daemon.json '. * $ours[0] == .' "$settings" 2>&1)"
expect "the running daemon's settings" "json-file false" "$(docker info --format '{{.LoggingDriver}} {{.LiveRestoreEnabled}}' 2>&1)"

# The PATH of a service, such as a startup script, may be this short.
services=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
login=$(jq --raw-output --arg host "$REGISTRY_HOST" '.credHelpers[$host]' /root/.docker/config.json 2>&1)
expect "root's login to $REGISTRY_HOST" gcloud "$login"
expect "docker-credential-gcloud for root" yes "$(succeeds env --ignore-environment HOME=/root PATH="$services" docker-credential-gcloud list)"

while read -r image; do
    expect "image $image" yes "$(succeeds docker image inspect "$image")"
done <<<"$(awk -v kind="$kind" '!/^#/ && ($2 == "all" || $2 == kind) { print $1 }' images.txt)"

expect "journald's limit" yes "$(succeeds cmp journald.conf /etc/systemd/journald.conf.d/50-dojangkok.conf)"
skipped=$(apt-config dump Unattended-Upgrade::Package-Blacklist | grep --count --extended-regexp '"\^(containerd|docker-|libnvidia-|linux-|nvidia-)";')
expect "patterns of packages that unattended-upgrades skips" 5 "$skipped"

if [ "$kind" = gpu-base ]; then
    for name in nvidia-container-toolkit nvidia-container-toolkit-base libnvidia-container-tools libnvidia-container1; do
        package "$name" "$NVIDIA_TOOLKIT_VERSION"
    done
    expect "the daemon's runtime nvidia" true "$(docker info --format '{{json .Runtimes}}' 2>&1 | jq 'has("nvidia")' 2>&1)"
    expect "the daemon's cgroup driver" cgroupfs "$(docker info --format '{{.CgroupDriver}}' 2>&1)"
    # The runtime adds nvidia-smi to the container. The test also shows whether the driver loads with Secure Boot.
    exporter=$(awk '$1 ~ /dcgm-exporter/ { print $1 }' images.txt)
    expect "GPUs in a container" 1 "$(docker run --rm --runtime nvidia --env NVIDIA_VISIBLE_DEVICES=all \
        --env NVIDIA_DRIVER_CAPABILITIES=utility --entrypoint nvidia-smi "$exporter" --list-gpus | grep --count '^GPU ')"
fi

if [ "$differences" -gt 0 ]; then
    echo "$kind: $differences differences; no image is made of this VM." >&2
    exit 1
fi
echo "$kind: verified"
