"""
Startup scripts and metadata of other teams, from `tests/unit/deploy/scripts/others/`.

Every place of the image is rewritten, or the metadata is refused with the entry and the line.
"""

from pathlib import Path

import pytest

from deploy.errors import RefusedError
from deploy.release import template
from deploy.release.image_places import find_image, mention_warnings
from deploy.report.status import status
from deploy.rollout.plan import DeployRelease
from deploy.rollout.served_release import served_release
from tests.integration.deploy.rig import new_rig
from tests.unit.deploy.values import GROUP, digest
from tests.unit.deploy.values import REPOSITORY as R

FOLDER = Path("tests/unit/deploy/scripts/others")
FULL = f"{R}:v41"
OVERRIDE = f"allInstancesConfig has a 'container-image', which refers to '{R}': line 1 '{R}:v40'"
START = f"docker run -d {FULL}\n"


def script(name: str) -> str:
    (path,) = FOLDER.glob(f"{name}[-.]*")
    return path.read_text()


def refusal(metadata: dict[str, str]) -> str:
    with pytest.raises(RefusedError) as error:
        find_image(metadata, R)
    return str(error.value)


IMAGE = {"container-image": FULL}
USER_DATA = {"user-data": script("user-data")}
KONLET = {"gce-container-declaration": script("konlet")}
DRAIN = {"shutdown-script": f"#!/bin/sh\ndocker run --rm {FULL} drain\n"}
ALONE = ("s02", "s08", "s09", "s11", "s15", "s15b", "s17", "s19", "s27", "s30")
ACCEPTED: dict[str, dict[str, str]] = {
    **{name: {"startup-script": script(name)} for name in ALONE},
    "s06 and its image": {"startup-script": script("s06"), **IMAGE},
    "s08 and its image": {"startup-script": script("s08"), **IMAGE},
    "s11 and user-data": {"startup-script": script("s11"), **USER_DATA},
    "s11 and konlet": {"startup-script": script("s11"), **KONLET},
    "s27 and a drain": {"startup-script": script("s27"), **DRAIN},
    "user-data": USER_DATA,
    "konlet": KONLET,
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_metadata_with_equal_references_is_rewritten_at_each(name: str) -> None:
    """A deploy replaces every full reference by the digest, and no other text."""
    metadata = {"enable-oslogin": "TRUE", **ACCEPTED[name]}
    plan = new_rig(metadata=metadata).plan("1")
    assert isinstance(plan, DeployRelease)
    new = template.metadata(plan.template)
    del new["release"]
    assert new == {key: text.replace(FULL, f"{R}@{digest('1')}") for key, text in metadata.items()}
    assert plan.image_entries == tuple(sorted(key for key, text in ACCEPTED[name].items() if FULL in text))
    assert find_image(new, R).reference.digest == digest("1")


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "s01": (
        {},
        "'startup-script' line 2 '{R}' (it has no tag and no digest); besides 'startup-script' line 2 '{R}:latest'.",
    ),
    "s06": ({}, "no reference of '{R}' in 'startup-script'. Fix"),
    "s08": (
        {"container-image": f"{R}:v40"},
        (
            "different references of '{R}': 'startup-script' line 5 '{R}:v41', 'container-image' line 1 '{R}:v40'. Fix:"
            " write the same reference at each place, or list the entries that start the image as `image_in` in the"
        ),
    ),
    "s18": (
        {},
        "no reference of '{R}' in 'startup-script'. Encoded text is not searched: 'startup-script' line 3 (base64).",
    ),
    "s31": ({}, "'startup-script' line 2 '{R}' (it has no tag and no digest)."),
    "s33": (
        {},
        "line 4 '{R}' (its tag or digest is not written out); besides 'startup-script' line 3 '{R}:v40'.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_metadata_that_does_not_decide_the_image_is_refused_with_its_lines(name: str) -> None:
    """Metadata without a single written-out reference is refused with its lines before the first write."""
    more, text = REFUSED[name]
    metadata = {"startup-script": script(name), **more}
    assert text.replace("{R}", R) in refusal(metadata)
    rig = new_rig(metadata=metadata)
    with pytest.raises(RefusedError):
        rig.deploy("a")
    assert rig.writes() == []


def test_every_script_of_other_teams_is_used() -> None:
    """Each file of the folder has a case, so that none is forgotten."""
    names = {name.split(maxsplit=1)[0] for name in (*ACCEPTED, *REFUSED)} | {"shutdown-ancestor"}
    assert names == {path.stem.partition("-")[0] if path.stem[0] == "s" and path.stem[1].isdigit() else path.stem
                     for path in FOLDER.iterdir()}  # fmt: skip


def test_release_record_is_not_searched_for_references() -> None:
    """The release record in the metadata is not searched for references."""
    record = {"release": f'{{"repository":"{R}"}}'}
    assert find_image({"startup-script": START, **record}, R).entries == ("startup-script",)


def test_metadata_of_the_group_that_starts_another_image_is_refused() -> None:
    """allInstancesConfig hides the template's entries on every instance."""
    rig = new_rig(START)
    config = {"properties": {"metadata": {"container-image": f"{R}:v40"}}}
    rig.control("PATCH", "projects/dojangkok-dev/zones/asia-northeast3-a/instanceGroupManagers/" + rig.config.group,
                {"allInstancesConfig": config})  # fmt: skip
    with pytest.raises(RefusedError, match=OVERRIDE):
        rig.deploy("a")


def test_rollback_is_refused_as_well() -> None:
    """A rollback is refused if the metadata in allInstancesConfig starts another image."""
    rig = new_rig()
    rig.deploy("a")
    rig.deploy("b")
    config = {"properties": {"metadata": {"container-image": f"{R}:v40"}}}
    rig.control("PATCH", GROUP, {"allInstancesConfig": config})
    with pytest.raises(RefusedError, match=OVERRIDE):
        rig.rollback()


@pytest.mark.parametrize("name", ["s01", "s31", "s33"])
def test_status_names_no_image_where_the_script_does_not_decide_it(name: str) -> None:
    """`status` has no image, but a line of drift, if the script does not contain the image's full reference."""
    rig = new_rig(script(name))
    observed = rig.observed()
    summary = status(rig.config, observed, rig.now())
    assert (summary.release.image, summary.release.digest, served_release(observed.template, R, ()).reference) == (
        "",
        "",
        "",
    )
    assert any(line.startswith(f"metadata: which image of '{R}' starts is not written out: ") for line in summary.drift)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("shutdown-script", script("shutdown-ancestor")),
        ("startup-script", script("s30")),
        ("shutdown-script", f"podman ps --filter=ancestor={R}@{digest('0')}\n"),
    ],
)
def test_filter_by_image_is_warned_of(key: str, text: str) -> None:
    """A script that filters containers by image causes a warning with the entry and the line."""
    metadata = {"startup-script": START, key: text}
    (line,) = mention_warnings(metadata, R)
    assert line.startswith(f"'{key}' line ")
    assert "does not find containers that were started by digest" in line
    assert find_image(metadata, R).reference.tag == "v41"
