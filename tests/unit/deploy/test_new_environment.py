"""New environment files: their text, and that no file is overwritten or half written."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.doctor.adoption_findings import adoption_findings
from deploy.doctor.readings import Readings
from deploy.environment_file import config_of_flags, new_file, read_config, write_text
from deploy.errors import ConfigError
from deploy.group.update_policy import kept_settings
from deploy.new_environment import environment_text
from deploy.release.repository_choice import UNKNOWN_REPOSITORY, RepositoryChoice
from deploy.rollout_settings import RolloutSettings
from tests.unit.deploy.observations import observation

FLAGS = {"project": "null", "zone": "on", "group": "yes", "compute_url": "http://127.0.0.1:1/compute/v1"}


def test_file_reads_back_as_the_settings_that_were_written(tmp_path: Path) -> None:
    """Names that YAML would read as other values are quoted, and changed rollout settings are kept."""
    path = new_file("dev", tmp_path / "environments", may_exist=False)
    config = config_of_flags(path, {**FLAGS, "repository": "ghcr.io/team/web"})
    config = config.model_copy(update={"rollout": RolloutSettings(surge=0, unavailable=2)})
    write_text(path, environment_text(config, RepositoryChoice("ghcr.io/team/web", {}), FLAGS))
    assert read_config("dev", {}, path.parent) == config
    assert "rollout: {surge: 0, unavailable: 2}" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("candidates", "text", "count"),
    [
        ({"ghcr.io/team/web": "'startup-script' line 1", "ghcr.io/team/worker": "'user-data' line 2"}, "several", 2),
        ({}, "refers to no image: write it there in full, HOST/PATH:TAG, and its HOST/PATH here", 1),
    ],
)
def test_undecided_repository_is_a_comment(candidates: dict[str, str], text: str, count: int) -> None:
    """Each candidate is a line that its reader completes by removing the `#`."""
    config = config_of_flags(Path("dev.yaml"), {**FLAGS, "repository": UNKNOWN_REPOSITORY})
    written = environment_text(config, RepositoryChoice("", candidates), FLAGS)
    assert (text in written, written.count("\n# repository: "), UNKNOWN_REPOSITORY in written) == (True, count, False)


def test_every_name_is_required() -> None:
    """Every missing flag is named, with those that belong to it."""
    fix = "pass --project PROJECT, --zone ZONE or --region REGION, and --group GROUP"
    with pytest.raises(ConfigError, match=f"--group: missing. Fix: {fix}."):
        config_of_flags(Path("dev.yaml"), {"project": "p", "zone": "z", "repository": "ghcr.io/team/web"})
    with pytest.raises(ConfigError, match=f"--project, --zone or --region: missing. Fix: {fix}."):
        config_of_flags(Path("dev.yaml"), {"group": "g", "repository": "ghcr.io/team/web"})
    with pytest.raises(ConfigError, match=r"--zone and --region: a group is in one of them. Fix: pass one flag."):
        config_of_flags(Path("dev.yaml"), {**FLAGS, "region": "r", "repository": "ghcr.io/team/web"})
    with pytest.raises(ConfigError, match="--zone: got 'A': String should match pattern"):
        config_of_flags(Path("dev.yaml"), {**FLAGS, "zone": "A", "repository": "ghcr.io/team/web"})


def test_findings_that_need_a_repository_are_one() -> None:
    """Without a repository one finding stands for those about it, and its command writes the file with one."""
    config = config_of_flags(Path("dev.yaml"), {**FLAGS, "repository": UNKNOWN_REPOSITORY})
    readings = Readings(account="me")
    findings = adoption_findings(config, readings, RepositoryChoice("", {}), "init --repository HOST/PATH")
    assert not [finding for finding in findings if UNKNOWN_REPOSITORY in finding.text + finding.command]
    [repository] = [finding for finding in findings if finding.check == "repository"]
    assert (repository.state, repository.command) == ("wrong", "init --repository HOST/PATH")
    assert repository.text == "no metadata entry refers to an image with the host of its registry"


@pytest.mark.parametrize("name", ["../dev", "", "a/b", ".hidden", "Dev"])
def test_name_is_the_name_of_a_file_in_the_folder(tmp_path: Path, name: str) -> None:
    """A name that could leave the folder is refused."""
    with pytest.raises(ConfigError, match=r"--env: got '.*'. Fix: use lower-case letters, digits, '-' and '_'."):
        new_file(name, tmp_path, may_exist=True)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_interrupted_write_leaves_the_file_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A write that fails before its end leaves the former file, and no temporary one."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "dev.yaml"
    path.write_text("before")
    monkeypatch.setattr(*((os, step, fail) if step == "fsync" else (Path, step, fail)))
    with pytest.raises(ConfigError, match=r"dev.yaml: cannot be written: No space left on device. Fix: "):
        write_text(path, "after")
    assert [file.name for file in tmp_path.iterdir()] == ["dev.yaml"]
    assert path.read_text() == "before"


@pytest.mark.parametrize(
    ("zones", "policy", "settings"),
    [
        (1, {"maxSurge": {"fixed": 3}, "maxUnavailable": {"fixed": 1}}, RolloutSettings(surge=3, unavailable=1)),
        (1, {"maxSurge": {"fixed": 0}, "maxUnavailable": {"fixed": 2}}, RolloutSettings(surge=0, unavailable=2)),
        (1, {"maxSurge": {"percent": 20}, "maxUnavailable": {}}, RolloutSettings(surge="20%")),
        (1, {"maxSurge": {"fixed": 1}}, RolloutSettings()),
        (3, {"maxSurge": {"fixed": 3}}, RolloutSettings()),
        (
            1,
            {"replacementMethod": "RECREATE", "maxSurge": {}, "maxUnavailable": {"fixed": 1}},
            RolloutSettings(method="RECREATE", unavailable=1),
        ),
        (1, {"maxSurge": {"fixed": 0}, "maxUnavailable": {}}, RolloutSettings()),
        (1, {}, RolloutSettings()),
    ],
)
def test_settings_keep_the_group_s_policy(zones: int, policy: dict[str, object], settings: RolloutSettings) -> None:
    """A policy that an environment file can express is kept, and another one gets the defaults."""
    group = observation("roll").group
    raw = {key: value for key, value in group.raw.items() if key != "zone"} | {"updatePolicy": policy}
    raw["distributionPolicy"] = {"zones": [{"zone": f"zones/r-{number}"} for number in range(zones)]}
    assert kept_settings(replace(group, raw=raw)) == settings
