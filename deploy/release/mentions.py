"""
Every mention of a repository in a template's metadata, classified: what decides which image starts, and what does not.

A mention is a full reference (with a tag or a digest in letters), harmless (it starts nothing), a comment, or
undecidable: which image starts depends on something that is not written there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from deploy.release import shell
from deploy.release.captured_output import starts_container
from deploy.release.composed_names import composed_names
from deploy.release.shell import Context, Script
from lib.image_reference import DIGEST, TAG, Reference

Kind = Literal["reference", "harmless", "comment", "undecidable"]

_ENGINES: Final = ("docker", "podman", "nerdctl", "crictl")
_HARMLESS: Final = ("images", "rmi", "ps", "inspect", "inspecti", "prune", "history")
_HARMLESS_BELOW: Final = {
    "image": ("ls", "list", "rm", "remove", "prune", "inspect", "history"),
    "container": ("ls", "list", "ps", "prune", "inspect"),
    "system": ("prune", "df"),
}
_PATTERNS: Final = ("grep", "egrep", "fgrep")  # they compare text
_PRINTERS: Final = ("echo", "printf", "logger", "wall")
# What may stand in front of a command and leaves it the same.
_PREFIX: Final = re.compile(r"sudo|command|time|env|nice|nohup|timeout|xargs|exec|-\S*|\d+[smh]?|\w+=\S*")
_VALUED: Final = ("--config", "-c", "--context", "-H", "--host", "-l", "--log-level", "--root", "-n", "--namespace")
_SWITCHES: Final = ("-D", "--debug", "--tls", "--tlsverify", "--remote", "-r")
# What may stand behind a reference that ends there: closing quotes and braces, then what no reference has.
_CLOSED: Final = re.compile(r"[\"'}]*+(?:$|[\s`)\];,|&<>]|\\(?:[ntr\"']|\n[ \t]))")
_DEEPEST: Final = 8  # here-documents in each other
_LINE: Final = 4_096  # characters of a line that is still read as a command
_PREFIXED: Final = re.compile(r"\s*(?:-\s+)?(?:[\w.-]+\s*[:=]\s*)?[-@:+!]*")


@dataclass(frozen=True)
class Mention:
    """
    One mention of a repository in a text.

    Args:
        start: Index of its first character.
        end: Index behind its last.
        line: Counted from 1.
        kind: What it is.
        reference: What stands there; the repository alone where neither tag nor digest is written out.
        why: Of one that is undecidable.
        is_filter: Whether it selects containers by the image that they were started from.
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
        text: A value of metadata.
        repository: Host and path.
        is_script: Whether a shell runs it although its first line does not name one.
    """
    found = [*_written(text, repository), *_composed(text, repository)]
    judged = [_judged(text, one, is_script or shell.is_shell(text)) for one in sorted(found, key=lambda one: one.start)]
    return tuple(judged) + tuple(_taken_apart(text, judged))


def references(script: str, repository: str) -> tuple[Mention, ...]:
    """Return the full references of a repository in a startup script."""
    return tuple(one for one in mentions(script, repository, is_script=True) if one.kind == "reference")


def _written(text: str, repository: str) -> Iterator[Mention]:
    pattern = rf"{re.escape(repository)}(?![\w/-]|\.\w)(?::({TAG}))?(?:@({DIGEST}))?"
    for match in re.finditer(pattern, text, re.ASCII | re.IGNORECASE):
        begins = _begins(text, match.start())
        if not begins:
            continue
        line = text.count("\n", 0, match.start()) + 1
        reference = Reference(repository, match[1] or "", match[2] or "")
        mention = Mention(match.start(), match.end(), line, "reference", reference)
        if begins == "elsewhere":
            yield replace(mention, kind="undecidable", why="what stands before it is no part of a reference")
        elif not match[0].startswith(repository):
            yield replace(mention, kind="undecidable", why="it is not written in lower case")
        elif not _CLOSED.match(text, match.end()):
            yield replace(mention, kind="undecidable", why="its tag or digest is not written out")
        elif not (reference.tag or reference.digest):
            yield replace(mention, kind="undecidable", why="it has no tag and no digest")
        else:
            yield mention


def _begins(text: str, start: int) -> Literal["", "yes", "elsewhere"]:
    """Return whether a name begins at a place: yes; behind another scheme; or empty, as the end of a longer name."""
    before = text[max(0, start - 80) : start]
    if not before or re.search(r"[^\w./:@-]$|\\[ntr]$|(?:^|\W)docker://$|\$\{\w+:?-$", before, re.ASCII):
        return "yes"
    if re.search(r"[^/]:$|(?:^|\W)(?!https?:)[a-z-]+://$", before, re.ASCII):
        return "elsewhere"
    return ""


def _composed(text: str, repository: str) -> Iterator[Mention]:
    """Find names that may be the repository's, although they are not written out."""
    for start, end, why in composed_names(text, repository):
        yield Mention(start, end, text.count("\n", 0, start) + 1, "undecidable", Reference(repository), why)


def _judged(text: str, mention: Mention, is_script: bool, is_output_used: bool = False, depth: int = 0) -> Mention:
    """Return a mention as what stands around it makes it; `is_output_used` is of the whole text."""
    if not is_script:
        return _judged_line(text, mention)
    context = _parsed(text).context(mention.start, mention.end)
    if context.kind != "document":
        context = replace(context, is_output_used=context.is_output_used or is_output_used)
        judged = _of_context(mention, context)
        if judged.kind == "harmless" and context.is_output_used and starts_container(text, mention.start, mention.end):
            return replace(mention, kind="undecidable", why="its output decides which image starts")
        return judged
    start, end = context.span
    body = text[start:end]
    if not start <= mention.start < mention.end <= end or depth >= _DEEPEST:
        return mention
    inner = replace(mention, start=mention.start - start, end=mention.end - start)
    if context.is_expanded and (substitution := _substitution(body, inner)):
        judged = _of_context(inner, substitution)
    else:
        # What reads the output of a script that is written to a file is not known.
        is_used = context.is_output_used or not context.is_script
        judged = _judged(body, inner, context.is_script or shell.is_shell(body), is_used, depth + 1)
    return replace(judged, start=mention.start, end=mention.end)


def _substitution(body: str, mention: Mention) -> Context | None:
    """Return the context of a mention in a command substitution of a here-document, which the outer shell runs."""
    if body.find("$(", 0, mention.start) < 0 and body.find("`", 0, mention.start) < 0:
        return None
    context = _quoted(body).context(mention.start + 3, mention.end + 3)
    return context if context.kind == "comment" or context.words[:1] != (":",) else None


def _judged_line(text: str, mention: Mention) -> Mention:
    """Judge a mention in a text of another kind by its line, read as a command behind a key or a list's dash."""
    start = text.rfind("\n", 0, mention.start) + 1
    end = text.find("\n", mention.end)
    line = text[start : end if end >= 0 else len(text)]
    is_long = len(line) > _LINE
    if line.lstrip(" \t").startswith("#") if is_long else shell.is_comment(line, mention.start - start):
        return replace(mention, kind="comment")
    prefix = _PREFIXED.match(line)
    skipped = start + (prefix.end() if prefix else 0)
    if is_long or skipped > mention.start:
        return mention
    command = text[skipped : start + len(line)]
    if command[:1] in ("'", '"') and command.rstrip().endswith(command[0]):
        command, skipped = command.strip()[1:-1], skipped + 1
    if not skipped <= mention.start < mention.end <= skipped + len(command):
        return mention
    context = _parsed(command).context(mention.start - skipped, mention.end - skipped)
    # What else reads the line is not known, so that a printed reference counts as one.
    return _of_context(mention, replace(context, is_output_used=True)) if context.kind == "command" else mention


def _of_context(mention: Mention, context: Context) -> Mention:
    if context.kind == "comment":
        return replace(mention, kind="comment")
    words = _command(context.words)
    if not words:
        return mention
    name = words[0].rpartition("/")[2]
    if name in _PATTERNS or (name in _PRINTERS and not context.is_output_used and words[1:2] != ("-v",)):
        return replace(mention, kind="harmless")
    if name in _ENGINES and _is_harmless(words):
        return replace(mention, kind="harmless", is_filter=_has_filter(words, mention.reference.repository))
    return mention


def _command(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a command from its own name on."""
    for index, word in enumerate(words):
        name = word.rpartition("/")[2]
        if name in (*_ENGINES, *_PATTERNS, *_PRINTERS):
            return words[index:]
        if not _PREFIX.fullmatch(name):
            return ()
    return ()


@lru_cache(maxsize=64)  # one command may have thousands of mentions
def _has_filter(words: tuple[str, ...], repository: str) -> bool:
    return any("ancestor=" in word and repository in word for word in words)


@lru_cache(maxsize=64)
def _is_harmless(words: tuple[str, ...]) -> bool:
    verbs: list[str] = []
    skips = False
    for word in words[1:]:
        if not (verbs or skips or "=" in word) and word.startswith("-") and word not in (*_VALUED, *_SWITCHES):
            return False  # whether the next word is its value is not known
        verbs += [] if skips or word.startswith("-") else [word]
        skips = not skips and word in _VALUED
    verb, below = (*verbs, "", "")[:2]
    return verb in _HARMLESS or below in _HARMLESS_BELOW.get(verb, ())


def _taken_apart(text: str, judged: list[Mention]) -> Iterator[Mention]:
    """Find variables that hold a full reference, and their first use in part, such as `${IMAGE%:*}:$TAG`."""
    script = _parsed(text)
    for one in judged:
        name = script.context(one.start, one.end).variable if one.kind == "reference" else ""
        if not name:
            continue
        # `${IMAGE%%/*}` is the host, `${IMAGE##*:}` the tag: neither is an image.
        uses = rf"\$\{{{name}(?:%(?!%/\*\}})|[/^,@]|:[^-=?+])|\$(?:{name}(?!\w)|\{{{name}\}})[:@]"
        for use in re.finditer(uses, text, re.ASCII):
            line, why = text.count("\n", 0, use.start()) + 1, f"the variable {name} is used in part"
            mention = Mention(use.start(), use.end(), line, "undecidable", one.reference, why)
            if _of_context(mention, script.context(use.start(), use.end())).kind == "undecidable":
                yield mention
                break  # the first use is reason enough, and there may be thousands


@lru_cache(maxsize=8)
def _quoted(body: str) -> Script:
    return Script(': "' + body.replace('"', "_") + '"')


@lru_cache(maxsize=8)
def _parsed(text: str) -> Script:
    return Script(text)


def rewrite(script: str, mention: Mention, digest: str) -> str:
    """Return the script with a mention replaced by a reference to a digest; every other character stays."""
    return script[: mention.start] + str(Reference(mention.reference.repository, digest=digest)) + script[mention.end :]
