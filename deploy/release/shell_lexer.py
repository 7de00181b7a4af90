"""One pass over a shell script: its words by simple command, its comments and its here-documents."""

import re
from typing import Final

from deploy.release.shell_spans import Command, Frame, Span

_OPENS: Final = ("if", "while", "until", "for", "case", "select")
_CLOSES: Final = ("fi", "done", "esac")
_LONGEST: Final = 10  # characters; no longer word is a keyword
_PASSED: Final = ("do", "then", "else", "elif", "!")
_HEREDOC: Final = re.compile(r"<<(-?)[ \t]*((?:\\.|'[^'\n]*'|\"[^\"\n]*\"|[^\s;&|<>()])+)")
_ANSI_QUOTED: Final = re.compile(r"\$'(?:[^'\\]|\\.)*+'?", re.DOTALL)
_FUNCTION: Final = re.compile(r"\([ \t]*\)")
_OUTPUT: Final = re.compile(r"&>>?|>>|>\||>&|<>|>")


class Lexer:
    """
    Splits a script into spans.

    Args:
        text: text of the script.

    Attributes:
        spans: all spans of the script; an inner span begins after its outer span.
        is_broken: whether a construct is closed that is not open, or stays open.
    """

    def __init__(self, text: str) -> None:
        self.spans: list[Span] = []
        self.is_broken = False
        self._text = text
        self._at = 0
        self._frames = [Frame("", Command(None))]
        self._documents: list[tuple[str, bool, bool, Command]] = []
        self._is_function = self._is_name_next = False
        while self._at < len(text):
            self._step()
        self._end_word()
        self.is_broken |= len(self._frames) > 1
        while self._frames:
            self._end_word()
            self._frames.pop()

    @property
    def _frame(self) -> Frame:
        return self._frames[-1]

    @property
    def _is_quoted(self) -> bool:
        """Whether a single quote is an ordinary character, because it is between double quotes."""
        return '"' in [frame.closer for frame in self._frames[-2:] if frame.is_text]

    def _step(self) -> None:
        char = self._text[self._at]
        if char == "\\":
            self._begin_word(2)
        elif self._frame.closer == "((":
            self._arithmetic(char)
        elif char in '"`$' or (char == "'" and not self._is_quoted):
            self._quote(char)
        elif self._frame.is_text:
            if char == "}" and self._frame.closer == "${":
                self._frames.pop()
            self._at += 1
        else:
            self._plain(char)

    def _plain(self, char: str) -> None:
        """Read a character between words, or in a word without quotes."""
        if char == "#" and self._frame.word < 0:
            end = self._text.find("\n", self._at) % (len(self._text) + 1)
            if any(frame.closer == "`" for frame in self._frames[-8:]):
                end = self._text.find("`", self._at, end) % (end + 1)
            self.spans.append(Span("comment", self._at, end, self._frame.command))
            self._at = end
        elif char in " \t\n":
            self._end_word()
            self._at += 1
            if char == "\n":
                self._end_command()
                self._read_documents()
        elif char in "<>" or self._text.startswith("&>", self._at):
            self._redirect()
        elif char in ";&|":
            self._separate(char)
        elif char in "()":
            self._parenthesis(char)
        else:
            self._begin_word(1)

    def _quote(self, char: str) -> None:
        """Read a quote or an expansion, which is a part of a word."""
        text, at = self._text, self._at
        if char == "`" and self._frame.closer == "`":
            self._close("`")
            return
        if char == '"' and self._frame.closer == '"':
            self._frames.pop()
            self._at += 1
            return
        ansi = _ANSI_QUOTED.match(text, at)
        if ansi and self._frame.closer != '"':
            self._begin_word(len(ansi[0]))
            return
        if char == "'":
            end = text.find("'", at + 1)
            self.is_broken |= end < 0
            self._begin_word((end + 1 if end >= 0 else len(text)) - at)
            return
        outer = self._frame.command
        self._begin_word(1)
        if char == '"':
            self._frames.append(Frame('"', outer, is_text=True))
        elif char == "`":
            self._frames.append(Frame("`", Command(outer, is_captured=True)))
        elif text.startswith("$((", at):
            self._at += 2
            self._frames.append(Frame("((", outer, is_text=True, depth=2))
        elif text.startswith("$(", at):
            self._at += 1
            self._frames.append(Frame(")", Command(outer, is_captured=True)))
        elif text.startswith("${", at):
            self._at += 1
            self._frames.append(Frame("${", outer, is_text=True))

    def _arithmetic(self, char: str) -> None:
        self._at += 1
        self._frame.depth += {"(": 1, ")": -1}.get(char, 0)
        if self._frame.depth == 0:
            self._frames.pop()

    def _begin_word(self, length: int) -> None:
        if not self._frame.is_text and self._frame.word < 0 and not self._text.startswith("\\\n", self._at):
            self._frame.word = self._at
        self._at = min(len(self._text), self._at + length)

    def _end_word(self) -> None:
        frame = self._frame
        if frame.word < 0:
            return
        span = Span("target" if frame.is_target else "word", frame.word, self._at, frame.command)
        frame.word = -1
        if frame.is_target:
            frame.is_target = False
            self.spans.append(span)
            frame.command.targets.append(span)
        elif frame.command.words or not self._keyword(self._text[span.start : min(span.end, span.start + _LONGEST)]):
            self.spans.append(span)
            self._frame.command.words.append(span)

    def _keyword(self, word: str) -> bool:
        """Act on the first word of a command that is a keyword or the name of a function; return whether it is."""
        is_name, self._is_name_next = self._is_name_next, False
        if word == "{" or word in _OPENS:
            self._open("}" if word == "{" else "done")
        elif word == "}" or word in _CLOSES:
            self._close("}" if word == "}" else "done")
        elif word == "function":
            self._is_function = self._is_name_next = True
        else:
            return word in _PASSED or is_name
        return True

    def _open(self, closer: str) -> None:
        self._frames.append(Frame(closer, Command(self._frame.command, is_captured=self._is_function)))
        self._is_function = False

    def _close(self, closer: str) -> None:
        if self._frame.closer == closer:
            if closer in ")`":
                self._end_word()
                self._at += 1
            self._frames.pop()
            return
        self.is_broken = True
        if closer in ")`":
            self._end_command()
            self._at += 1

    def _end_command(self, piped: bool = False) -> None:
        self._end_word()
        frame = self._frame
        following = Command(frame.command.group, frame.command.is_captured)
        frame.command.piped_to = following if piped else None
        frame.command = following
        frame.is_target = self._is_name_next = False

    def _separate(self, char: str) -> None:
        """End a command; the second character of `||`, `&&` and `;;` ends an empty command."""
        self._end_command(char == "|" and not self._text.startswith("||", self._at))
        self._at += 1

    def _parenthesis(self, char: str) -> None:
        frame, text, at = self._frame, self._text, self._at
        if char == ")":
            self._end_word()
            if self._frame.closer == "done":  # behind a pattern of `case`
                self._end_command()
                self._at += 1
            else:
                self._close(")")
        elif (frame.word >= 0) + len(frame.command.words) == 1 and text[at - 1] != "=" and _FUNCTION.match(text, at):
            frame.word, self._is_function = -1, True
            frame.command.words.clear()
            self._at = text.index(")", at) + 1
        elif text.startswith("((", at) and frame.word < 0 and not frame.command.words:
            self._at += 2
            self._frames.append(Frame("((", frame.command, is_text=True, depth=2))
        elif frame.word >= 0:  # the values of an array
            self._at += 1
            self._frames.append(Frame(")", Command(frame.command, is_captured=True)))
        else:
            self._at += 1
            self._open(")")

    def _redirect(self) -> None:
        text, at = self._text, self._at
        heredoc = _HEREDOC.match(text, at)
        if self._frame.word >= 0 and text[self._frame.word : at].isdigit():
            self._frame.word = -1  # a file descriptor
        if text[at : at + 2] in ("<(", ">("):
            self._begin_word(2)
            self._frames.append(Frame(")", Command(self._frame.command, is_captured=True)))
            return
        self._end_word()
        if heredoc:
            end = re.sub(r"\\(.)|['\"]", r"\1", heredoc[2])
            self._documents.append((end, bool(heredoc[1]), end == heredoc[2], self._frame.command))
            self._at = heredoc.end()
            return
        output = _OUTPUT.match(text, at)
        self._at = output.end() if output else at + (3 if text.startswith("<<<", at) else 1)
        self._frame.is_target = True

    def _read_documents(self) -> None:
        for end, has_tabs, is_expanded, command in self._documents:
            start, at, following = self._at, self._at, -1
            while at < len(self._text) and following < 0:
                stop = (self._text.find("\n", at) + 1 or len(self._text) + 1) - 1
                line = self._text[at:stop]
                if (line.lstrip("\t") if has_tabs else line) == end:
                    following = stop + 1
                else:
                    at = stop + 1
            self.is_broken |= following < 0
            self.spans.append(Span("document", start, min(at, len(self._text)), command, is_expanded))
            self._at = len(self._text) if following < 0 else min(following, len(self._text))
        self._documents.clear()
