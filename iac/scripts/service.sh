# shellcheck shell=bash
# start_as_service FILE: install a copy of a startup script as a service, and start it. The guest agent runs FILE, which is
# temporary, once a boot; systemd starts the service again, 30 s after each failure, until it succeeds.
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
RestartSec=30
TimeoutStartSec=1h
StandardOutput=journal+console
StandardError=journal+console
UNIT_FILE
    systemctl daemon-reload
    systemctl restart --no-block stack.service
}
