"""What a refusal of metadata says to an operator: entry, line, reference, reason and remedy."""

from collections.abc import Mapping

import pytest

from deploy.errors import RefusedError
from deploy.release.effective_reference import (
    decided_reference,
    deciding_reference,
    entries_of_instances,
    filter_warnings,
)
from deploy.release.record import RECORD_KEY
from lib.image_reference import Reference
from tests.unit.deploy.values import REPOSITORY as R

_UNDECIDED = f"metadata: which image of '{R}' starts is not written out: "
_WRITE = "Fix: write the image once in full, HOST/PATH:TAG, in 'startup-script', and refer to it by a variable."
_NONE = f"startup-script: no reference of '{R}'."
_CORRECT = "Fix: write it once in full, HOST/PATH:TAG, or correct `repository` in the environment file."
_OTHER = f"metadata: another entry than 'startup-script' refers to '{R}': "
_BESIDES = f"besides 'startup-script' line 2 '{R}:v1', 'compose' line 1 '{R}:v2'"
_LEAVE_ONE = "Fix: leave one, and let the others use a shell variable that it sets."
_LISTED = f"'startup-script' line 1 '{R}' (harmless), 'startup-script' line 2 '{R}:v1' (comment)"
_ALONE = "Fix: write the image in 'startup-script' alone: no other entry is rewritten."


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        (
            {"startup-script": f"docker run {R}"},
            f"{_UNDECIDED}'startup-script' line 1 '{R}' (it has no tag and no digest). {_WRITE}",
        ),
        (
            {"startup-script": f"# {R}:v0\ndocker run {R}:v1\ndocker run {R}:$X", "compose": f"image: {R}:v2"},
            f"{_UNDECIDED}'startup-script' line 3 '{R}' (its tag or digest is not written out); {_BESIDES}. {_WRITE}",
        ),
        (
            {"startup-script": f"docker run {R}:v1\n", "compose": f"# {R}:v0\nimage: {R}:v2", "shutdown-script": "x"},
            f"{_OTHER}'compose' line 2 '{R}:v2'. {_ALONE}",
        ),
        (
            {"startup-script": f"docker run {R}:v1\ndocker run {R}:v2"},
            f"startup-script: 2 references of '{R}': line 1 '{R}:v1', line 2 '{R}:v2'. {_LEAVE_ONE}",
        ),
        ({}, f"{_NONE} {_CORRECT}"),
        ({"other": "base64"}, f"{_NONE} {_CORRECT}"),
        (
            {"startup-script": f"docker rmi {R}\n# {R}:v1\nbase64 -d", RECORD_KEY: f"{R}:v1"},
            f"{_NONE} Mentions that start nothing: {_LISTED}. Encoded text (base64) is not searched. {_CORRECT}",
        ),
    ],
)
def test_refusal_lists_every_mention_with_its_place(metadata: Mapping[str, str], text: str) -> None:
    """The refusal names entry, line, reference and reason of each mention, and one remedy."""
    with pytest.raises(RefusedError) as error:
        deciding_reference(metadata, R)
    assert str(error.value) == text


def test_filter_by_image_is_a_warning() -> None:
    """A filter of containers by image is a warning with its entry and line; the other mentions are none."""
    script = f"docker run {R}:v1\ndocker ps --filter ancestor={R}:v1\ndocker rmi {R}"
    assert filter_warnings({"startup-script": script}, R) == (
        f"'startup-script' line 2: the filter ancestor={R}:v1 does not find containers that were started by digest",
    )


def test_metadata_of_the_group_is_beside_metadata_of_the_template() -> None:
    """Entries of `allInstancesConfig` have their own keys, so that they hide no entry of the template."""
    assert entries_of_instances({"a": "1"}, {"a": "2"}) == {"a": "1", "allInstancesConfig a": "2"}


def test_reference_is_decided_by_a_single_mention() -> None:
    """Metadata with one full reference has it, and metadata that is refused has none."""
    assert decided_reference({"startup-script": f"docker run {R}:v1"}, R) == Reference(R, "v1")
    assert decided_reference({"startup-script": f"docker run {R}"}, R) is None
