"""The release that a template serves, as reports print it."""

from typing import Any

import pytest

from deploy.rollout.served_release import ServedRelease, served_release
from tests.unit.deploy.observations import observation
from tests.unit.deploy.values import REPOSITORY, digest


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (observation("roll").template, ServedRelease("dojangkok-dev-ai-server-seed", f"{REPOSITORY}:latest")),
        (
            observation("reconcile-landed").template,
            ServedRelease("dojangkok-dev-ai-server-seed-r-b7600f11c40c", f"{REPOSITORY}@{digest('b')}", "b" * 40),
        ),
        ({"name": "other", "properties": {}}, ServedRelease("other")),
        ({}, ServedRelease("")),
    ],
)
def test_served_release_of_a_template(document: dict[str, Any], expected: ServedRelease) -> None:
    """A release has its image and commit, an unmanaged template its image by tag, and an absent template nothing."""
    assert served_release(document, REPOSITORY, ()) == expected
