# shellcheck shell=bash
# start_as_service FILE: install a copy of a startup script as a service, and start it. The guest agent runs FILE, which is
# temporary, once a boot; systemd starts the service again, 120 s after each failure, until it succeeds. All VMs share the
# address of one NAT, and Docker Hub limits the pulls of an address. A start may wait for an update, and then pull for 30 min.
start_as_service() {
    put /usr/local/sbin/start-stack 0700 <"$1"
    put /etc/systemd/system/stack.service 0644 <<'UNIT_FILE'
[Unit]
Description=The containers of this VM
Documentation=file:/usr/local/sbin/start-stack
Wants=network-online.target
After=network-online.target docker.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/start-stack --service
Restart=on-failure
RestartSec=120
TimeoutStartSec=3h
StandardOutput=journal+console
StandardError=journal+console
UNIT_FILE
    systemctl daemon-reload
    systemctl restart --no-block stack.service
}

# hold_stack: wait for the end of an update of this VM, and hold its lock until the end of this script. An update copies data
# while no container runs, and writes the image into .env. The wait takes no time of the attempts of `retry`.
hold_stack() {
    local lock=/var/lib/dojangkok/accessory.lock began_s=$SECONDS
    install --directory --mode 0700 "${lock%/*}"
    exec 9>>"$lock"
    flock --nonblock 9 && return
    echo "an update of this VM is in progress: waiting for its end" >&2
    flock 9
    SECONDS=$began_s
}
