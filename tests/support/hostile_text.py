"""Text that tries to control a terminal, a workflow's log or a job summary, and a check of outputs."""

import unicodedata
from collections.abc import Iterator

HOSTILE = (
    "\x1b]0;owned\x07\x1b[2J\u202e<img src=x> | `b` [c](https://evil.test)\n"
    "::error::owned\r##[error]owned\n  undo  owned"
)
LONG = "y" * 900_000
FORMATS = ("text", "markdown", "json")


def harmless(output: str, shape: str) -> Iterator[str]:
    """Check what every line must be; yield the lines outside fences."""
    is_fenced = False
    controls = ("Cc", "Cf", "Cs", "Zl", "Zp")
    assert not [letter for letter in output if unicodedata.category(letter) in controls and letter != "\n"]
    assert "##[" not in output
    for line in output.split("\n"):
        assert not line.lstrip().startswith("::")
        assert shape != "text" or not line.startswith("  undo  owned")
        assert len(line) <= 500 or shape == "json"
        is_fenced ^= line.startswith("```")
        if not is_fenced:
            yield line
    assert not is_fenced
