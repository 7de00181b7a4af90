"""
The context of a place in a shell script: a comment, a here-document or a simple command; in one pass over the script.

The scripts may have errors: every place has a context, and text that the lexer does not understand is never a comment.
Source of the rules: POSIX.1-2024, Shell Command Language, 2.3 and 2.10; `[[`, `<<<` and `<(` of bash.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from deploy.release.shell_lexer import Lexer
from deploy.release.shell_spans import Command, Span

SHELLS = ("sh", "bash", "dash", "ash", "ksh", "zsh")
_DEVICES = re.compile(r"/dev/(?:null|console|kmsg|std(?:out|err)|tty\w*)$")
_LOGS = ("logger", "systemd-cat")
_DECLARES = ("export", "local", "readonly", "declare", "typeset")


@dataclass(frozen=True)
class Context:
    """
    The text around a place.

    Args:
        kind: comment; document: text of a here-document; command: an argument of a simple command, or its name;
            assignment: the value of a variable; other: anything else.
        words: words of the innermost simple command, without their quotes.
        variable: variable that is assigned.
        is_output_used: whether the command's output goes elsewhere than to a terminal or a log.
        span: start and end of a here-document's text.
        is_script: whether a here-document's text goes to a shell.
        is_expanded: whether the shell runs the command substitutions in a here-document's text.
    """

    kind: Literal["comment", "document", "command", "assignment", "other"]
    words: tuple[str, ...] = ()
    variable: str = ""
    is_output_used: bool = False
    span: tuple[int, int] = (0, 0)
    is_script: bool = False
    is_expanded: bool = False


class Script:
    """
    A parsed script.

    Args:
        text: text of the script, which may have errors.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._lexer = Lexer(text)
        self._words_by_command: dict[int, tuple[str, ...]] = {}
        self._spans = sorted(self._lexer.spans, key=lambda span: span.start)
        self._largest_ends = list(accumulate((span.end for span in self._spans), max))

    def context(self, start: int, end: int) -> Context:
        """Return the context of a part of the text."""
        inner = self._innermost(start, end)
        if inner is None:
            return Context("other")
        if inner.kind == "comment":
            return Context("comment")
        if inner.kind == "document":
            reader = next((command for command in _piped(inner.command) if self._is_shell(command)), None)
            return Context(
                "document",
                is_output_used=reader is not None and (self._lexer.is_broken or self._is_output_used(reader)),
                span=(inner.start, inner.end),
                is_script=reader is not None,
                is_expanded=inner.is_expanded,
            )
        if inner.kind == "target":
            return Context("other")
        variable = self._assigned(inner)
        if variable:
            return Context("assignment", variable=variable)
        is_used = self._lexer.is_broken or self._is_output_used(inner.command)
        return Context("command", self._words(inner.command), is_output_used=is_used)

    def _innermost(self, start: int, end: int) -> Span | None:
        """Return the last span that begins at or before a part of the text, and has all of it."""
        inner = None
        index = bisect_right(self._spans, start, key=lambda span: span.start) - 1
        while index >= 0 and self._largest_ends[index] >= end:
            span = self._spans[index]
            if inner and span.start < inner.start:
                break
            if span.end >= end:
                inner = span  # of spans with the same start, the first
            index -= 1
        return inner

    def _words(self, command: Command) -> tuple[str, ...]:
        """Return the words of a command, which are cached, because a long command may have thousands of mentions."""
        if id(command) not in self._words_by_command:
            parts = (self._text[span.start : span.end] for span in command.words)
            words = tuple(part.replace("\\\n", "").replace('"', "").replace("'", "") for part in parts)
            self._words_by_command[id(command)] = words
        return self._words_by_command[id(command)]

    def _is_shell(self, command: Command) -> bool:
        return any(name_of_command(word) in SHELLS for word in self._words(command))

    def _assigned(self, word: Span) -> str:
        """Return the variable that a word assigns; empty if the word is no assignment."""
        name, mark, _ = self._text[word.start : word.end].partition("=")
        name = name.removesuffix("+")
        if not mark or not name.isidentifier():
            return ""
        earlier = [span for span in word.command.words if span.start < word.start]
        words = [self._text[span.start : span.end] for span in earlier]
        is_declared = bool(words) and words[0] in _DECLARES
        return name if is_declared or all("=" in text for text in words) else ""

    def _is_output_used(self, command: Command | None) -> bool:
        while command is not None:
            if any(self._is_written(span) for span in command.targets) or command.is_captured:
                return True
            if command.piped_to and next(iter(self._words(command.piped_to)), "") not in _LOGS:
                return True
            command = command.group
        return False

    def _is_written(self, target: Span) -> bool:
        """Return whether a redirection writes to its target, and the target is no log."""
        before = self._text[max(0, target.start - 20) : target.start]
        path = self._text[target.start : target.end].strip("\"'")
        is_log = bool(_DEVICES.match(path)) or path.startswith("/var/log/") or path.endswith(".log")
        return not (re.search(r"<&?[ \t]*$", before) or path.isdigit() or path == "-" or is_log)


def _piped(command: Command | None) -> Iterator[Command]:
    """Yield a command and the commands of its pipeline behind it."""
    while command is not None:
        yield command
        command = command.piped_to


def name_of_command(word: str) -> str:
    """Return a command's name without its folder."""
    return word.rpartition("/")[2]


def is_comment(line: str, index: int) -> bool:
    """
    Return whether an index of a line is in a comment, for a shell and for YAML alike.

    A quote counts if it is closed. In a shell a quote may begin within a word, and in YAML it may not.
    """
    return _is_behind_mark(line, index, "") and _is_behind_mark(line, index, " \t[{,:")


def _is_behind_mark(line: str, index: int, before_quotes: str) -> bool:
    """Return whether a comment begins before an index; a quote may stand behind these characters, or behind any."""
    at = 0
    while at < index:
        char = line[at]
        is_quote = char in "\"'" and (not before_quotes or not at or line[at - 1] in before_quotes)
        if is_quote and line.find(char, at + 1) > 0:
            at = line.find(char, at + 1)
        elif (char in "#;" and not line[:at].strip(" \t")) or (char == "#" and line[at - 1] in " \t"):
            return True
        at += 1
    return False


def is_shell(text: str) -> bool:
    """Return whether a text names a shell in its first line."""
    line = text.partition("\n")[0]
    return line.startswith("#!") and any(name_of_command(word) in SHELLS for word in line[2:].split())
