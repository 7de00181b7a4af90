"""The context of a place in a shell script."""

import pytest

from deploy.release.shell import Context, Script, is_comment, is_shell


def context(script: str, mark: str = "HERE") -> Context:
    """Return the context of the mark in a script."""
    start = script.index(mark)
    return Script(script).context(start, start + len(mark))


@pytest.mark.parametrize(
    ("script", "kind", "detail"),
    [
        ("a # HERE", "comment", ""),
        ("a > HERE", "other", ""),
        ("a 'HERE' \"b\"", "command", "a HERE b"),
        ("X=HERE", "assignment", "X"),
        ("X+=HERE", "assignment", "X"),
        ("X=a=HERE", "assignment", "X"),
        ("Y=1 X=HERE a", "assignment", "X"),
        ("export Y X=HERE", "assignment", "X"),
        ("a X=HERE", "command", "a X=HERE"),
        ("a-b=HERE", "command", "a-b=HERE"),
        ("HERE=1 a", "assignment", "HERE"),
        ("X=$(a HERE)", "command", "a HERE"),
    ],
)
def test_place_has_a_kind(script: str, kind: str, detail: str) -> None:
    """A place is in the innermost word around it; a word with `=` before the command's name assigns a variable."""
    place = context(script)
    assert (place.kind, place.variable or " ".join(place.words)) == (kind, detail)


def test_place_between_words_has_no_command() -> None:
    """Blanks belong to no word, and a word of two lines is one word without the line break."""
    assert context("a  b", "  ") == Context("other")
    assert context("a HE\\\nRE", "HE\\\nRE").words == ("a", "HERE")


@pytest.mark.parametrize(
    ("script", "is_used"),
    [
        ("a HERE\n", False),
        ("a HERE > /dev/null\n", False),
        ("a HERE > '/dev/stderr'\n", False),
        ("a HERE 2>&1\n", False),
        ("a HERE 2>&-\n", False),
        ("a HERE >> /var/log/x\n", False),
        ("a HERE > x.log\n", False),
        ("a HERE < x\n", False),
        ("a HERE <&x\n", False),
        ("</x a HERE\n", False),
        ("a HERE > x\n", True),
        ("a HERE > /dev/sda\n", True),
        ("a HERE > /dev/null/x\n", True),
        ("a HERE | logger\n", False),
        ("a HERE | systemd-cat\n", False),
        ("a HERE | b\n", True),
        ("a HERE | logger | b\n", False),
        ("b | a HERE\n", False),
        ("(a HERE) | b\n", True),
        ("a HERE | (logger)\n", True),
        ("{ a HERE; } > x\n", True),
        ("$(a HERE)\n", True),
        ("`a HERE`\n", True),
        ("f() { a HERE; }\n", True),
        ("a HERE; }\n", True),
    ],
)
def test_output_of_a_command_may_be_used(script: str, is_used: bool) -> None:
    """Output to a file, another command or a variable is used; output to a terminal or a log is not."""
    assert context(script).is_output_used == is_used


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("cat <<E\nHERE\nE\n", (False, False, True)),
        ("bash <<E\nHERE\nE\n", (True, False, True)),
        ("/bin/bash -s <<'E'\nHERE\nE\n", (True, False, False)),
        ("cat <<E | sh\nHERE\nE\n", (True, False, True)),
        ("cat <<E | tee x\nHERE\nE\n", (False, False, True)),
        ("x=$(sh <<E\nHERE\nE\n)\n", (True, True, True)),
        ("sh <<E\nHERE\nE\n}\n", (True, True, True)),
        ("cat <<E\nHERE\nE\n}\n", (False, False, True)),
    ],
)
def test_here_document_may_be_a_script(script: str, expected: tuple[bool, bool, bool]) -> None:
    """The text is a script if a command of the pipeline is a shell; a delimiter with quotes expands nothing."""
    document = context(script)
    assert (document.is_script, document.is_output_used, document.is_expanded) == expected
    assert script[slice(*document.span)] == "HERE\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("# HERE", True),
        ("  \t; HERE", True),
        ("a # HERE", True),
        ("a\t# HERE", True),
        ("a#HERE", False),
        ("a ; HERE", False),
        ("HERE # a", False),
        ("'# ' HERE", False),
        ('"#" HERE', False),
        ("'a' # HERE", True),
        ("it's # HERE", True),
        ("a '# HERE'", False),
        ("'' # HERE", True),
        ("'' # HERE's", True),
        ("'a' # HERE's", True),
        ("[it's, '--log #1'], HERE", False),
        ("--x='a # b' HERE", False),
        ("{a:'b # c', HERE", False),
        ("it's, 'a' # HERE", True),
        ("\x0c; HERE", False),
        ("HERE", False),
    ],
)
def test_comment_of_a_line_begins_outside_quotes(line: str, expected: bool) -> None:
    """A number sign behind a blank begins a comment, a semicolon only at the beginning; a lone quote is no quote."""
    assert is_comment(line, line.index("HERE")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#!/bin/bash\nx", True),
        ("#! /usr/bin/env sh -e", True),
        ("#!sh", True),
        ("#!/usr/bin/python3\n#!/bin/sh", False),
        ("/bin/sh", False),
        ("", False),
        ("#!/bin/shx", False),
    ],
)
def test_first_line_names_a_shell(text: str, expected: bool) -> None:
    """Only the first line counts, and only with `#!`."""
    assert is_shell(text) == expected
