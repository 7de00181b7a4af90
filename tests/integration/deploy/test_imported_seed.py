"""A seed that `emulator import` makes from the emulator's own environment rolls like its source."""

from pathlib import Path
from typing import Any

import httpx

from emulator.emulator import Emulator
from emulator.environment.clock import Clock
from emulator.environment.environment import Environment
from emulator.environment.store import Store
from emulator.import_command import import_group
from emulator.inprocess import Transport
from emulator.seed import Seed, plant, read_seed
from emulator.seed_import.compute_reader import ComputeReader
from emulator.seed_import.live_group import Place
from tests.integration.deploy.rig import Rig
from tests.unit.deploy.values import CONFIG


def planted(seed: Seed) -> Rig:
    """Return a rig with the environment of a seed, whose group has settled."""
    emulator = Emulator(Environment(Store(), Clock(1.79e9, None)))
    plant(emulator, seed)
    return Rig(emulator)


def changes(rig: Rig) -> list[Any]:
    """Return every change of the group with its time, without its number in the log, which counts reads too."""
    entries = rig.emulator.environment.store.entries(kind="group")
    return [{key: value for key, value in entry.items() if key != "seq"} for entry in entries]


def test_imported_environment_rolls_the_same(tmp_path: Path) -> None:
    """A release, a failing release and a rollback change both groups at the same moments in the same way."""
    original = read_seed(Path("emulator/seeds/dojangkok.yaml")).model_copy(update={"age_s": 600.0})
    source, output = planted(original), tmp_path / "seed.yaml"
    reader = ComputeReader(httpx.Client(transport=Transport(source.emulator)), "http://emulator/compute/v1", "")
    imported = import_group(reader, Place(CONFIG.project, zone=CONFIG.zone or ""), CONFIG.group, output)
    assert imported.left_out == ()
    assert output.stat().st_mode & 0o777 == 0o600
    # Compute Engine has no instance rules, so that a seed of it has the defaults.
    copy = planted(read_seed(output).model_copy(update={"instance_rules": original.instance_rules}))
    for rig in (source, copy):
        rig.deploy("a")
        rig.emulator.environment.clock.move(60)
        rig.deploy("b")
        rig.rollback()
    assert len(changes(source)) > 50
    assert changes(source) == changes(copy)
    assert source.serving() == copy.serving() == ["a", "a", "a"]


def test_imported_regional_group_rolls_the_same(tmp_path: Path) -> None:
    """A regional group with a regional template, health check, autoscaler and backend service is imported whole."""
    original = read_seed(Path("emulator/seeds/dojangkok.yaml")).model_copy(update={"age_s": 600.0}, deep=True)
    for collection in ("healthChecks", "instanceTemplates", "instanceGroupManagers"):
        original.resources[collection][0]["region"] = "asia-northeast3"
    [group] = original.resources["instanceGroupManagers"]
    scope = "regions/asia-northeast3"
    group["instanceTemplate"] = f"{scope}/instanceTemplates/dojangkok-dev-ai-server-seed"
    group["autoHealingPolicies"][0]["healthCheck"] = f"{scope}/healthChecks/dojangkok-dev-ai-server"
    group["updatePolicy"]["maxSurge"] = {"fixed": 3}
    bounds = {"mode": "ON", "minNumReplicas": 3, "maxNumReplicas": 6}
    target = f"{scope}/instanceGroupManagers/{CONFIG.group}"
    scaler = {"name": "scaler", "region": "asia-northeast3", "target": target, "autoscalingPolicy": bounds}
    backends = [{"group": f"{scope}/instanceGroups/{CONFIG.group}"}]
    checks = [f"{scope}/healthChecks/dojangkok-dev-ai-server"]
    service = {"name": "lb", "region": "asia-northeast3", "healthChecks": checks, "backends": backends}
    original.resources |= {"autoscalers": [scaler], "backendServices": [service]}
    source, output = planted(original), tmp_path / "seed.yaml"
    reader = ComputeReader(httpx.Client(transport=Transport(source.emulator)), "http://emulator/compute/v1", "")
    imported = import_group(reader, Place(CONFIG.project, region="asia-northeast3"), CONFIG.group, output)
    assert imported.left_out == ()
    seed = read_seed(output).model_copy(update={"instance_rules": original.instance_rules})
    regional = {name for name, bodies in seed.resources.items() if any("region" in body for body in bodies)}
    assert regional == {"healthChecks", "instanceTemplates", "instanceGroupManagers", "autoscalers", "backendServices"}
    copy = planted(seed)
    path = f"compute/v1/projects/dojangkok-dev/{target}"
    template = {"name": "next", "properties": original.resources["instanceTemplates"][0]["properties"]}
    for rig in (source, copy):
        rig.control("POST", "compute/v1/projects/dojangkok-dev/global/instanceTemplates", template)
        rig.control("PATCH", path, {"versions": [{"instanceTemplate": "global/instanceTemplates/next"}]})
        rig.emulator.environment.clock.move(900)
        assert rig.control("GET", path)["status"]["versionTarget"]["isReached"]
    assert len(changes(source)) > 30
    assert changes(source) == changes(copy)
