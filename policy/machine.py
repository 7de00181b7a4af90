"""A machine for startup scripts: folders of its own, and stand-ins for gcloud, docker and what touches disks."""

import os
import re
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Folders of the script that become folders of the machine. What it writes down in quoted heredocs stays as it is.
_MOVED: Final = re.compile(r"(?<![\w./])/(?=opt/app\b|var/log/dojangkok\b|var/lib/docker\b|etc/|dev/disk/)")
_QUOTED: Final = re.compile(r"<<'(\w+)'$")
# Every command but gcloud and docker does what its file `codes/NAME` says; they all write down how they were called.
_STAND_IN: Final = r"""#!/bin/bash
name=$(basename "$0")
echo "$name $*" >>"$MACHINE/calls"
case "$name $1 $2" in
    "gcloud secrets versions") cat "$MACHINE/secrets/$6" || exit 1 ;;
esac
for called in "$name" "$name $1 $2"; do
    [ ! -e "$MACHINE/codes/$called" ] || exit "$(cat "$MACHINE/codes/$called")"
done
"""
_STOOD_IN: Final = ("gcloud", "docker", "mountpoint", "blkid", "mkfs.ext4", "systemctl", "mount")
_BOOT_S: Final = 30


@dataclass(frozen=True)
class Machine:
    """A machine that was never booted."""

    folder: Path

    def __post_init__(self) -> None:
        for name in ("bin", "secrets", "codes", "etc"):
            (self.folder / name).mkdir()
        for name in _STOOD_IN:
            path = self.folder / "bin" / name
            path.write_text(_STAND_IN)
            path.chmod(0o755)
        (self.folder / "etc/fstab").touch()
        self.disk.parent.mkdir(parents=True)
        self.disk.touch()

    @property
    def app(self) -> Path:
        """The machine's /opt/app."""
        return self.folder / "opt/app"

    @property
    def disk(self) -> Path:
        """The machine's data disk."""
        return self.folder / "dev/disk/by-id/google-data"

    def hide(self, name: str, text: str) -> None:
        """Put a secret into Secret Manager."""
        (self.folder / "secrets" / name).write_text(text)

    def answer(self, command: str, code: int) -> None:
        """Let a command end with a code from now on, `docker compose pull` by its first three words."""
        (self.folder / "codes" / command).write_text(str(code))

    def boot(self, script: str, limit: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a script as the machine would; `limit` is shell that is run before, for a machine in need."""
        (self.folder / "calls").unlink(missing_ok=True)
        return subprocess.run(
            ["bash", "-c", f"{limit}\n{self._moved(script)}"],
            env={"PATH": f"{self.folder / 'bin'}:{os.defpath}", "MACHINE": str(self.folder), "HOSTNAME": "host-0.c.p"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_BOOT_S, check=False,
        )  # fmt: skip

    @property
    def calls(self) -> list[str]:
        """What the last boot called, in order."""
        path = self.folder / "calls"
        return path.read_text().replace(str(self.folder), "").splitlines() if path.exists() else []

    def files(self) -> dict[str, tuple[str, int]]:
        """Every file of /opt/app: its content, and its mode."""
        found = sorted(self.app.iterdir()) if self.app.exists() else []
        return {path.name: (path.read_text(), stat.S_IMODE(path.stat().st_mode)) for path in found}

    def variables(self, name: str) -> dict[str, str]:
        """Return the variables of an env file."""
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
