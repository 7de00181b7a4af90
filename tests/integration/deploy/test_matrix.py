"""Every kind of group, with the image in every kind of place, through every way that a rollout can go: one table."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from deploy.errors import RolledBackError
from tests.integration.deploy.clients import Client
from tests.integration.deploy.counts import LINES
from tests.integration.deploy.regional import regional_rig
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import REPOSITORY, digest

SCRIPTS: Final = Path("tests/unit/deploy/scripts/others")
PLACES: Final[Mapping[str, Mapping[str, str]]] = {
    "startup-script": {"startup-script": (SCRIPTS / "s15-compose-default.sh").read_text()},
    "user-data": {"user-data": (SCRIPTS / "user-data.yaml").read_text()},
    "konlet": {"gce-container-declaration": (SCRIPTS / "konlet.yaml").read_text()},
    "metadata key": {
        "startup-script": (SCRIPTS / "s06-image-from-metadata.sh").read_text(),
        "container-image": f"{REPOSITORY}:v41",
    },
    "two services": {"startup-script": (SCRIPTS / "s17-web-and-worker.sh").read_text()},
}
SCOPES: Final[Mapping[str, Callable[[Mapping[str, str]], Rig]]] = {
    "zonal": lambda metadata: new_rig(metadata=metadata),
    "regional": lambda metadata: regional_rig(metadata=metadata),
}


def deploy(rig: Rig) -> None:
    """A deploy serves its release from every instance."""
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3


def fail(rig: Rig) -> None:
    """A deploy whose image never answers is rolled back to the release before."""
    image = f"{REPOSITORY}@{digest('a')}"
    rig.control("POST", "emulator/instance-rules", {"image": image, "never_healthy": True})
    with suppress(RolledBackError):
        rig.deploy("a")
        raise AssertionError("the deploy did not fail")
    assert rig.serving() == ["v41"] * 3


def roll_back(rig: Rig) -> None:
    """A rollback restores the release before, and the next rollback the unmanaged template."""
    rig.deploy("a")
    rig.deploy("b")
    rig.rollback()
    assert rig.serving() == ["a"] * 3
    rig.rollback()
    assert rig.serving() == ["v41"] * 3


def reconcile(rig: Rig) -> None:
    """A deploy that is killed right after its PATCH is finished by another process."""
    killed = Client(rig.emulator, rig.config.project, "killed", lambda compute: rig.deploy("a", compute))
    while not any(method.endswith("nstanceGroupManagers.patch") for method, _ in rig.writes()):
        assert not killed.go(1)
    killed.kill()
    assert killed.code == -9
    rig.reconcile()
    assert rig.serving() == ["a"] * 3


ACTS: Final[Mapping[str, Callable[[Rig], None]]] = {
    "deploy": deploy, "failing deploy": fail, "rollback": roll_back, "killed and reconciled": reconcile,
}  # fmt: skip


def outcome(scope: str, place: str, act: str) -> str:
    """Return the result of a cell: `green`, or the error."""
    rig = SCOPES[scope](PLACES[place])
    try:
        ACTS[act](rig)
        assert rig.never_fewer_than(3), "capacity"
        rig.emulator.environment.clock.move(600)
        rig.emulator.environment.advance()
        assert len(set(rig.serving())) == 1
    except Exception as error:  # noqa: BLE001 - the table shows every cell, the failed ones too
        return f"{type(error).__name__}: {error}"
    return "green"


def test_every_group_rolls_with_the_image_in_every_place() -> None:
    """No cell of the matrix is left out, and each is green."""
    results = {(scope, place, act): outcome(scope, place, act) for scope in SCOPES for place in PLACES for act in ACTS}
    LINES.append(f"  {'':26}" + "".join(f"{act:24}" for act in ACTS))
    for scope in SCOPES:
        for place in PLACES:
            cells = (results[scope, place, act].partition(":")[0] for act in ACTS)
            LINES.append(f"  {scope:10}{place:16}" + "".join(f"{cell:24}" for cell in cells))
    assert {cell: result for cell, result in results.items() if result != "green"} == {}
