"""Image references in any surrounding text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deploy.errors import RefusedError
from deploy.release import image
from deploy.release.image_places import find_image, references
from deploy.release.mentions import rewrite
from lib.image_reference import Reference

REPOSITORY = "asia-northeast3-docker.pkg.dev/p/dojangkok-ai/ai-server"
NEW = "sha256:" + "1" * 64
OLD = "sha256:" + "0" * 64
PRINTERS = {
    "echo",
    "egrep",
    "fgrep",
    "grep",
    "logger",
    "printf",
    "wall",
}  # hypothesis tries the words of the sources too


def rewritten(script: str) -> str:
    metadata = {"startup-script": script}
    return find_image(metadata, REPOSITORY).rewritten(metadata, NEW)["startup-script"]


def refused(script: str) -> str:
    with pytest.raises(RefusedError) as error:
        find_image({"startup-script": script}, REPOSITORY)
    return str(error.value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", ""),
        ("    image: {}\n", ""),
        ('image: "{}"\n', ""),
        ("image: '{}' # pinned\n", ""),
        ("services:\r\n  ai-server:\r\n    image: {}\r\n", "CRLF stays"),
        ("docker run {} --flag\n", ""),
        ("docker run $$HOME {}; echo & | \\1\n", ""),
        ("IMAGE={}\n", ""),
        ("# image: " + REPOSITORY + ":old\nimage: {}\n", "a comment stays"),
        ("image: {}\nother: " + REPOSITORY + "-worker:latest\n", "a sibling stays"),
        ("image: {}\nother: x." + REPOSITORY + ":latest\nthird: my/" + REPOSITORY + ":1\n", "another host stays"),
        ("한글 {} 끝", "letters of any kind"),
        ("auth configure-docker asia-northeast3-docker.pkg.dev\nimage: {}", "the host alone stays"),
    ],
)
@pytest.mark.parametrize("old", [":latest", ":ab12cd3", f"@{OLD}", f":v1.2_3-x@{OLD}"])
def test_only_the_reference_changes(before: str, after: str, old: str) -> None:
    """A rewrite replaces the full reference with the new digest, and keeps all other text."""
    assert rewritten(before.replace("{}", REPOSITORY + old)) == before.replace("{}", f"{REPOSITORY}@{NEW}"), after


def test_a_registry_with_a_port_is_a_repository() -> None:
    """The host of a repository may include a port."""
    place = find_image({"startup-script": "image: localhost:5000/a/b:1\n"}, "localhost:5000/a/b")
    assert place.reference == Reference("localhost:5000/a/b", "1")


def test_service_key_is_no_reference() -> None:
    """A service key such as `ai-server:` is not a reference, and a script without a reference is refused."""
    text = refused("services:\n  ai-server:\n    image: other/ai-server:1\n")
    assert text == (
        f"metadata: no reference of '{REPOSITORY}' in 'startup-script'."
        " Fix: write it in full, HOST/PATH:TAG, or correct `repository` in the environment file."
    )


def test_incomplete_or_commented_reference_is_named_by_its_line() -> None:
    """The error names the line of a reference that lacks a tag, or of a reference in a comment."""
    assert f"'startup-script' line 2 '{REPOSITORY}' (it has no tag" in refused(f"x\nimage: {REPOSITORY}\n")
    assert f"'startup-script' line 1 '{REPOSITORY}:latest' (comment)" in refused(f"# {REPOSITORY}:latest\n")
    assert f"line 1 '{REPOSITORY}' (it has no tag" in refused(f"R={REPOSITORY}; docker run $R:latest\n")


def test_different_references_are_refused_with_their_lines() -> None:
    """A script with different references is refused, and the error names the line of each reference."""
    places = f"'startup-script' line 1 '{REPOSITORY}:1', 'startup-script' line 3 '{REPOSITORY}@{OLD}'"
    assert refused(f"a {REPOSITORY}:1\n\nb {REPOSITORY}@{OLD}\n") == (
        f"metadata: different references of '{REPOSITORY}': {places}. Fix: write the same reference at each place."
    )


@example(before="wall", after="", old=":latest")
@given(
    before=st.text(max_size=60), after=st.text(max_size=60), old=st.sampled_from([":latest", ":a.b-c_d", f"@{OLD}"])
)  # fmt: skip
def test_every_other_character_stays(before: str, after: str, old: str) -> None:
    """In any text, a reference is in a comment or printed, or changes alone."""
    script = f"{before} {REPOSITORY}{old} {after}"
    places = references("startup-script", script, REPOSITORY)
    if places:
        assert len(places) == 1
        assert rewrite(script, places, NEW) == f"{before} {REPOSITORY}@{NEW} {after}"
    else:
        line = before.rsplit("\n", maxsplit=1)[-1]
        assert "#" in line or {word.rpartition("/")[2] for word in line.split()} & PRINTERS


@pytest.mark.parametrize(
    "text", ["", "name", "host/path", "host/path:", "host/path@sha256:12", "Host/Path:1", "a b/c:1"]
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    """`--image` refuses a text that is not a full image reference."""
    with pytest.raises(RefusedError, match="which is not an image reference"):
        image.parse(text)


def test_references_are_read() -> None:
    """A full reference parses into repository, tag and digest, and prints as the same text."""
    assert image.parse(f"h:5000/p/q:t@{OLD}") == Reference("h:5000/p/q", "t", OLD)
    assert str(image.parse("h.dev/p:t")) == "h.dev/p:t"
