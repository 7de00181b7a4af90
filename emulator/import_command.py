"""`import`: reads a live group, and writes a seed file from which the emulator serves an environment like it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from emulator.emulator import Emulator
from emulator.environment.clock import Clock
from emulator.environment.environment import Environment
from emulator.environment.store import Store
from emulator.seed import Seed, SeedError, plant
from emulator.seed_import.compute_reader import ComputeReader, ImportRefusedError
from emulator.seed_import.conversion import ImportedSeed, imported_seed
from emulator.seed_import.live_group import Place, read_live_group
from emulator.seed_import.seed_text import seed_text
from lib.whole_files import write_whole

_MODE: Final = 0o600  # a secret that no pattern finds may be in the metadata


def import_group(reader: ComputeReader, place: Place, group: str, output: Path) -> ImportedSeed:
    """
    Read a group, and write its seed file once the emulator has created its resources.

    Raises:
        ImportRefusedError: the group cannot be read, the emulator refuses it, or the file cannot be written
    """
    imported = imported_seed(read_live_group(reader, place, group))
    try:
        plant(Emulator(Environment(Store(), Clock(datetime.now(UTC).timestamp(), None))), Seed(**imported.seed))
    except SeedError as error:
        raise ImportRefusedError(f"the emulator cannot serve group '{group}': {error}. No file was written.") from error
    text = seed_text(imported, place, group, f"{datetime.now(UTC):%Y-%m-%d}")
    try:
        write_whole(output, text, _MODE)
    except OSError as error:
        raise ImportRefusedError(f"--output: {output}: {error.strerror}. Fix: another path.") from error
    return imported


def checked_place(project: str, zone: str, region: str) -> Place:
    """
    Return the place of the group.

    Raises:
        ImportRefusedError: neither zone nor region is given, or both are
    """
    if bool(zone) == bool(region):
        got = "both" if zone else "neither"
        raise ImportRefusedError(f"--zone, --region: got {got}. Fix: --zone of a zonal group, or --region.")
    return Place(project, zone, region)


def checked_output(output: Path, *, may_exist: bool) -> Path:
    """
    Return the path of the file that is to be written.

    Raises:
        ImportRefusedError: the file exists, and may not be replaced
    """
    if output.exists() and not may_exist:
        raise ImportRefusedError(f"--output: {output}: exists already. Fix: another path, or add --overwrite.")
    return output


def import_summary(imported: ImportedSeed, output: Path, group: str) -> str:
    """Return the line about the file that was written."""
    counts = ", ".join(f"{len(bodies)} {collection}" for collection, bodies in imported.seed["resources"].items())
    return f"wrote {output}: group '{group}', with {counts}; serve it by: serve --seed {output}"
