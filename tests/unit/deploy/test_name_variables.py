"""Names with variables: which text may be a repository's name, by the values that the text sets."""

import pytest

from deploy.release.name_variables import variable_names

NAME = "h.io/a/b"


def names(text: str) -> list[str]:
    """Return the names in a text that may be the repository's."""
    return [text[start:end] for start, end in variable_names(text, (NAME,))]


@pytest.mark.parametrize(
    ("name", "may_be"),
    [
        ("$X/a/$Y", True), ("$X/b/$Y", False), ("$X/b/$Y/a", False), ("$X/a/$Y/a/b", False), ("$X/a/${Y}b", True),
        ("$X/a$Y/a$Z", False), ("h.io/$X/$Y", True), ("g.io/$X/$Y", False), ("h$X/$Y/c", False), ("H.IO/$X/$Y", True),
        ("$X.io/$Y/b", True), ("$X:443/$Y", True), ("$X:$P/$Y", True), ("$X:80/$Y", False), ('"$X"/"$Y"', True),
        ("$X", False), ("$X$Y", True), ("h.io/a/b", False), ("$X/h.io/a/b", False),
    ],
)  # fmt: skip
def test_unknown_variable_stands_for_any_text(name: str, may_be: bool) -> None:
    """The literal texts of the name must be in the repository's name, in their order and without overlap."""
    assert names(f'docker run "$F" {name}:v1') == ([name.strip('"')] if may_be else [])


@pytest.mark.parametrize(
    ("settings", "may_be"),
    [
        ("X=h.io Y=a/b", True), ("X=h.io Y=b", False), ("X='h.io'; Y=\"a/b\"", True), ("Y=b", True), ("Y=c", False),
        ("Y=c\nY=b", True), ("Y=c\nY=$1", True), ("Y=$1\nY=c", True), ("Y=c\nY+=b", True), ("Y=c; read -r Y", True),
        ("Y=c; for Y in b; do", True), ("X=/opt", False), ("Y=c-$Z", True), ("--Y=c", True), ("$Y=c", True),
    ],
)  # fmt: skip
def test_variable_with_one_literal_value_has_this_value(settings: str, may_be: bool) -> None:
    """A second value, an expansion, `+=`, `read` and `for` make the value unknown."""
    assert bool(names(f"{settings}\ndocker run $X/$Y:v1")) == may_be


def test_every_name_of_a_text_is_judged_by_all_of_the_text() -> None:
    """A name that is left out hides no later one, and an assignment may stand behind the use."""
    assert names("-v $A/$B:rw $HOME/$B:v1 $A/$B:v1 x/$C/c:v1 ${A}/$B@$D\nA=/opt") == []
    assert names("-v $A/$B:rw $HOME/$B:v1 $A/$B:v1 x/$C/c:v1 ${A}/$B@$D\n") == ["$A/$B", "${A}/$B"]
    assert names("A=h.io\n$A/a/$B:v1 $A/b/$B:v1") == ["$A/a/$B"]
    assert names("A=h B=io\n$A.$B/$C/b:v1 $A.$B.$B/$C/b:v1") == ["$A.$B/$C/b"]


@pytest.mark.parametrize(
    ("text", "is_name"),
    [("image: $X/$Y", True), ("$X/$Y", False), ("$X/$Y:/data", False), ("PATH=$X/$Y:$PATH", False), ("$X/$Y@$D", True)],
)
def test_name_without_tag_is_the_value_of_a_key(text: str, is_name: bool) -> None:
    """Elsewhere it may be a path."""
    assert bool(names(text)) == is_name
