#!/usr/bin/env bash
# The first process of a machine that runs Docker, in namespaces of its own: its end ends every process of the machine.
# It ends when its standard input does, so also when the process at the other end is killed.
# Usage: unshare --mount --net --pid --uts --ipc --fork --kill-child dockerd.sh NAME
set -eu
name=$1

# Files that the machine writes to these folders stay in its memory: the host never sees them.
mount --make-rprivate /
mount --make-rshared /
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/lock
for folder in etc opt root var; do
    mkdir -p "/run/folders/$folder/changes" "/run/folders/$folder/work"
    chmod --reference "/$folder" "/run/folders/$folder/changes"
    mount -t overlay overlay "/$folder" \
        -o "lowerdir=/$folder,upperdir=/run/folders/$folder/changes,workdir=/run/folders/$folder/work"
done
mkdir -p /var/lib/docker
mount -t tmpfs -o size=8g tmpfs /var/lib/docker
ip link set lo up
hostname "$name"

# The stacks use the machine's network (`network_mode: host`), so there is no bridge, and nothing to ask of iptables.
# The runtime `nvidia` is what a machine with a GPU has; here it gives none. The settings are those of every machine.
dockerd --config-file "$(dirname "$0")/../../packer/scripts/daemon.json" --pidfile /run/docker.pid --host unix:///run/docker.sock --storage-driver overlay2 \
    --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$name" --add-runtime nvidia=runc \
    --bridge none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --userland-proxy=false \
    </dev/null &
exec 3<&0
cat <&3 >/dev/null &
wait -n || true

# The machine is switched off, not shut down: the one way out that works in every state. Only its control groups would stay.
exec 2>/dev/null
kill -KILL -1 || true
for _ in $(seq 300); do
    find /sys/fs/cgroup -type d -path "*/$name*" -delete || true
    [ -n "$(find /sys/fs/cgroup -type d -name "$name")" ] || exit 0
    sleep 0.1
done
