"""Which images of a repository the metadata of a project, its templates, instances and groups refers to."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from deploy.errors import RefusedError
from deploy.release.encoded_text import encoded_lines
from deploy.release.image_places import entry_mentions
from deploy.release.record import RECORD_KEY

# The digits of a digest, wherever they stand: `IMAGE@sha256:$DIGITS` refers to an image too.
_DIGITS: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
# Entries whose value is the address of a script. Source: Compute Engine, "Use startup scripts on Linux VMs" and
# "Run shutdown scripts", read on 2026-11-27.
_SCRIPT_URLS: Final = ("startup-script-url", "shutdown-script-url")
# Marks of a name as they stand in a URL, and a slash as it stands in JSON or in a command of sed. Artifact Registry
# itself names the package of an image `group/app` so: "If the package ID part contains slashes, the slashes are
# escaped" (google/devtools/artifactregistry/v1/package.proto of googleapis/googleapis at 1cfcea4, read on 2026-11-27).
_ENCODED: Final = {"%2F": "/", "%3A": ":", "%40": "@", r"\/": "/", r"\U002F": "/"}
_MARK: Final = re.compile("|".join(map(re.escape, _ENCODED)), re.IGNORECASE)
_SED_LINE: Final = re.compile(r".*\\/.*")
_SLASH: Final = re.compile(r"\\?/")
_MOST_PLACES: Final = 5


@dataclass(frozen=True)
class MetadataHolder:
    """
    A template, an instance, a group or a project's own metadata, with the entries that instances get from it.

    Args:
        kind: template, instance, group or metadata.
        name: name of the holder.
        project: project that has the holder.
        metadata: values of the entries, by key.
    """

    kind: str
    name: str
    project: str
    metadata: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.kind} '{self.name}' of project '{self.project}'"


@dataclass(frozen=True)
class ImageUses:
    """
    What metadata refers to.

    Args:
        digests: each digest in the metadata, of any repository.
        tags: each tag that stands behind the repository's name, in comments too.
        unsearched: places whose text is not searched: encoded text, and scripts outside of the metadata.
    """

    digests: frozenset[str]
    tags: frozenset[str]
    unsearched: tuple[str, ...]


def image_uses(holders: Iterable[MetadataHolder], repository: str) -> ImageUses:
    """
    Return the digests and tags in metadata.

    Every reference counts, also in a comment, or encoded as in a URL, in JSON or for sed: an image that is kept without
    need costs less than an image that is missing at the next boot.

    Args:
        holders: templates, instances, groups and projects' own metadata.
        repository: repository of the images, host and path.

    Raises:
        RefusedError: a text mentions the repository and does not show which image.
    """
    entries: dict[tuple[str, str], MetadataHolder] = {}  # instances repeat their template's: each text is read once
    for holder in holders:
        for entry in holder.metadata.items():
            entries.setdefault(entry, holder)
    digests, tags, undecided, unsearched = set[str](), set[str](), list[str](), list[str]()
    for (key, value), holder in entries.items():
        text = _MARK.sub(lambda mark: _ENCODED[mark[0].upper()], value)
        digests |= {f"sha256:{digits}" for digits in _DIGITS.findall(text)}
        if key == RECORD_KEY:
            continue
        found = [mention for each in (text, *_sed_text(value)) for mention in entry_mentions(key, each, repository)]
        for mention in found:
            tags |= {mention.reference.tag} - {""}
            if mention.kind == "undecidable":
                undecided.append(f"{holder}: '{key}' line {mention.line} ({mention.why or 'undecidable'})")
        unsearched += [f"{holder}: {place}" for place in _unsearched(key, text)]
    if undecided:
        raise _undecided(list(dict.fromkeys(undecided)), repository)
    return ImageUses(frozenset(digests), frozenset(tags), tuple(unsearched))


def _sed_text(value: str) -> Iterator[str]:
    """Yield a text in which the parts of `s/A/B/` are words: blanks for the slashes of a line that has escaped ones."""
    if r"\/" in value:
        yield _SED_LINE.sub(lambda line: _SLASH.sub(lambda slash: " " if slash[0] == "/" else "/", line[0]), value)


def _unsearched(key: str, text: str) -> Iterator[str]:
    if key in _SCRIPT_URLS:
        yield f"'{key}' (a script outside of the metadata)"
    for _, line, mark in encoded_lines({key: text}):
        yield f"'{key}' line {line} ({mark})"


def _undecided(places: list[str], repository: str) -> RefusedError:
    more = len(places) - _MOST_PLACES
    listed = ", ".join(places[:_MOST_PLACES]) + (f", and {more} more" if more > 0 else "")
    return RefusedError(
        f"metadata: which image of '{repository}' is used is not written out: {listed}. No image is listed.",
        "write the image in full, HOST/PATH:TAG or HOST/PATH@sha256:DIGEST, or delete the template, instance or entry",
    )
