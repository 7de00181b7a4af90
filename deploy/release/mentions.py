"""
Every mention of a repository in a template's metadata, classified by its part in the choice of the image.

A mention is a full reference (with a tag or a digest in letters), harmless (a command that starts nothing), a comment,
or undecidable: the text alone does not show which image starts.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from deploy.release import shell
from deploy.release.captured_output import starts_container
from deploy.release.composed_names import composed_names
from deploy.release.harmless_commands import has_image_filter, starts_nothing
from deploy.release.shell import Context, Script
from deploy.release.text_lines import line_number
from lib.image_reference import DIGEST, TAG, Reference

Kind = Literal["reference", "harmless", "comment", "undecidable"]

# The text behind the end of a reference: closing quotes and braces, then a character that no reference has.
_CLOSED: Final = re.compile(r"[\"'}]*+(?:$|[\s`)\];,|&<>]|\\(?:[ntr\"']|\n[ \t]))")
_DEEPEST: Final = 8  # nested here-documents
_LONGEST_LINE: Final = 4_096  # characters of a line that is parsed as a command
_STRING: Final = re.compile(r"\"(?:[^\"\\]|\\.)*+\"")
_WORD: Final = r" *[\"']?[^\s,\"'\[\]{}]++[\"']? *"
_WORD_LIST: Final = re.compile(rf"\[{_WORD}(?:,{_WORD})*+\]\s*")
_LONGEST_NAME: Final = 100  # characters of a variable's name
_ASSIGNS: Final = re.compile(r"(?<![\w$])([A-Za-z_]\w*)=[\"']?$", re.ASCII)
_PREFIXED: Final = re.compile(r"\s*(?:-\s+)?(?:[\w.-]+\s*[:=]\s*)?[-@:+!]*")


@dataclass(frozen=True)
class Mention:
    """
    A mention of a repository in a text.

    Args:
        start: index of the first character.
        end: index behind the last character.
        line: line of the text, counted from 1.
        kind: class of the mention.
        reference: reference in the text; the repository alone if neither tag nor digest is written out.
        why: reason why the mention is undecidable; empty if it is not.
        is_filter: whether the mention is a filter of containers by their image.
    """

    start: int
    end: int
    line: int
    kind: Kind
    reference: Reference
    why: str = ""
    is_filter: bool = False


@lru_cache(maxsize=64)
def mentions(text: str, repository: str, is_script: bool = False) -> tuple[Mention, ...]:
    """
    Return every mention of a repository in a text, in order.

    Args:
        text: value of a metadata entry.
        repository: repository of the image, host and path.
        is_script: whether a shell runs the text although its first line names no shell.
    """
    is_shell = is_script or shell.is_shell(text)
    unclassified = [*_written(text, repository), *_composed(text, repository)]
    classified = [
        _classified(text, mention, is_shell) for mention in sorted(unclassified, key=lambda mention: mention.start)
    ]
    return tuple(classified) + tuple(_partial_uses(text, classified, is_shell))


def _written(text: str, repository: str) -> Iterator[Mention]:
    """Yield the mentions whose name is written out."""
    pattern = rf"{re.escape(repository)}(?![\w/-]|\.\w)(?::({TAG}))?(?:@({DIGEST}))?"
    for match in re.finditer(pattern, text, re.ASCII | re.IGNORECASE):
        begins = _begins(text, match.start())
        if not begins:
            continue
        line = line_number(text, match.start())
        reference = Reference(repository, match[1] or "", match[2] or "")
        mention = Mention(match.start(), match.end(), line, "reference", reference)
        if begins == "elsewhere":
            yield replace(mention, kind="undecidable", why="the text before it is no part of a reference")
        elif not match[0].startswith(repository):
            yield replace(mention, kind="undecidable", why="it is not written in lower case")
        elif not _CLOSED.match(text, match.end()):
            yield replace(mention, kind="undecidable", why="its tag or digest is not written out")
        elif not (reference.tag or reference.digest):
            yield replace(mention, kind="undecidable", why="it has no tag and no digest")
        else:
            yield mention


def _begins(text: str, start: int) -> Literal["", "yes", "elsewhere"]:
    """Return whether a name begins at an index: yes; elsewhere, behind another scheme; empty, within a longer name."""
    before = text[max(0, start - 80) : start]
    if not before or re.search(r"[^\w./:@-]$|\\[ntr]$|(?:^|\W)docker://$|\$\{\w+:?-$", before, re.ASCII):
        return "yes"
    if re.search(r"[^/]:$|(?:^|\W)(?!https?:)[a-z-]+://$", before, re.ASCII):
        return "elsewhere"
    return ""


def _composed(text: str, repository: str) -> Iterator[Mention]:
    """Yield the mentions whose name may be the repository's, although it is not written out."""
    for start, end, why in composed_names(text, repository):
        yield Mention(start, end, line_number(text, start), "undecidable", Reference(repository), why)


def _classified(text: str, mention: Mention, is_script: bool, is_output_used: bool = False, depth: int = 0) -> Mention:
    """Return a mention classified by the text around it; `is_output_used` is about the output of the whole text."""
    if not is_script:
        return _classified_line(text, mention)
    context = _parsed(text).context(mention.start, mention.end)
    if context.kind != "document":
        context = replace(context, is_output_used=context.is_output_used or is_output_used)
        classified = _classified_by_context(mention, context)
        if (
            classified.kind == "harmless"
            and context.is_output_used
            and starts_container(text, mention.start, mention.end)
        ):
            return replace(mention, kind="undecidable", why="its output decides which image starts")
        return classified
    start, end = context.span
    body = text[start:end]
    if depth >= _DEEPEST:
        return mention
    inner = replace(mention, start=mention.start - start, end=mention.end - start)
    if context.is_expanded and (substitution := _substitution(body, inner)):
        classified = _classified_by_context(inner, substitution)
    else:
        # It is unknown which command reads the output of a script that is written to a file.
        is_used = context.is_output_used or not context.is_script
        classified = _classified(body, inner, context.is_script or shell.is_shell(body), is_used, depth + 1)
    return replace(classified, start=mention.start, end=mention.end)


def _substitution(body: str, mention: Mention) -> Context | None:
    """Return the context of a mention in a command substitution of a here-document, which the outer shell runs."""
    if "$(" not in body and "`" not in body:
        return None
    context = _quoted(body).context(mention.start + 3, mention.end + 3)
    return context if context.kind == "comment" or context.words[:1] != (":",) else None


def _classified_line(text: str, mention: Mention) -> Mention:
    """Classify a mention in a text that is no script by its line, parsed as a command behind a key or a list's dash."""
    start, end = _line_around(text, mention)
    line = text[start:end]
    is_long = len(line) > _LONGEST_LINE
    if line.lstrip(" \t").startswith("#") if is_long else shell.is_comment(line, mention.start - start):
        return replace(mention, kind="comment", why="")
    command = _PREFIXED.sub("", line, count=1)
    skipped = start + len(line) - len(command)
    if is_long or skipped >= mention.start:
        return mention
    if command[:1] in ("'", '"') and command.rstrip().endswith(command[0]):
        command, skipped = command.strip()[1:-1], skipped + 1
    if _WORD_LIST.fullmatch(command):  # the words of a command in YAML or JSON
        command = f" {command.rstrip()[1:-1].replace(',', ' ')} "
    context = _parsed(command).context(mention.start - skipped, mention.end - skipped)
    if context.kind != "command" or "," in command[: mention.start - skipped]:  # a comma may begin another command
        return mention
    # It is unknown which program reads the line, so a printed reference counts as a reference.
    classified = _classified_by_context(mention, replace(context, is_output_used=True))
    if classified.kind == "harmless" and starts_container(line, mention.start - start, mention.end - start):
        return replace(mention, kind="undecidable", why="its output decides which image starts")
    return classified


def _line_around(text: str, mention: Mention) -> tuple[int, int]:
    """Return start and end of a mention's line, or of its escaped line in a string of YAML or JSON."""
    start = text.rfind("\n", 0, mention.start) + 1
    end = text.find("\n", mention.end) % (len(text) + 1)
    for first, last in _strings_of_lines(text[start:end]):
        if start + first <= mention.start and mention.end <= start + last:
            escaped = text.rfind("\\n", start + first, mention.start)
            escaped_end = text.find("\\n", mention.end, start + last)
            return (escaped + 2 if escaped >= 0 else start + first), (escaped_end if escaped_end >= 0 else start + last)
    return start, end


@lru_cache(maxsize=8)
def _strings_of_lines(line: str) -> tuple[tuple[int, int], ...]:
    """Return start and end of each text in double quotes that has an escaped line end, without the quotes."""
    strings = (match.span() for match in _STRING.finditer(line))
    return tuple((start + 1, end - 1) for start, end in strings if "\\n" in line[start:end])


def _classified_by_context(mention: Mention, context: Context) -> Mention:
    if context.kind == "comment":
        return replace(mention, kind="comment", why="")
    if not starts_nothing(context.words, is_output_used=context.is_output_used):
        return mention
    is_filter = has_image_filter(context.words, mention.reference.repository)
    return replace(mention, kind="harmless", why="", is_filter=is_filter)


def _partial_uses(text: str, classified: list[Mention], is_script: bool) -> Iterator[Mention]:
    """Yield the first partial use, such as `${IMAGE%:*}:$TAG`, of each variable that holds a full reference."""
    names: set[str] = set()
    for reference in classified:
        name = _variable(text, reference, is_script) if reference.kind == "reference" else ""
        if not name or name in names:
            continue
        names.add(name)
        # `${IMAGE%%/*}` is the host, `${IMAGE##*:}` the tag: neither is an image.
        uses = rf"\$\{{{name}(?:%(?!%/\*\}})|[/^,@]|:[^-=?+])|\$(?:{name}(?!\w)|\{{{name}\}})[:@]"
        for use in re.finditer(uses, text):
            line, why = line_number(text, use.start()), f"the variable {name} is used in part"
            mention = Mention(use.start(), use.end(), line, "undecidable", reference.reference, why)
            if _classified(text, mention, is_script).kind == "undecidable":
                yield mention
                break  # the first use is enough, and there may be thousands


def _variable(text: str, reference: Mention, is_script: bool) -> str:
    """Return the variable that a reference is assigned to; outside of commands, every `NAME=` is an assignment."""
    context = _parsed(text).context(reference.start, reference.end) if is_script else Context("other")
    if context.kind in ("assignment", "command"):
        return context.variable
    before = _ASSIGNS.search(text[max(0, reference.start - _LONGEST_NAME) : reference.start])
    return before[1] if before else ""


@lru_cache(maxsize=8)
def _quoted(body: str) -> Script:
    return Script(': "' + body.replace('"', "_") + '"')


@lru_cache(maxsize=8)
def _parsed(text: str) -> Script:
    return Script(text)


def rewrite(text: str, places: Sequence[Mention], digest: str) -> str:
    """Return a text with each place, in order, replaced by a reference to a digest; every other character stays."""
    for place in reversed(places):
        text = text[: place.start] + str(Reference(place.reference.repository, digest=digest)) + text[place.end :]
    return text
