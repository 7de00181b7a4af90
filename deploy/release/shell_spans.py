"""Parts of a shell script: what its lexer finds."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class Command:
    """
    A simple command, or a group of them.

    Args:
        group: The group that it is in; None at the top.
        is_captured: Whether its output is the value of a substitution, or may be, because it is in a function.

    Attributes:
        words: Of it, in order.
        targets: Files that its output goes to.
        piped_to: The command that reads its output.
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
        kind: Of the part.
        start: Index of its first character.
        end: Index behind its last.
        command: That it belongs to.
        is_expanded: Whether the shell expands a here-document's text, because its delimiter has no quotes.
    """

    kind: Literal["word", "target", "comment", "document"]
    start: int
    end: int
    command: Command
    is_expanded: bool = False


@dataclass
class Frame:
    """Where the lexer is: in commands up to `closer`, or in quotes (`"`), braces (`${`) or arithmetic (`((`)."""

    closer: str
    command: Command
    is_text: bool = False
    word: int = -1
    is_target: bool = False
    depth: int = 0
