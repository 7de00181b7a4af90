"""Standby pools of the group `web`."""

from typing import Any

from tests.contract.rig import ZONE, EmulatorClient


def sizes(group: dict[str, Any]) -> tuple[int, int, int]:
    """Return the target sizes of a group: running, suspended, stopped."""
    return group["targetSize"], group["targetSuspendedSize"], group["targetStoppedSize"]


def link(row: dict[str, Any]) -> str:
    """Return the partial link of a row's instance."""
    return f"zones/{ZONE}/instances/{row['name']}"


def standby(emulator: EmulatorClient) -> list[dict[str, Any]]:
    """Return the rows of the standby pool, suspended instances first."""
    rows = [row for row in emulator.rows() if row["targetStatus"] in ("SUSPENDED", "STOPPED")]
    return sorted(rows, key=lambda row: row["targetStatus"] != "SUSPENDED")


def pooled(emulator: EmulatorClient, size: int = 2, **more: Any) -> None:
    """Create the group `web` with one suspended and one stopped instance."""
    emulator.web(size, targetSuspendedSize=1, targetStoppedSize=1, **more)
