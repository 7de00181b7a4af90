"""Times of a rollout, read from the `group` entries of an emulator's request log."""

from collections.abc import Iterable, Mapping
from typing import Any


def first_running_s(entries: Iterable[Mapping[str, Any]], digest: str) -> float:
    """
    Return the emulator's time at which the first instance of a release was RUNNING, in seconds.

    Args:
        entries: entries of the kind `group`, oldest first.
        digest: digest of the release, `sha256:…`.

    Raises:
        LookupError: no instance of the release was RUNNING.
    """
    version = f"deploy/{digest.removeprefix('sha256:')[:12]}"
    for entry in entries:
        for instance in entry.get("instances", entry.get("changed", [])):
            if instance["status"] == "RUNNING" and version in instance["version"]:
                return float(entry["at_s"])
    raise LookupError(f"no instance of {digest} was RUNNING")
