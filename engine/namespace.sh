#!/bin/sh
# The first process of an engine's own mount and PID namespace: when it ends, everything that the engine started ends.
# It makes the file system that the engine sees, which nothing outside the namespace sees, then runs mirror and engine.
# Usage: unshare --mount --pid --fork --kill-child namespace.sh HOME NETWORK CIDR
set -eu
home=$1 network=$2 cidr=$3

resolv=$(cat /etc/resolv.conf)
hosts=$(cat /etc/hosts)
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/etc/changes /run/etc/work /run/dagger/home /var/lib/cni
mount -t tmpfs tmpfs /var/lib/cni
mount --bind "$home" /run/dagger/home
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc/changes,workdir=/run/etc/work overlay /etc
# The engine writes both; either may be a link or a mount that the overlay does not show.
rm -f /etc/resolv.conf /etc/hosts
printf '%s\n' "$resolv" >/etc/resolv.conf
printf '%s\n' "$hosts" >/etc/hosts
mkdir -p /etc/dagger
cp "$home/engine.json" /etc/dagger/engine.json

# The engine's dnsmasq would take port 53 of every address of the machine; this one keeps to the engine's bridge.
mkdir /run/dagger/bin
printf '#!/bin/sh\nexec %s --bind-dynamic "$@"\n' "$(command -v dnsmasq)" >/run/dagger/bin/dnsmasq
chmod 755 /run/dagger/bin/dnsmasq
PATH=/run/dagger/bin:$PATH

# shellcheck disable=SC3045 # known to dash, bash and busybox
ulimit -n "$(ulimit -Hn)"
docker-registry serve "$home/mirror.yml" >>"$home/log/mirror.log" 2>&1 &
"$home/bin/engine" \
    --root /run/dagger/home/state --addr "unix:///run/dagger/home/engine.sock" \
    --network-name "$network" --network-cidr "$cidr" --oci-cni-binary-dir "/run/dagger/home/cni" &
engine=$!
trap 'kill -TERM "$engine" 2>/dev/null' TERM INT
while kill -0 "$engine" 2>/dev/null; do
    wait "$engine" || true
done
rm -f "$home/engine.sock"
