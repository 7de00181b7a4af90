"""
Startup scripts and metadata of other teams, from `tests/unit/deploy/scripts/others/`.

A script is rewritten, or refused with the entry and the line.
"""

from pathlib import Path

import pytest

from deploy.errors import RefusedError
from deploy.release.effective_reference import deciding_reference, filter_warnings
from deploy.release.mentions import rewrite
from deploy.report.status import status
from deploy.rollout.plan import DeployRelease
from deploy.rollout.served_release import served_release
from tests.integration.deploy.rig import new_rig
from tests.unit.deploy.values import GROUP, digest
from tests.unit.deploy.values import REPOSITORY as R

FOLDER = Path("tests/unit/deploy/scripts/others")
FULL = f"{R}:v41"
START = f"docker run -d {FULL}\n"


def script(name: str) -> str:
    (path,) = FOLDER.glob(f"{name}[-.]*")
    return path.read_text()


def refusal(metadata: dict[str, str]) -> str:
    with pytest.raises(RefusedError) as error:
        deciding_reference(metadata, R)
    return str(error.value)


ACCEPTED = ("s02", "s08", "s11", "s15", "s15b", "s19", "s27", "s30")


@pytest.mark.parametrize("name", ACCEPTED)
def test_script_with_one_reference_is_rewritten_there_alone(name: str) -> None:
    """`rewrite` replaces the reference of a startup script and no other text."""
    text = script(name)
    mention = deciding_reference({"startup-script": text}, R)
    new = rewrite(text, mention, digest("1"))
    assert new == text.replace(FULL, f"{R}@{digest('1')}")
    assert deciding_reference({"startup-script": new}, R).reference.digest == digest("1")
    rig = new_rig(text)
    assert isinstance(rig.plan("1"), DeployRelease)


REFUSED = {
    "s01": "'startup-script' line 2 '{R}' (it has no tag and no digest); besides 'startup-script' line 2 '{R}:latest'.",
    "s09": "2 references of '{R}': line 9 '{R}:v41', line 10 '{R}:v41'.",
    "s17": "2 references of '{R}': line 6 '{R}:v41', line 9 '{R}:v41'.",
    "s06": "no reference of '{R}'. Fix",
    "s18": "no reference of '{R}'. Encoded text (base64) is not searched.",
    "s31": "'startup-script' line 2 '{R}' (it has no tag and no digest).",
    "s33": "line 4 '{R}' (its tag or digest is not written out); besides 'startup-script' line 3 '{R}:v40'.",
}


@pytest.mark.parametrize("name", REFUSED)
def test_script_that_decides_elsewhere_is_refused_with_its_lines(name: str) -> None:
    """A script without exactly one complete reference is refused with its lines before the first write."""
    assert REFUSED[name].replace("{R}", R) in refusal({"startup-script": script(name)})
    rig = new_rig(script(name))
    with pytest.raises(RefusedError):
        rig.deploy("a")
    assert rig.writes() == []


@pytest.mark.parametrize(
    ("name", "key", "value", "line"),
    [
        ("s08", "container-image", f"{R}:v40", f"line 1 '{R}:v40'"),
        ("s06", "container-image", FULL, f"line 1 '{FULL}'"),
        ("s11", "user-data", script("user-data"), f"line 16 '{FULL}'"),
        ("s11", "gce-container-declaration", script("konlet"), f"line 4 '{FULL}'"),
        ("s27", "shutdown-script", f"#!/bin/sh\ndocker run --rm {FULL} drain\n", f"line 2 '{FULL}'"),
    ],
)
def test_other_entry_that_refers_to_the_repository_is_refused_by_name(
    name: str, key: str, value: str, line: str
) -> None:
    """A reference in another metadata entry than `startup-script` is refused with its entry and line."""
    text = refusal({"startup-script": script(name), key: value})
    assert f"another entry than 'startup-script' refers to '{R}': '{key}' {line}." in text


@pytest.mark.parametrize("key", ["user-data", "gce-container-declaration", "container-image"])
def test_entry_that_alone_holds_the_reference_is_named(key: str) -> None:
    """The refusal names the metadata entry that contains the only reference instead of `startup-script`."""
    value = {"user-data": script("user-data"), "gce-container-declaration": script("konlet")}.get(key, FULL)
    assert f"'{key}' line " in refusal({key: value, "enable-oslogin": "TRUE"})


def test_release_record_is_not_searched_for_references() -> None:
    """The release record in the metadata is not searched for references."""
    assert deciding_reference({"startup-script": START, "release": f'{{"repository":"{R}"}}'}, R).line == 1


def test_metadata_of_the_group_that_starts_another_image_is_refused() -> None:
    """allInstancesConfig hides the template's entries on every instance."""
    rig = new_rig(START)
    config = {"properties": {"metadata": {"container-image": f"{R}:v40"}}}
    rig.control("PATCH", "projects/dojangkok-dev/zones/asia-northeast3-a/instanceGroupManagers/" + rig.config.group,
                {"allInstancesConfig": config})  # fmt: skip
    with pytest.raises(RefusedError, match=f"'allInstancesConfig container-image' line 1 '{R}:v40'"):
        rig.deploy("a")


def test_rollback_is_refused_as_well() -> None:
    """A rollback is refused if the metadata in allInstancesConfig starts another image."""
    rig = new_rig()
    rig.deploy("a")
    rig.deploy("b")
    config = {"properties": {"metadata": {"container-image": f"{R}:v40"}}}
    rig.control("PATCH", GROUP, {"allInstancesConfig": config})
    with pytest.raises(RefusedError, match=f"'allInstancesConfig container-image' line 1 '{R}:v40'"):
        rig.rollback()


@pytest.mark.parametrize("name", ["s01", "s31", "s33"])
def test_status_names_no_image_where_the_script_does_not_decide_it(name: str) -> None:
    """`status` has no image, but a line of drift, if the script does not contain the image's full reference."""
    rig = new_rig(script(name))
    observed = rig.observed()
    summary = status(rig.config, observed, rig.now())
    assert (summary.image, summary.digest, served_release(observed.template, R).reference) == ("", "", "")
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
    (line,) = filter_warnings(metadata, R)
    assert line.startswith(f"'{key}' line ")
    assert "does not find containers that were started by digest" in line
    assert deciding_reference(metadata, R).reference.tag == "v41"
