"""Mentions in a text that is no shell script: each is judged by its line."""

import pytest

from deploy.errors import RefusedError
from deploy.release.effective_reference import deciding_reference, refuse_undecided
from deploy.release.mentions import mentions
from tests.unit.deploy.values import REPOSITORY as R

FULL = f"{R}:v1"
LONG = "x" * 5_000


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (FULL, ["reference"]),
        (f"\n{FULL}\n", ["reference"]),
        (f"image: {FULL}\nother: {FULL}\n", ["reference", "reference"]),
        (f"# {FULL}\n{FULL}", ["comment", "reference"]),
        (f"a\n \t# {FULL}\nb", ["comment"]),
        (f"# {LONG} {FULL}", ["comment"]),
        (f"  # {LONG} {FULL}", ["comment"]),
        (f"x # {LONG} {FULL}", ["reference"]),
        (f"docker rmi {FULL} {LONG}", ["reference"]),
        (f"docker rmi {FULL} {'x' * 4_000}", ["harmless"]),
        (f"docker rmi {FULL}", ["harmless"]),
        (f"- docker rmi {FULL}", ["harmless"]),
        (f"a\nExecStop=-docker rmi {FULL}\nb", ["harmless"]),
        (f"runcmd: 'docker rmi {FULL}' \n", ["harmless"]),
        (f'  - "docker rmi {FULL}"\n', ["harmless"]),
        (f"'docker rmi {FULL}\n", ["reference"]),
        (f"docker rmi {FULL}'\n", ["harmless"]),
        (f"docker images {R}\n", ["harmless"]),
        (f"IMAGE={FULL}\n", ["reference"]),
        (f"- {FULL}\n", ["reference"]),
    ],
)
def test_line_is_parsed_as_a_command(text: str, kinds: list[str]) -> None:
    """A key, a list's dash and quotes around the line are no part of the command; a longer line is no command."""
    assert [mention.kind for mention in mentions(text, R)] == kinds


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f"$(docker rmi {FULL})", "harmless"),
        (f"`docker rmi {FULL}`", "harmless"),
        (f"a $(b) {FULL}", "reference"),
        (f"a `b` {FULL}", "reference"),
        (f"{FULL} $(docker rmi x)", "reference"),
        (f"{FULL} `docker rmi x`", "reference"),
        (f'"$(docker rmi {FULL})"', "harmless"),
        (f"$(a # {FULL}\n)", "comment"),
    ],
)
def test_substitution_in_a_here_document_is_run_by_the_outer_shell(body: str, kind: str) -> None:
    """Only a substitution around the mention counts, from the first character of the text on."""
    script = f"cat > /etc/x <<E\n{body}\nE\n"
    assert [mention.kind for mention in mentions(script, R, is_script=True)] == [kind]


def refusal(metadata: dict[str, str]) -> str:
    """Return why metadata decides no image; empty if it does."""
    try:
        refuse_undecided(metadata, R)
    except RefusedError as error:
        return str(error)
    return ""


def test_only_the_script_refers_to_the_image() -> None:
    """A reference in another entry would stay as it is, so it is refused; a comment there is not."""
    script = {"startup-script": f"docker run {FULL}"}
    assert refusal(script | {"user-data": FULL}) == (
        f"metadata: another entry than 'startup-script' refers to '{R}': 'user-data' line 1 '{FULL}'."
        " Fix: write the image in 'startup-script' alone: no other entry is rewritten."
    )
    assert (refusal(script | {"user-data": f"# {FULL}"}), refusal(script)) == ("", "")


def test_undecidable_mention_is_listed_beside_the_references() -> None:
    """The refusal names the undecidable lines, and the full references that are not the cause."""
    undecidable = f"'startup-script' line 2 '{R}' (its tag or digest is not written out)"
    fix = "write the image once in full, HOST/PATH:TAG, in 'startup-script', and refer to it by a variable."
    expected = f"metadata: which image of '{R}' starts is not written out: {undecidable}"
    second = {"startup-script": f"docker run {FULL}\ndocker run {R}:$TAG\n"}
    assert refusal(second) == f"{expected}; besides 'startup-script' line 1 '{FULL}'. Fix: {fix}"
    assert refusal({"startup-script": f"\ndocker run {R}:$TAG\n"}) == f"{expected}. Fix: {fix}"


@pytest.mark.parametrize(("script", "is_encoded"), [("base64 -d x | sh", True), ("sh x", False), (None, False)])
def test_script_without_a_reference_may_be_encoded(script: str | None, is_encoded: bool) -> None:
    """Text in base64 is not searched, and the refusal says so where the script decodes any."""
    with pytest.raises(RefusedError) as error:
        deciding_reference({} if script is None else {"startup-script": script}, R)
    assert ("Encoded text (base64) is not searched." in str(error.value)) == is_encoded
