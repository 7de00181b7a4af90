"""
The two known startup scripts of instances, and texts that a rewrite must not change.

`scripts/design.sh` is the design's template of 14 lines with its compose file; `scripts/later.sh` is its successor of
181 lines. Both were written anew from a description, with invented values.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.errors import RefusedError
from deploy.release.image_places import find_image, references
from deploy.release.mentions import rewrite
from tests.unit.deploy.startup_scripts import DESIGN, LATER, LATEST, NEW, SHAPES
from tests.unit.deploy.values import REPOSITORY, digest


def rewritten(script: str) -> str:
    return find_image({"startup-script": script}, REPOSITORY).rewritten({"startup-script": script}, digest("1"))[
        "startup-script"
    ]


def refusal(script: str, repository: str = REPOSITORY) -> str:
    with pytest.raises(RefusedError) as error:
        find_image({"startup-script": script}, repository)
    return str(error.value)


@pytest.mark.parametrize(
    ("script", "lines", "others", "heredocs"), [(DESIGN, 53, 0, 1), (LATER, 181, 4, 3)], ids=["design", "later"]
)
def test_fixture_has_the_real_shape(script: str, lines: int, others: int, heredocs: int) -> None:
    """The fixtures have the counts of the real scripts, so that the tests prove something about these."""
    assert script.count("\n") == lines
    assert script.count(LATEST) == 1
    assert f"\n    image: {LATEST}\n" in script
    assert script.count("asia-northeast3-docker.pkg.dev") == 2
    assert script.count("ai-server:") == 2
    assert "\n  ai-server:\n" in script
    assert sum("ai-server" in line and "ai-server:" not in line for line in script.splitlines()) == others
    assert script.count("<<") == heredocs


@SHAPES
def test_service_key_is_left_alone(script: str) -> None:
    """A replacement of `ai-server:` and anything behind it would break the YAML."""
    assert "\n  ai-server:\n" in rewritten(script)


def test_another_image_of_the_same_tag_is_left_alone() -> None:
    """A replacement of `:latest` would rewrite Alloy's image."""
    assert "    image: grafana/alloy:latest\n" in rewritten(LATER)


@SHAPES
def test_carriage_returns_stay(script: str) -> None:
    """A rewrite keeps carriage returns."""
    windows = script.replace("\n", "\r\n")
    assert rewritten(windows) == windows.replace(LATEST, NEW)


@SHAPES
@pytest.mark.parametrize("quote", ['"', "'"])
def test_quotes_and_a_comment_behind_stay(script: str, quote: str) -> None:
    """A rewrite keeps the quotes around the reference, and the comment after the quotes."""
    quoted = script.replace(LATEST, f"{quote}{LATEST}{quote} # the release")
    assert rewritten(quoted) == quoted.replace(LATEST, NEW)


@SHAPES
@pytest.mark.parametrize("form", [":ab12cd3", ":dev-main-20260211", ":prod-1.2.3-ab12cd3", ":a_b", f"@{digest('0')}"])
def test_every_form_of_reference_is_found(script: str, form: str) -> None:
    """References with each kind of tag, and with a digest, are recognized."""
    other = script.replace(LATEST, REPOSITORY + form)
    assert rewritten(other) == script.replace(LATEST, NEW)


@SHAPES
def test_already_the_target_is_no_change(script: str) -> None:
    """A second rewrite to the same digest changes nothing."""
    once = rewritten(script)
    assert rewritten(once) == once


@SHAPES
def test_no_reference_is_refused(script: str) -> None:
    """A script without a full reference of the repository is refused."""
    assert f"no reference of '{REPOSITORY}' in 'startup-script'." in refusal(script.replace(LATEST, "ai-server:latest"))


@SHAPES
def test_different_references_are_refused_with_lines_and_tags(script: str) -> None:
    """References that differ are refused, because the one that an instance starts is unknown; equal ones are not."""
    same, lines = script + f"docker pull {LATEST}\n", script.count("\n")
    assert rewritten(same) == same.replace(LATEST, NEW)
    assert f"line {lines + 1} '{REPOSITORY}:other'" in refusal(script + f"docker pull {REPOSITORY}:other\n")


def test_reference_in_a_comment_is_no_reference() -> None:
    """A reference in a comment is neither rewritten nor accepted as the script's reference."""
    assert f"'startup-script' line 10 '{LATEST}' (comment)." in refusal(DESIGN.replace(LATEST, f"x # {LATEST}"))
    assert rewritten(f"# was {LATEST}\n{DESIGN}") == f"# was {LATEST}\n{DESIGN.replace(LATEST, NEW)}"


def test_reference_by_a_variable_is_refused_with_its_line() -> None:
    """A repository in a variable, with the tag written elsewhere, is refused, and the error names the line."""
    script = DESIGN.replace(LATEST, "${IMAGE}:latest").replace("mkdir", f"IMAGE={REPOSITORY}\nmkdir", 1)
    assert f"'startup-script' line 5 '{REPOSITORY}' (it has no tag and no digest)." in refusal(script)


def test_a_variable_that_holds_the_whole_reference_is_rewritten() -> None:
    """A full reference that a variable holds is rewritten."""
    script = DESIGN.replace(LATEST, "$IMAGE").replace("mkdir", f'IMAGE="{LATEST}"\nmkdir', 1)
    assert rewritten(script) == script.replace(LATEST, NEW)


def test_another_registry_of_the_same_path_is_refused() -> None:
    """A script that refers to the same path on another registry is refused."""
    assert "no reference of" in refusal(DESIGN.replace("asia-northeast3-docker.pkg.dev/d", "us-docker.pkg.dev/d"))


@pytest.mark.parametrize("sibling", ["-worker", "-ai-server", "2", "/sidecar", "_x", ".old"])
def test_sibling_names_are_left_alone(sibling: str) -> None:
    """A rewrite leaves repositories whose names begin with the configured repository unchanged."""
    script = DESIGN + f"docker pull {REPOSITORY}{sibling}:latest\n"
    assert rewritten(script) == script.replace(LATEST, NEW, 1)


@pytest.mark.parametrize("prefix", ["my-", "mirror.example/", "a.", "my_"])
def test_longer_hosts_are_left_alone(prefix: str) -> None:
    """A rewrite leaves references with a prefix before the configured host unchanged."""
    script = DESIGN + f"docker pull {prefix}{LATEST}\n"
    assert rewritten(script) == script.replace(LATEST, NEW, 1)


@pytest.mark.parametrize(
    "repository",
    [
        "localhost:5000/dojangkok-ai/ai-server",
        "asia-northeast3-docker.pkg.dev/example.com/project-1/dojangkok-ai/ai-server",
        "registry.example:443/a.b/c_d/e--f",
    ],
)
def test_ports_dots_and_domain_projects_are_part_of_a_repository(repository: str) -> None:
    """The name of a repository may contain a port, dots and a domain-scoped project."""
    script = DESIGN.replace(REPOSITORY, repository)
    places = find_image({"startup-script": script}, repository)
    new = places.rewritten({"startup-script": script}, digest("1"))["startup-script"]
    assert new == DESIGN.replace(LATEST, f"{repository}@{digest('1')}")


def test_dots_of_the_repository_are_no_wildcards() -> None:
    """A dot in the repository's name matches only a dot."""
    assert "no reference of" in refusal(
        DESIGN.replace("asia-northeast3-docker.pkg.dev/", "asia-northeast3-dockerXpkg.dev/")
    )


@SHAPES
@pytest.mark.parametrize("text", ["&", "|", "\\1", "\\g<0>", "$$", "${X:-y}", "$(date)", "%s", "\0", "한글", "\u2028"])
def test_special_characters_of_text_tools_stay(script: str, text: str) -> None:
    """A rewrite keeps characters that are special to patterns, templates and shells."""
    around = f"{text}\n{script.replace('APP_ENV', text)}{text}"
    assert rewritten(around) == around.replace(LATEST, NEW)


@SHAPES
def test_last_line_end_stays_as_it_is(script: str) -> None:
    """A rewrite neither adds nor removes the last line end."""
    assert rewritten(script).endswith("\n")
    assert not rewritten(script.rstrip("\n")).endswith("\n")


PIECES = st.sampled_from(
    [
        *DESIGN.replace(LATEST, "other/image:latest").splitlines(),
        *LATER.replace(LATEST, "other/image:latest").splitlines(),
        *(f"docker pull {REPOSITORY}{tail}" for tail in ("-worker:latest", "/x:1", "2:latest", "_x:1", ".y:1")),
        *(f"docker pull {head}{LATEST}" for head in ("x", "my.", "a/", "b-", "c:")),
        f"# {LATEST}", f"run # {NEW}", REPOSITORY, f"IMAGE={REPOSITORY}", "cat <<EOF", "EOF", "\\", "$$", "&|\\1",
    ]
)  # fmt: skip
LINES = st.lists(st.one_of(PIECES, st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=30)))
TAILS = st.from_regex(r":[\w][\w.-]{0,20}|@sha256:[0-9a-f]{64}|:[\w]{1,9}@sha256:[0-9a-f]{64}", fullmatch=True)
FRAMES = st.sampled_from(
    ["    image: {}", 'image: "{}"', "image: '{}' # x", "docker run -d {} --port 80", "IMAGE={}", "X={};", "({})", "{}"]
)


@given(above=LINES, below=LINES, frame=FRAMES, tail=TAILS.filter(str.isascii), end=st.sampled_from(["\n", "\r\n"]))
def test_script_without_its_reference_is_the_same_byte_for_byte(
    above: list[str], below: list[str], frame: str, tail: str, end: str
) -> None:
    """In any surrounding lines, the reference is recognized, and a rewrite changes nothing else."""
    before, _, after = frame.partition("{}")
    head, foot = end.join([*above, before]), end.join([after, *below])
    script = f"{head}{REPOSITORY}{tail}{foot}"
    place = next(
        reference for reference in references("startup-script", script, REPOSITORY) if reference.start == len(head)
    )
    new = rewrite(script, [place], digest("1"))
    assert new.encode() == head.encode() + NEW.encode() + foot.encode()
    assert (script[: place.start].encode(), script[place.end :].encode()) == (head.encode(), foot.encode())
    again = next(
        reference for reference in references("startup-script", new, REPOSITORY) if reference.start == len(head)
    )
    assert rewrite(new, [again], digest("1")) == new


@pytest.mark.parametrize(
    "lines",
    [
        'args=()\nIMAGE={0}:v1\ndocker run "${{args[@]}}" "${{IMAGE%:*}}:latest"',
        "opts=()\nexport IMAGE={0}:v1\ndocker run $IMAGE:old",
        'up() [[ -e x ]]\nIMAGE={0}:v1\ndocker run "${{IMAGE%:*}}:latest"',
        "args=()\nID=$(docker images -q {0}:v0)\ndocker run $ID",
        "function f {{ :; }}\nID=$(docker images -q {0}:v0)\ndocker run $ID",
    ],
)
def test_array_or_function_before_an_undecidable_mention_is_refused(lines: str) -> None:
    """An empty array and a function have no influence on the commands behind them."""
    assert refusal("#!/bin/bash\n" + lines.format(REPOSITORY) + "\n")


def test_empty_array_leaves_a_printed_mention_harmless() -> None:
    """The image that is listed is no second reference."""
    script = f"#!/bin/bash\nargs=()\ndocker images {REPOSITORY}:v0\ndocker run {REPOSITORY}:v1\n"
    assert rewritten(script) == script.replace(f"{REPOSITORY}:v1", f"{REPOSITORY}@{digest('1')}")
