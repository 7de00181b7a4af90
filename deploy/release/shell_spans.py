"""The parts of a shell script that the lexer returns."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class Command:
    """
    A simple command, or a group of commands.

    Args:
        group: group that contains the command; None at the top.
        is_captured: whether the command's output is, or in a function may be, the value of a substitution.

    Attributes:
        words: words of the command, in order.
        targets: files that the command's output goes to.
        piped_to: command that reads the command's output.
    """

    group: "Command | None"
    is_captured: bool = False
    words: list["Span"] = field(default_factory=list)
    targets: list["Span"] = field(default_factory=list)
    piped_to: "Command | None" = None


@dataclass(frozen=True)
class Span:
    """
    A part of the text: a word of a command, the target of a redirection, a comment or a here-document's text.

    Args:
        kind: kind of the part.
        start: index of the first character.
        end: index behind the last character.
        command: command that the part belongs to.
        is_expanded: whether the shell expands a here-document's text, because its delimiter has no quotes.
    """

    kind: Literal["word", "target", "comment", "document"]
    start: int
    end: int
    command: Command
    is_expanded: bool = False


@dataclass
class Frame:
    """A construct that is open: commands up to `closer`, quotes (`"`), braces (`${`) or arithmetic (`((`)."""

    closer: str
    command: Command
    is_text: bool = False
    word: int = -1
    is_target: bool = False
    depth: int = 0
