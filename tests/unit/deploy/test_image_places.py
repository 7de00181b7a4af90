"""The places of the image in metadata, and what a refusal says to an operator: entry, line, reason and remedy."""

from collections.abc import Mapping

import pytest

from deploy.errors import RefusedError
from deploy.release.image_places import entries_with_references, find_image, mention_warnings
from deploy.release.record import RECORD_KEY
from lib.image_reference import Reference
from tests.unit.deploy.values import REPOSITORY as R
from tests.unit.deploy.values import digest

RUN = f"docker run {R}:v1"
_UNDECIDED = f"metadata: which image of '{R}' starts is not written out: "
_WRITE = "Fix: write the image in full, HOST/PATH:TAG, or refer to it by a variable that holds it in full"
_NONE = f"metadata: no reference of '{R}' in "
_CORRECT = "Fix: write it in full, HOST/PATH:TAG, or correct `repository` in the environment file."
_LIST = "list the entries that start the image as `image_in` in the environment file"
_BESIDES = f"besides 'startup-script' line 2 '{R}:v1', 'compose' line 1 '{R}:v2'"
_LISTED = f"'startup-script' line 1 '{R}' (harmless), 'startup-script' line 2 '{R}:v1' (comment)"
_IMAGE_IN = "metadata: `image_in` lists"


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        (
            {"startup-script": f"docker run {R}"},
            f"{_UNDECIDED}'startup-script' line 1 '{R}' (it has no tag and no digest). {_WRITE}.",
        ),
        (
            {"startup-script": f"# {R}:v0\n{RUN}\ndocker run {R}:$X", "compose": f"image: {R}:v2"},
            (
                f"{_UNDECIDED}'startup-script' line 3 '{R}' (its tag or digest is not written out); {_BESIDES}."
                f" {_WRITE}, or {_LIST}."
            ),
        ),
        (
            {"startup-script": RUN, "compose": f"# {R}:v0\nimage: {R}:v2", "shutdown-script": "x"},
            (
                f"metadata: different references of '{R}': 'startup-script' line 1 '{R}:v1', 'compose' line 2 '{R}:v2'."
                f" Fix: write the same reference at each place, or {_LIST}."
            ),
        ),
        (
            {"startup-script": f"{RUN}\ndocker run {R}:v1@{digest('0')}"},
            (
                f"metadata: different references of '{R}': 'startup-script' line 1 '{R}:v1', 'startup-script' line 2"
                f" '{R}:v1@{digest('0')}'. Fix: write the same reference at each place."
            ),
        ),
        ({}, f"{_NONE}no entry. {_CORRECT}"),
        ({"other": "x", "another": ""}, f"{_NONE}'another', 'other'. {_CORRECT}"),
        (
            {"startup-script": f"docker rmi {R}\n# {R}:v1", RECORD_KEY: f"{R}:v1"},
            f"{_NONE}'startup-script'. Mentions that start nothing: {_LISTED}. {_CORRECT}",
        ),
        (
            {"startup-script-url": "gs://b/x.sh", "user-data": RUN},
            (
                "metadata: 'startup-script-url' points to a script outside the template, which may start another image."
                f" Fix: put the script itself into the metadata entry 'startup-script', or {_LIST}."
            ),
        ),
    ],
)
def test_refusal_lists_every_mention_with_its_place(metadata: Mapping[str, str], text: str) -> None:
    """The refusal names entry, line, reference and reason of each mention, and one remedy."""
    with pytest.raises(RefusedError) as error:
        find_image(metadata, R)
    assert str(error.value) == text


@pytest.mark.parametrize(
    ("key", "text", "mark"),
    [
        ("user-data", "#cloud-config\nwrite_files:\n- encoding: b64\n  content: QUJD\n", "line 3 (encoding: b64)"),
        ("user-data", '- {path: /x, "encoding": "gz+base64", content: QUJD}', "line 1 (encoding: gz+base64)"),
        ("user-data", "- encoding: gzip\n", "line 1 (encoding: gzip)"),
        ("user-data", "- path: /x\n  content: !!binary |\n    QUJD\n", "line 2 (!!binary)"),
        ("user-data", "Content-Transfer-Encoding: base64\n", "line 1 (encoding: base64)"),
        ("user-data-encoding", "base64", "line 1 (base64)"),
        ("startup-script", "\necho QUJD | base64 -d > /x\n", "line 2 (base64)"),
        ("startup-script", "zcat /x | sh", "line 1 (zcat)"),
        ("startup-script", "gzip -cd /x", "line 1 (gzip)"),
        ("startup-script", "gzip /var/log/x; file --mime-encoding: text; mybase64x", ""),
        ("user-data", "- encoding: text/plain\n", ""),
    ],
)
def test_encoded_text_is_named_as_not_searched(key: str, text: str, mark: str) -> None:
    """The refusal names the entry and line of encoded text, which may hold the image."""
    with pytest.raises(RefusedError) as error:
        find_image({key: text}, R)
    unsearched = f" Encoded text is not searched: '{key}' {mark}." if mark else ""
    correct = _CORRECT.replace("in full,", "in full and not encoded,") if mark else _CORRECT
    assert str(error.value) == f"{_NONE}'{key}'.{unsearched} {correct}"


def test_equal_references_of_all_entries_are_replaced_together() -> None:
    """Every place gets the digest, and no other character changes."""
    metadata = {
        "startup-script": f"docker pull {R}:v1\n{RUN} web; {RUN} worker\ndocker rmi {R}:v0\n",
        "user-data": f"#cloud-config\nruncmd:\n- [docker, run, {R}:v1]\n",
        "gce-container-declaration": f"spec:\n  containers:\n  - image: '{R}:v1'\n",
        "app-image": f"{R}:v1",
        "shutdown-script": f"docker run --rm {R}:v1 drain",
        "other": f"{R}-worker:v1",
    }
    places = find_image(metadata, R)
    assert places.reference == Reference(R, "v1")
    assert places.entries == (
        "app-image",
        "gce-container-declaration",
        "shutdown-script",
        "startup-script",
        "user-data",
    )
    assert str(places) == (
        "'startup-script' line 1, 'startup-script' line 2, 'user-data' line 3, 'gce-container-declaration' line 3,"
        " 'app-image' line 1, 'shutdown-script' line 1"
    )
    new = places.rewritten(metadata, digest("1"))
    assert new == {key: text.replace(f"{R}:v1", f"{R}@{digest('1')}") for key, text in metadata.items()} | {
        "other": f"{R}-worker:v1"
    }
    assert find_image(new, R).reference == Reference(R, digest=digest("1"))


@pytest.mark.parametrize(
    ("metadata", "image_in", "entries"),
    [
        ({"startup-script": f"docker run {R}:v0", "user-data": RUN}, ("user-data",), ("user-data",)),
        ({"startup-script": f"docker run {R}", "user-data": RUN}, ("user-data",), ("user-data",)),
        ({"startup-script-url": "gs://b/x", "user-data": RUN}, ("user-data",), ("user-data",)),
        ({"a": RUN, "b": RUN, "c": f"docker run {R}:v0"}, ("b", "a"), ("a", "b")),
        ({"a": RUN, "b": "x"}, ("b", "a"), ("a",)),
    ],
)
def test_search_is_restricted_to_the_listed_entries(
    metadata: dict[str, str], image_in: tuple[str, ...], entries: tuple[str, ...]
) -> None:
    """With `image_in`, no other entry is rewritten, and none is a reason for a refusal."""
    places = find_image(metadata, R, image_in)
    assert (places.reference, places.entries) == (Reference(R, "v1"), entries)
    assert entries_with_references(metadata, R, image_in) == entries
    new = places.rewritten(metadata, digest("1"))
    assert {key for key in metadata if new[key] != metadata[key]} == set(entries)


@pytest.mark.parametrize(
    ("image_in", "text"),
    [
        (("user-data",), f"{_IMAGE_IN} 'user-data', which the template lacks (it has 'startup-script')."),
        (("x", "startup-script", "y"), f"{_IMAGE_IN} 'x', 'y', which the template lacks (it has 'startup-script')."),
    ],
)
def test_listed_entry_that_the_template_lacks_is_refused(image_in: tuple[str, ...], text: str) -> None:
    """A mistyped key would otherwise search nothing, or only some of the entries that the operator means."""
    with pytest.raises(RefusedError) as error:
        find_image({"startup-script": RUN, RECORD_KEY: "{}"}, R, image_in)
    fix = "correct `image_in` in the environment file, or add the entry to the template"
    assert str(error.value) == f"{text} Fix: {fix}."


def test_refusal_of_a_listed_entry_names_no_other_entry() -> None:
    """The keys in a refusal are those that were searched."""
    with pytest.raises(RefusedError, match=r"no reference of '.*' in 'user-data'\. Fix"):
        find_image({"startup-script": RUN, "user-data": "x"}, R, ("user-data",))


def test_entries_with_references_are_known_where_the_image_is_refused() -> None:
    """References that differ still say which entries hold an image."""
    metadata = {"a": f"{R}:v1", "b": f"{R}:v2", "c": f"{R}", "d": f"# {R}:v1"}
    assert entries_with_references(metadata, R) == ("a", "b")


def test_mention_that_stays_and_may_surprise_is_a_warning() -> None:
    """A filter of containers by image, and a mention that `image_in` leaves out, are warnings with entry and line."""
    script = f"{RUN}\ndocker ps --filter ancestor={R}:v1\ndocker rmi {R}"
    other = f"# {R}:v0\ndocker run {R}:v0\ndocker run {R}"
    filtered = (
        f"'startup-script' line 2: the filter ancestor={R}:v1 does not find containers that were started by digest"
    )
    assert mention_warnings({"startup-script": script}, R) == (filtered,)
    left_out = "is not replaced, because `image_in` leaves this entry out"
    assert mention_warnings({"startup-script": script, "user-data": other}, R, ("startup-script",)) == (
        filtered,
        f"'user-data' line 2: '{R}:v0' {left_out}",
        f"'user-data' line 3: '{R}' {left_out}",
    )


@pytest.mark.parametrize(
    ("metadata", "image_in", "places"),
    [
        ({"startup-script": RUN, "user-data": "- encoding: b64\n  content: QUJD"}, (),
         "'user-data' line 1 (encoding: b64)"),
        ({"user-data": f"{RUN}\n- encoding: gzip\n- !!binary |"}, (),
         "'user-data' line 2 (encoding: gzip), 'user-data' line 3 (!!binary)"),
        ({"startup-script": f"echo QUJD | base64 -d > /c.yml\n{RUN}"}, (), "'startup-script' line 1 (base64)"),
        ({"startup-script": RUN, "user-data": "- encoding: b64"}, ("startup-script",), ""),
        ({"startup-script": RUN}, (), ""),
    ],
)  # fmt: skip
def test_encoded_text_beside_a_reference_is_a_warning(
    metadata: dict[str, str], image_in: tuple[str, ...], places: str
) -> None:
    """Encoded text of a searched entry may hold another reference, so a warning names its lines."""
    assert find_image(metadata, R, image_in).reference == Reference(R, "v1")
    expected = (f"encoded text is not searched for the image: {places}",) if places else ()
    assert mention_warnings(metadata, R, image_in) == expected
