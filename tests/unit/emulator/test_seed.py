"""Seed files that cannot be read are refused at the start, with the path of the key."""

from pathlib import Path
from typing import Any

import pytest

from emulator.emulator import Emulator
from emulator.environment.clock import Clock
from emulator.environment.environment import Environment
from emulator.environment.store import Store
from emulator.seed import Seed, SeedError, locate_seed, plant, read_seed

GOOD = "project: p\nregion: r\nzones: [z]\n"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (GOOD.encode() + b"age_s: .inf", "age_s: Input should be "),
        (GOOD.encode() + b"age_s: .nan", "age_s: Input should be "),
        (GOOD.encode() + b"age_s: 2592001", "age_s: Input should be less than or equal to 2592000"),
        (GOOD.encode() + b"quotas: {INSTANCES: .nan}", "quotas.INSTANCES: Input should be "),
        (GOOD.encode() + b"quotas: {INSTANCES: -1}", "quotas.INSTANCES: Input should be greater than or equal to 0"),
        (b"project: caf\xe9", "a value cannot be read: 'utf-8' codec can't decode byte 0xe9"),
        (b"project: " + b"9" * 5_000, "a value cannot be read: Exceeds the limit (4300 digits)"),
        (b"project: " + b"[" * 5_000 + b"]" * 5_000, "a value cannot be read: maximum recursion depth exceeded"),
        (b"project: a\0b", "unacceptable character"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_seed_with_a_wrong_value_is_refused(tmp_path: Path, content: bytes, text: str) -> None:
    """The error of a seed names the file and the key or reason."""
    path = tmp_path / "seed.yaml"
    path.write_bytes(content)
    with pytest.raises(SeedError) as error:
        read_seed(path)
    assert str(error.value).startswith(f"{path}: ")
    assert text in str(error.value)


def test_a_folder_is_no_seed(tmp_path: Path) -> None:
    """A folder in place of a seed file is refused."""
    with pytest.raises(SeedError, match="Is a directory"):
        read_seed(tmp_path)


def test_resources_with_a_region_are_created_there() -> None:
    """A group, its template and its autoscaler with a `region` are regional; any other region is refused."""
    group = {"name": "wide", "targetSize": 0, "instanceTemplate": "regions/r/instanceTemplates/t"}
    scaler = {"name": "more", "target": "regions/r/instanceGroupManagers/wide"}
    kept: dict[str, list[dict[str, Any]]] = {
        "instanceTemplates": [{"name": "t", "region": "r", "properties": {}}],
        "instanceGroupManagers": [group | {"region": "r"}],
        "autoscalers": [scaler | {"region": "r", "autoscalingPolicy": {"minNumReplicas": 2}}],
    }
    emulator = Emulator(Environment(Store(), Clock(0.0, None)))
    plant(emulator, Seed(project="p", region="r", zones=["r-a", "r-b"], resources=kept))
    document = emulator.environment.view.get("projects/p/regions/r/instanceGroupManagers/wide") or {}
    assert (document["targetSize"], len(document["distributionPolicy"]["zones"])) == (2, 2)
    elsewhere: dict[str, list[dict[str, Any]]] = {"instanceTemplates": [{"name": "t", "region": "s", "properties": {}}]}
    other = Seed(project="p", region="r", zones=["r-a"], resources=elsewhere)
    with pytest.raises(SeedError) as error:
        plant(Emulator(Environment(Store(), Clock(0.0, None))), other)
    assert str(error.value) == (
        "resources.instanceTemplates: 't': region 's' is not the region of the seed. Fix: write 'r'."
    )


def test_a_seed_is_a_file_or_the_name_of_a_shipped_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without a file is a shipped seed, in every folder; any other name is refused with the names."""
    monkeypatch.chdir(tmp_path)
    assert read_seed(locate_seed("rehearsal")).age_s == 60
    (tmp_path / "rehearsal").write_text(GOOD)
    assert read_seed(locate_seed("rehearsal")).project == "p"
    with pytest.raises(
        SeedError, match=r"--seed: 'mine' is no file\. Fix: .* shipped seed: dojangkok, example, rehearsal\."
    ):
        locate_seed("mine")
