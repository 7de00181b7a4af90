"""What is sent to the machine: one script that holds the request and everything that is done about it."""

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
    A wish.

    Args:
        verb: update, rollback or status.
        name: Of the accessory: its service in the compose file, and in capitals before `_IMAGE` the variable there.
        accessory: Its settings.
        run: Of this process; letters, digits and hyphens.
        by: Whoever wishes it; no quotes, no spaces.
        image: To serve; None where the verb needs none.
    """

    verb: str
    name: str
    accessory: Accessory
    run: str
    by: str
    image: Reference | None = None

    def script(self) -> bytes:
        """Return the whole script."""
        one = self.accessory
        values = {
            "verb": self.verb,
            "wish": f"{self.verb} {self.image or ''}".strip(),
            "name": self.name,
            "service": self.name,
            "variable": f"{self.name.upper().replace('-', '_')}_IMAGE",
            "run": self.run,
            "by": self.by,
            "image": str(self.image or ""),
            "repository": (self.image or image.parse(one.image)).repository,
            "data": one.data,
            "snapshots": one.snapshots,
            "needs_gpu": "yes" if one.needs_gpu else "",
            "free_mib": round(one.free_gib * 1024),
            "pull_s": one.pull_s,
            "stop_s": one.stop_s,
            "ready_s": one.ready_s,
        }
        ready = " ".join(shlex.quote(f"{ask.url}|{ask.has}|{ask.bearer}") for ask in one.ready)
        lines = [f"{key}={shlex.quote(str(value))}" for key, value in values.items()]
        parts = [(_REMOTE / name).read_text() for name in ("machine.sh", "update.sh")]
        return "\n".join(["#!/usr/bin/env bash", *lines, f"ready=({ready})", *parts]).encode()


def arguments(run: str, script: bytes, lines: int) -> tuple[str, ...]:
    """
    Return what receive.sh is told.

    Args:
        run: To begin, or to follow.
        script: That comes on stdin.
        lines: Of the run's log, which were heard already.
    """
    return run, hashlib.sha256(script).hexdigest(), str(len(script)), str(lines)
