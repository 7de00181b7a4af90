"""The build backend, which no lock file holds."""

from pathlib import Path

import tomllib


def test_every_wheel_is_built_by_the_same_backend() -> None:
    """`.ci/outdated` compares the backend of the module alone with the newest version."""
    configs = [tomllib.loads(Path(f"{project}/pyproject.toml").read_text()) for project in ("ci", "deploy", "emulator")]
    assert len({tuple(config["build-system"]["requires"]) for config in configs}) == 1
