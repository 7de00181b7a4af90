"""Mentions that start another image indirectly are never classified as harmless or as a comment."""

import pytest

from deploy.errors import RefusedError
from deploy.release.image_places import find_image
from deploy.release.mentions import mentions
from tests.unit.deploy.values import REPOSITORY as R

FULL = f"{R}:v41"
OTHER = f"{R}:v40"
PREFIX, _, NAME = R.rpartition("/")
HOST, _, PATH = R.partition("/")
ESCAPED = R.replace("/", "\\/")


def accepts(lines: str) -> bool:
    try:
        find_image({"startup-script": f"#!/bin/bash\ndocker run -d {FULL}\n{lines}\n"}, R)
    except RefusedError:
        return False
    return True


@pytest.mark.parametrize(
    "lines",
    [
        f"B={PREFIX}/\ndocker run ${{B}}{NAME}:v40", f'docker run "$B"{NAME}:v40', f"docker run {PREFIX}/$NAME:v40",
        f'docker run "{PREFIX}/"${{NAME}}:v40', f"docker run {PREFIX}/\\\n{NAME}:v40",
        f'docker run {HOST}/"dojangkok-dev"{PATH.removeprefix("dojangkok-dev")}:v40',
        f"docker run {HOST}:443/{PATH}:v40", f'echo \'{{"image":"{OTHER}"}}\' > f'.replace("/", "\\/"),
        f"sed -i 's/IMAGE/{ESCAPED}:v40/' compose.yml", f'sed -i "s/IMAGE/{ESCAPED}:v40/" compose.yml',
    ],
)  # fmt: skip
def test_name_that_is_put_together_is_a_mention(lines: str) -> None:
    """A script that composes the repository's name from parts is refused."""
    assert not accepts(lines)


@pytest.mark.parametrize(
    "lines",
    [
        f"docker run {PREFIX}/sidecar:v1", f"docker run {PREFIX}/$TEAM/sidecar:v1", f"docker pull {HOST}/$P/other:v1",
        f"docker login {HOST}", f"docker run ${{B}}-{NAME}:v1", f'docker run {HOST}:443/{PATH}-worker:v1',
        f"REGISTRY={PREFIX}", f"sed -i 's/IMAGE/{ESCAPED}-worker:v1/' f", f"sed -i 's/IMAGE/a\\/{ESCAPED}:v1/' f",
    ],
)  # fmt: skip
def test_other_names_that_are_put_together_are_none(lines: str) -> None:
    """A composed name that can't be the repository's name is not a mention."""
    assert accepts(lines)


@pytest.mark.parametrize(
    "lines",
    [
        f"printf -v I '%s' {OTHER}; docker run $I", f"docker run $(grep . <<< {OTHER})",
        f'docker run $(grep -o "[^ ]*" <<<"{OTHER}")', f"echo {OTHER} > /dev/shm/image",
        f"cat > /bin/image <<'E'\n#!/bin/sh\necho {OTHER}\nE\ndocker run $(image)",
        f"I=$(bash <<E\necho {OTHER}\nE\n)\ndocker run $I", f"bash <<E | xargs docker run\necho {OTHER}\nE",
        f"bash > /etc/image <<E\necho {OTHER}\nE", f"cat <<E | bash > /etc/image\necho {OTHER}\nE",
    ],
)  # fmt: skip
def test_printed_reference_that_something_reads_counts(lines: str) -> None:
    """A script is refused if a command or a file receives a second printed reference."""
    assert not accepts(lines)


@pytest.mark.parametrize(
    "lines",
    [
        f"docker run $(docker images -q {R} | head -1)", f"docker images -q {R} | head -1 | xargs docker run",
        f"docker images | grep {R} | awk '{{print $3}}' | xargs -r docker run",
        f"docker run $(docker inspect -f '{{{{.Id}}}}' {OTHER})", f'docker create "$(docker images -q {R})"',
        f"docker <rmi run {OTHER}", f"docker --tlscacert rmi run {OTHER}", f"podman --tmpdir images run {OTHER}",
    ],
)  # fmt: skip
def test_image_that_is_listed_and_then_run_is_undecidable(lines: str) -> None:
    """A script is refused if a container starts from a listed image, or behind an option's value such as `rmi`."""
    assert not accepts(lines)


@pytest.mark.parametrize(
    "lines",
    [
        f"docker rmi $(docker images -q {R})", f"docker images | grep {R} | awk '{{print $3}}' | xargs -r docker rmi",
        f"docker rm -f $(docker ps -aq --filter ancestor={R})", f"docker -D --tls rmi {R}",
        f"docker --host=x rmi {R}", f"docker images {R} </dev/null", f"while read x; do echo {FULL}; done < f",
        f"cat <<E | sudo bash -s\necho {FULL}\nE", f"cat > f <<E\n# $(date) {FULL}\nE",
    ],
)  # fmt: skip
def test_image_that_is_listed_and_then_removed_is_harmless(lines: str) -> None:
    """A script that only lists, removes or logs images beside its reference is accepted."""
    assert accepts(lines)


@pytest.mark.parametrize(
    "lines",
    [
        f"docker run -l a\u00a0# {OTHER}", f"docker run -l a\x0c# {OTHER}", f"docker run -l a\r# {OTHER}",
        f"cat > f <<E\nimage: a\u00a0# {OTHER}\nE", f"cat > f <<E\n# $(docker run -d {OTHER})\nE",
        f"cat > f <<E\n# \"`docker run -d {OTHER}`\"\nE", f"cat > f <<E\n# $(echo x\ndocker run -d {OTHER})\nE",
        f"`echo # x` docker run {OTHER}", f'docker run -l "`if true; then echo # `" {OTHER}',
    ],
)  # fmt: skip
def test_hash_behind_which_the_shell_goes_on_hides_nothing(lines: str) -> None:
    """A script is refused if a second reference follows a `#` that the shell does not read as a comment."""
    assert not accepts(lines)


def test_thousands_of_documents_in_each_other_are_judged() -> None:
    """A mention inside 20,000 nested here-documents is classified as a reference."""
    text = "bash <<E\n" * 20_000 + f"docker rmi {OTHER}\n"
    assert [mention.kind for mention in mentions(text, R, is_script=True)] == ["reference"]


@pytest.mark.parametrize(
    ("before", "unit", "after", "kinds"),
    [
        ("cat <<E\n$(date)", f"{FULL} ", "\nE\n", ["reference"] * 1_000),
        (f"I={FULL}\n", "${I%:}", "\n", ["reference", "undecidable"]),
        ("docker rmi ", f"{R} ", "\n", ["harmless"] * 1_000),
    ],
)
def test_every_mention_of_a_line_of_a_thousand_is_judged(before: str, unit: str, after: str, kinds: list[str]) -> None:
    """Every mention of a line with a thousand mentions is classified; bench/mentions.py measures the time."""
    text = before + unit * 1_000 + after
    assert [mention.kind for mention in mentions(text, R, is_script=True)] == kinds
