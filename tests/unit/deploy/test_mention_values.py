"""Every value of a mention: line, class, text, reference, reason and whether the mention is a filter."""

import pytest

from deploy.release.image_places import references
from deploy.release.mentions import mentions
from tests.unit.deploy.values import REPOSITORY as R

FULL = f"{R}:v1"
HOST, _, PATH = R.partition("/")
FOLDER, _, NAME = R.rpartition("/")
LONG = "x" * 5_000
ELSEWHERE = "the text before it is no part of a reference"
OUTPUT = "its output decides which image starts"


@pytest.mark.parametrize(
    ("script", "values"),
    [
        (f"\n\ndocker run my-{FULL}\ndocker run oci://{FULL}; docker run {FULL}\n", [
            (4, "undecidable", FULL, FULL, ELSEWHERE, False),
            (4, "reference", FULL, FULL, "", False),
        ]),
        (f"한oci://{FULL}; docker run 한{FULL}", [
            (1, "undecidable", FULL, FULL, ELSEWHERE, False),
            (1, "reference", FULL, FULL, "", False),
        ]),
        (f"docker run {R.upper()}:v1; docker run {FULL}$X\n", [
            (1, "undecidable", f"{R.upper()}:v1", FULL, "it is not written in lower case", False),
            (1, "undecidable", FULL, FULL, "its tag or digest is not written out", False),
        ]),
        (f"\n$X/{NAME}:v1\n\n{FOLDER}/$Y\n{HOST}:443/{PATH}:v2", [
            (2, "undecidable", f"$X/{NAME}", R, "a variable stands for the beginning of its name", False),
            (4, "undecidable", f"{FOLDER}/$Y", R, "a variable stands for the end of its name", False),
            (5, "undecidable", f"{HOST}:443/{PATH}", R, "quotes, a line break or a port interrupt its name", False),
        ]),
        (f"\nIMAGE={FULL}\nx=1\nrun ${{IMAGE%:*}}:v2 ${{IMAGE%:*}}\nA={FULL}\nrun {R}:v2\nrun $A:b\n\n", [
            (2, "reference", FULL, FULL, "", False),
            (5, "reference", FULL, FULL, "", False),
            (6, "reference", f"{R}:v2", f"{R}:v2", "", False),
            (4, "undecidable", "${IMAGE%", FULL, "the variable IMAGE is used in part", False),
            (7, "undecidable", "$A:", FULL, "the variable A is used in part", False),
        ]),
        (f"\nid=$(docker images -q {R})\ndocker run $id\n", [(2, "undecidable", R, R, OUTPUT, False)]),
        (f"docker create $(docker images -q {R})", [(1, "undecidable", R, R, OUTPUT, False)]),
        (f"docker run $(docker images -q {FULL})", [(1, "undecidable", FULL, FULL, OUTPUT, False)]),
        (f"# {FULL}\nIMAGE={FULL}\ndocker run $IMAGE:b", [
            (1, "comment", FULL, FULL, "", False),
            (2, "reference", FULL, FULL, "", False),
            (3, "undecidable", "$IMAGE:", FULL, "the variable IMAGE is used in part", False),
        ]),
        (f"cat <<E | bash\n# {R}\nx\ndocker rmi {R}\nE\n", [
            (2, "comment", R, R, "", False),
            (4, "harmless", R, R, "", False),
        ]),
        (f"docker ps -f ancestor={FULL} # {R}\n", [
            (1, "harmless", FULL, FULL, "", True),
            (1, "comment", R, R, "", False),
        ]),
    ],
)  # fmt: skip
def test_mention_of_a_script(script: str, values: list[tuple[int, str, str, str, str, bool]]) -> None:
    """Mentions are in the order of the text, and partial uses of variables follow behind them."""
    assert described(script, is_script=True) == values


def test_mention_of_another_text() -> None:
    """Outside of scripts, `#` begins a comment at the start of a line or behind a blank alone."""
    assert described(f"#x\n# {R}\n- docker rmi {R}\nk: {FULL}\nx;#{FULL}", is_script=False) == [
        (2, "comment", R, R, "", False),
        (3, "harmless", R, R, "", False),
        (4, "reference", FULL, FULL, "", False),
        (5, "reference", FULL, FULL, "", False),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"\n# {R}\n", "comment"),
        (f"docker rmi {R}\n{LONG}\n", "harmless"),
        (f"docker rmi {R} ".ljust(4_096, "x"), "harmless"),
        (f"docker rmi {R} ".ljust(4_097, "x"), "undecidable"),
        (f"docker rmi {R} d", "harmless"),
        (f"a: docker rmi {R}", "harmless"),
        (f"a: b: docker rmi {R}", "undecidable"),
        (f"{LONG}\ndocker rmi {R}; docker run x", "harmless"),
    ],
)
def test_line_of_another_text_is_a_command_by_itself(text: str, kind: str) -> None:
    """Neighbouring lines change nothing; one key is skipped, and a line of more than 4,096 characters is no command."""
    assert [value[1] for value in described(text, is_script=False)] == [kind]


def test_startup_script_is_a_script_without_naming_a_shell() -> None:
    """A line with `#` between quotes is a comment in other texts alone."""
    script = f"x='\n# {FULL}'\n# {FULL}\n"
    assert [reference.line for reference in references("startup-script", script, R)] == [2]


@pytest.mark.parametrize(("depth", "kind"), [(8, "harmless"), (9, "reference")])
def test_eight_documents_in_each_other_are_judged(depth: int, kind: str) -> None:
    """A mention in more nested here-documents is a reference, whatever its command is."""
    script = "".join(f"bash <<E{level}\n" for level in range(depth)) + f"docker rmi {FULL}\n"
    script += "".join(f"E{level}\n" for level in reversed(range(depth)))
    assert described(script, is_script=True) == [(depth + 1, kind, FULL, FULL, "", False)]


def described(text: str, *, is_script: bool) -> list[tuple[int, str, str, str, str, bool]]:
    """Return line, class, text, reference, reason and filter of each mention."""
    return [
        (
            mention.line,
            mention.kind,
            text[mention.start : mention.end],
            str(mention.reference),
            mention.why,
            mention.is_filter,
        )
        for mention in mentions(text, R, is_script=is_script)
    ]
