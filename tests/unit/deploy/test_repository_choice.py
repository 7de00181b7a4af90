"""The repository that `init` chooses among the images of a template's metadata."""

import pytest

from deploy.release.repository_choice import choose_repository
from tests.unit.deploy.values import digest

WEB = "ghcr.io/team/web"


@pytest.mark.parametrize(
    ("metadata", "repository"),
    [
        ({"startup-script": f"docker run {WEB}:1"}, WEB),
        ({"startup-script": f"docker run {WEB}@{digest('a')}"}, WEB),
        ({"startup-script": f"IMAGE={WEB}:1\ndocker pull $IMAGE\ndocker run -p 80:80 prom/node-exporter:v1"}, WEB),
        ({"startup-script": f"docker run {WEB}:1\ndocker run gcr.io/cadvisor/cadvisor:$VERSION"}, WEB),
        ({"startup-script": "docker run registry:5000/team/web:1"}, "registry:5000/team/web"),
        ({"startup-script": f"docker run {WEB}:$TAG"}, WEB),
        ({"startup-script": f"docker run {WEB}"}, WEB),
        ({"startup-script": f"docker run ${{IMAGE:-{WEB}:1}}"}, WEB),
        ({"startup-script": f"curl https://{WEB}:1/x\ndocker run busybox:1"}, ""),
        ({"startup-script": "mount nfs.example.com/volume:/mnt; git clone git@github.com/team/web:1"}, ""),
        ({"startup-script": f"docker run {WEB}:1\ndocker run ghcr.io/team/worker:1"}, ""),
        ({"startup-script": "true", "release": f'{{"repository": "{WEB}", "base": "{WEB}:1"}}'}, ""),
        ({}, ""),
    ],
)
def test_only_one_repository_is_chosen(metadata: dict[str, str], repository: str) -> None:
    """Of several images with a registry, the one that decides is chosen; of several that decide, none."""
    assert choose_repository(metadata).repository == repository


def test_problem_has_every_candidate_with_its_place() -> None:
    """Each candidate that could be deployed is named once, with entry and line."""
    choice = choose_repository({"startup-script": f"docker run {WEB}:1\ndocker run ghcr.io/team/worker:1\n"})
    places = "'ghcr.io/team/web' ('startup-script' line 1), 'ghcr.io/team/worker' ('startup-script' line 2)"
    assert choice.problem == f"the metadata refers to several images: {places}"
    assert choose_repository({}).problem == "no metadata entry refers to an image with the host of its registry"
    assert choose_repository({"startup-script": f"docker run {WEB}:1"}).problem == ""
