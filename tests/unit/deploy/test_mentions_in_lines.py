"""Mentions in a text that is no shell script: each is judged by its line."""

import pytest

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
        (f'content: "#!/bin/sh\\ndocker rmi x\\ndocker run {FULL}\\n"', ["reference"]),
        (f'content: "#!/bin/sh\\ndocker rmi {FULL}\\ndocker run x\\n"', ["harmless"]),
        (f'content: "echo \\" # x\\ndocker run {FULL}"', ["reference"]),
        (f'content: "x\\n# {FULL}\\ny"', ["comment"]),
        (f"a: docker rmi \\nx {FULL}", ["harmless"]),
        (f'- {{a: "set -e\\n# x", b: /y}}, {{a: "docker run {FULL}\\n"}}', ["reference"]),
        (f'- {{a: "set -e\\ndocker rmi x", b: /y}}, {{a: "docker run {FULL}"}}', ["reference"]),
        (f"runcmd: [docker rmi {FULL}, docker run {FULL}]", ["reference", "reference"]),
        (f"  docker rmi x, docker run {FULL}\n", ["reference"]),
        (f"runcmd: [docker images -q | xargs docker rmi, docker run {FULL}]", ["reference"]),
        (f'{{"args": ["docker rmi x", "docker run {FULL}"]}}', ["reference"]),
        (f'- docker images "{R}" -q\n', ["harmless"]),
        (f"- [docker, rmi, {R}]\n", ["harmless"]),
        (f'- ["docker", "rmi", "{FULL}"] \n', ["harmless"]),
        (f"- [docker, run, -d, {FULL}]\n", ["reference"]),
        (f"- [sh, -c, 'docker rmi {R}']\n", ["undecidable"]),
        (f"- [docker, rmi, {R}\n", ["undecidable"]),
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


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"IMAGE={FULL}\nrun ${{IMAGE%:*}}:v2\n", [2]),
        (f"Environment=IMAGE={FULL}\nExecStart=/bin/sh -c 'docker run $IMAGE-debug:x ${{IMAGE%:*}}:v2'\n", [2]),
        (f"  - 'IMAGE={FULL}'\n  - it's\n  - docker run $IMAGE:x\n", [3]),
        (f"IMAGE={FULL}\n# ${{IMAGE%:*}}\ndocker rmi ${{IMAGE%:*}}\ndocker run $IMAGE\n", []),
        (f"IMAGE={FULL}\necho ${{IMAGE%%/*}} ${{IMAGE##*:}}\n", []),
        (f"x$IMAGE={FULL}\n$IMAGE:x\n", []),
    ],
)
def test_variable_of_a_line_that_is_used_in_part_is_undecidable(text: str, lines: list[int]) -> None:
    """A quote or an apostrophe in another line of the text hides no partial use of a variable."""
    found = [mention for mention in mentions(f"#cloud-config\n{text}", R) if mention.kind == "undecidable"]
    assert [mention.line - 1 for mention in found] == lines


@pytest.mark.parametrize("delimiter", ["E", "'E'"])
def test_variable_of_a_script_in_a_document_is_used_in_part(delimiter: str) -> None:
    """A here-document that writes a script may use its variable in part, too."""
    script = f"cat > /run.sh <<{delimiter}\n#!/bin/sh\nIMAGE={FULL}\ndocker run ${{IMAGE%:*}}:$TAG\nE\n"
    assert [mention.kind for mention in mentions(script, R, is_script=True)] == ["reference", "undecidable"]
