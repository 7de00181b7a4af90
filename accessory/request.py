"""The request to the VM: one script with the values of the request and all commands of the run."""

import hashlib
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from accessory import image
from accessory.config import Accessory
from lib.image_reference import Reference

_REMOTE: Final = Path(__file__).with_name("remote")
RECEIVE: Final = (_REMOTE / "receive.sh").read_text()


@dataclass(frozen=True)
class Request:
    """
    A request for one run on the VM.

    Args:
        verb: update, rollback or status.
        name: name of the accessory and of its service in the compose file; NAME_IMAGE is its variable there.
        accessory: settings of the accessory.
        run: id of this process: letters, digits and hyphens.
        by: name of the operator, without quotes and blanks.
        image: image to serve; None for the verbs rollback and status.
    """

    verb: str
    name: str
    accessory: Accessory
    run: str
    by: str
    image: Reference | None = None

    def script(self) -> bytes:
        """Return the complete script."""
        settings = self.accessory
        values = {
            "verb": self.verb,
            "request": f"{self.verb} {self.image or ''}".strip(),
            "name": self.name,
            "service": self.name,
            "variable": f"{self.name.upper().replace('-', '_')}_IMAGE",
            "run": self.run,
            "state": settings.state,
            "by": self.by,
            "image": str(self.image or ""),
            "repository": (self.image or image.parse(settings.image)).repository,
            "data": settings.data,
            "snapshots": settings.snapshots,
            "needs_gpu": "yes" if settings.needs_gpu else "",
            "free_mib": round(settings.free_gib * 1024),
            "pull_s": settings.pull_s,
            "stop_s": settings.stop_s,
            "ready_s": settings.ready_s,
        }
        ready = " ".join(shlex.quote(f"{check.url}|{check.has}|{check.bearer}") for check in settings.ready)
        lines = [f"{key}={shlex.quote(str(value))}" for key, value in values.items()]
        parts = [(_REMOTE / name).read_text() for name in ("state.sh", "update.sh")]
        return "\n".join(["#!/usr/bin/env bash", *lines, f"ready=({ready})", *parts]).encode()


def arguments(state: str, run: str, script: bytes, lines: int) -> tuple[str, ...]:
    """
    Return the arguments of receive.sh.

    Args:
        state: folder of the records and runs on the VM.
        run: id of the run to start or to follow.
        script: script on stdin.
        lines: number of lines of the run's log that the client already has.
    """
    return f"{state}/runs/{run}", hashlib.sha256(script).hexdigest(), str(len(script)), str(lines)
