"""
A VM for startup scripts: a folder as its root, and stand-ins for gcloud, docker, systemd and the commands for disks.

A script that hands over to a service of systemd is run again as this service, which starts anew as its unit says.
"""

import configparser
import os
import re
import shlex
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Absolute paths of the script that move into the VM's folder. Quoted heredocs stay unchanged.
_MOVED: Final = re.compile(
    r"(?<![\w./])/(?=opt/app\b|usr/local/sbin\b|var/lib/dojangkok\b|var/log/dojangkok\b|var/lib/docker\b|etc/|run/|dev/disk/)"
)
_QUOTED: Final = re.compile(r"<<'(\w+)'$")
# Each stand-in records its arguments and exits with the code in `codes/NAME`, as often as `faults/NAME` says, or always
# if there is no such file; gcloud also prints secrets. It hangs as often as `hangs/NAME` says. `docker compose up`
# lets the stack serve.
_STAND_IN: Final = r"""#!/bin/bash
name=$(basename "$0")
echo "$name $*" >>"$VM/calls"
case "$name $1 $2" in
    "gcloud secrets versions") cat "$VM/secrets/$6" || exit 1 ;;
esac
for command in "$name" "$name $1 $2"; do
    left=$(cat "$VM/hangs/$command" 2>/dev/null || echo 0)
    if [ "$left" -gt 0 ]; then
        echo "$((left - 1))" >"$VM/hangs/$command"
        exec /bin/sleep 600
    fi
    [ -e "$VM/codes/$command" ] || continue
    if [ -e "$VM/faults/$command" ]; then
        left=$(cat "$VM/faults/$command")
        [ "$left" -gt 0 ] || continue
        echo "$((left - 1))" >"$VM/faults/$command"
    fi
    code=$(cat "$VM/codes/$command")
    case $name in
        gcloud | docker) (cat "$VM/texts/$command" 2>/dev/null || echo "$command: the fault of a test") >&2 ;;
    esac
    exit "$code"
done
[ "$name $1 $2" != "docker compose up" ] || touch "$VM/serving"
"""
# The limit of a command that hangs takes no time: `timeout --kill-after 10 LIMIT_S COMMAND...`.
_TIMEOUT: Final = r"""#!/bin/bash
echo "$3 ${*:4}" >>"$VM/limits"
limit_s=$3
[ ! -s "$VM/hangs/$4 $5 $6" ] || limit_s=0.3
exec "$(PATH=${PATH#*:} command -v timeout)" --kill-after 10 "$limit_s" "${@:4}"
"""
# The metadata server keeps what is written to the guest attributes, and fails if `codes/curl` is set.
_CURL: Final = r"""#!/bin/bash
echo "$*" >>"$VM/curls"
echo "${*: -1} $(cat)" >>"$VM/attributes"
exit "$(cat "$VM/codes/curl" 2>/dev/null || echo 0)"
"""
_COMMANDS: Final = ("gcloud", "docker", "mountpoint", "blkid", "mkfs.ext4", "systemctl", "mount", "sleep")
_RESTART: Final = re.compile(r"^systemctl restart --no-block (\S+)$", re.MULTILINE)
_BOOT_S: Final = 30
# What every startup script writes to /opt/app.
COMMON_FILES: Final = {
    "docker-compose.yml", "promtail.yml", "config.alloy", "metrics.alloy", "metrics-credential", "targets.yml", ".env",
}  # fmt: skip


@dataclass(frozen=True)
class Vm:
    """A VM before its first boot."""

    folder: Path

    def __post_init__(self) -> None:
        for name in ("bin", "secrets", "codes", "faults", "hangs", "run", "etc/systemd/system", "usr/local/sbin"):
            (self.folder / name).mkdir(parents=True)
        for name in (*_COMMANDS, "timeout", "curl"):
            path = self.folder / "bin" / name
            path.write_text({"timeout": _TIMEOUT, "curl": _CURL}.get(name, _STAND_IN))
            path.chmod(0o755)
        (self.folder / "etc/fstab").touch()
        self.disk.parent.mkdir(parents=True)
        self.disk.touch()

    @property
    def app(self) -> Path:
        """The folder /opt/app."""
        return self.folder / "opt/app"

    @property
    def disk(self) -> Path:
        """The device of the data disk."""
        return self.folder / "dev/disk/by-id/google-data"

    def set_secret(self, name: str, text: str) -> None:
        """Set the value of a secret in Secret Manager."""
        (self.folder / "secrets" / name).write_text(text)

    def set_exit_code(self, command: str, code: int) -> None:
        """Set the exit code of a command, such as `mount` or the three words `docker compose pull`."""
        (self.folder / "codes" / command).write_text(str(code))

    def set_faults(self, command: str, code: int, times: int) -> None:
        """Set how often a command fails with a code before it succeeds."""
        self.set_exit_code(command, code)
        (self.folder / "faults" / command).write_text(str(times))

    def set_hangs(self, command: str, times: int) -> None:
        """Set how often a command hangs before it succeeds."""
        (self.folder / "hangs" / command).write_text(str(times))

    @property
    def limits(self) -> list[str]:
        """The commands that had a time limit in all boots, each after its limit in seconds."""
        return (self.folder / "limits").read_text().splitlines()

    def boot(self, script: str, limit: str = "", starts: int = 1) -> "subprocess.CompletedProcess[str]":
        """
        Run a startup script, and the service that it restarts.

        Args:
            script: the startup script.
            limit: shell code that runs before the script, such as a ulimit; not for the service.
            starts: how often the service may start before the test ends.

        Returns:
            The last run of the service; of the script, if it restarts no service.
        """
        for name in ("calls", "serving", "attributes", "curls"):
            (self.folder / name).unlink(missing_ok=True)
        path = self.folder / "startup-script"
        path.write_text(self._moved(script))
        result = self._run(f"{limit}\nexec bash {path}")
        services = _RESTART.findall("\n".join(self.calls))
        if result.returncode == 0 and services:
            return self.start_service(services[-1], starts=starts)
        return result

    def unit(self, service: str) -> configparser.ConfigParser:
        """Return the unit file of a service, whose keys are unique."""
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(self.folder / "etc/systemd/system" / service)
        return parser

    def start_service(self, service: str, limit: str = "", starts: int = 1) -> "subprocess.CompletedProcess[str]":
        """Run the program of a service, and again after a failure if its unit says so; return the last run."""
        settings = self.unit(service)["Service"]
        program, *arguments = shlex.split(settings["ExecStart"])
        command = shlex.join([str(self.folder / program.lstrip("/")), *arguments])
        result = self._run(f"{limit}\nexec bash {command}")
        while result.returncode and settings.get("Restart") == "on-failure" and (starts := starts - 1):
            result = self._run(f"{limit}\nexec bash {command}")
        return result

    def _run(self, shell: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "-c", shell],
            env={"PATH": f"{self.folder / 'bin'}:{os.defpath}", "VM": str(self.folder), "HOSTNAME": "host-0.c.p"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_BOOT_S, check=False,
        )  # fmt: skip

    @property
    def calls(self) -> list[str]:
        """The commands of the last boot, in order."""
        path = self.folder / "calls"
        return path.read_text().replace(str(self.folder), "").splitlines() if path.exists() else []

    @property
    def attributes(self) -> list[tuple[str, str]]:
        """The guest attributes that the last boot has written, in order: the path below `release/`, and the value."""
        path = self.folder / "attributes"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(url.rpartition("/release/")[2], value) for url, _, value in (line.partition(" ") for line in lines)]

    @property
    def is_serving(self) -> bool:
        """Whether Docker Compose has started the stack since the last boot."""
        return (self.folder / "serving").exists()

    def files(self) -> dict[str, tuple[str, int]]:
        """Return content and mode of each file in /opt/app."""
        paths = sorted(self.app.iterdir()) if self.app.exists() else []
        return {path.name: (path.read_text(), stat.S_IMODE(path.stat().st_mode)) for path in paths}

    def variables(self, name: str) -> dict[str, str]:
        """Return the variables of an env file in /opt/app."""
        lines = (self.app / name).read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def _moved(self, script: str) -> str:
        lines, end = [], ""
        for line in script.splitlines():
            if end:
                end = "" if line == end else end
                lines.append(line)
                continue
            lines.append(_MOVED.sub(f"{self.folder}/", line))
            quoted = _QUOTED.search(line)
            end = quoted[1] if quoted else ""
        return "\n".join(lines) + "\n"
