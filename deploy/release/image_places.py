"""The places of the image in the metadata of a template, or the reason why the metadata does not decide the image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.errors import RefusedError
from deploy.release.encoded_text import encoded_lines
from deploy.release.mentions import Mention, mentions, rewrite
from deploy.release.record import RECORD_KEY
from lib.image_reference import Reference

_SCRIPTS: Final = ("startup-script", "shutdown-script")
_SCRIPT_URL: Final = "startup-script-url"
_LIST_ENTRIES: Final = "list the entries that start the image as `image_in` in the environment file"


@dataclass(frozen=True)
class ImagePlaces:
    """
    The places of an image in metadata, all with the same reference.

    Args:
        reference: reference at each place.
        mentions: full references by metadata entry, in the order of the text; an entry without one is left out.
    """

    reference: Reference
    mentions: Mapping[str, tuple[Mention, ...]]

    def __str__(self) -> str:
        lines = [(key, mention.line) for key, references in self.mentions.items() for mention in references]
        return ", ".join(f"'{key}' line {line}" for key, line in dict.fromkeys(lines))

    @property
    def entries(self) -> tuple[str, ...]:
        """Keys of the metadata entries that have a place, in order."""
        return tuple(sorted(self.mentions))

    def rewritten(self, metadata: Mapping[str, str], digest: str) -> dict[str, str]:
        """Return metadata in which every place refers to a digest; all other text stays."""
        return {key: rewrite(text, self.mentions.get(key, ()), digest) for key, text in metadata.items()}


def find_image(metadata: Mapping[str, str], repository: str, image_in: Sequence[str] = ()) -> ImagePlaces:
    """
    Return every place of the image in metadata.

    Args:
        metadata: metadata of a template, by key; the release record is ignored.
        repository: repository of the image, host and path.
        image_in: keys of the entries to search; empty for all entries.

    Raises:
        RefusedError: a listed entry is absent, a mention is undecidable, the references differ, there is none, or a
            script outside the template may start another image.
    """
    searched = _searched(metadata, image_in)
    _refuse_unsearchable(metadata, image_in)
    rows = _mentions_by_entry(searched, repository)
    full = _of_kind(rows, "reference")
    undecidable = _of_kind(rows, "undecidable")
    if undecidable:
        also = f"; besides {_listed(full)}" if full else ""
        raise RefusedError(
            f"metadata: which image of '{repository}' starts is not written out: {_listed(undecidable)}{also}.",
            "write the image in full, HOST/PATH:TAG, or refer to it by a variable that holds it in full"
            + _or_fewer_entries(rows),
        )
    if not full:
        raise _no_reference(searched, repository, rows)
    if len({mention.reference for _, mention in full}) > 1:
        raise RefusedError(
            f"metadata: different references of '{repository}': {_listed(full)}.",
            f"write the same reference at each place{_or_fewer_entries(full)}",
        )
    references = {key: tuple(mention for entry, mention in full if entry == key) for key, _ in full}
    return ImagePlaces(full[0][1].reference, references)


def references(key: str, text: str, repository: str) -> tuple[Mention, ...]:
    """Return the full references of a repository in a metadata entry."""
    return tuple(mention for mention in entry_mentions(key, text, repository) if mention.kind == "reference")


def entry_mentions(key: str, text: str, repository: str) -> tuple[Mention, ...]:
    """Return every mention of a repository in a metadata entry."""
    return mentions(text, repository, is_script=key in _SCRIPTS)


def entries_with_references(
    metadata: Mapping[str, str], repository: str, image_in: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the keys of the searched entries that have a full reference, also where `find_image` refuses."""
    searched = _searched(metadata, image_in)
    return tuple(sorted(key for key, text in searched.items() if references(key, text, repository)))


def mention_warnings(metadata: Mapping[str, str], repository: str, image_in: Sequence[str] = ()) -> tuple[str, ...]:
    """
    Return a warning for each mention that stays and may surprise the operator, and for text that is not searched.

    Such a mention is a filter by image, which does not find a container that was started by digest, or a mention in an
    entry that `image_in` leaves out. Encoded text may hold another reference, which would stay as it is.
    """
    searched = _searched(metadata, image_in)
    lines = []
    for key, mention in _mentions_by_entry(metadata, repository):
        place = f"'{key}' line {mention.line}"
        if mention.is_filter:
            filtered = f"the filter ancestor={mention.reference}"
            lines.append(f"{place}: {filtered} does not find containers that were started by digest")
        elif mention.kind in ("reference", "undecidable") and key not in searched:
            lines.append(f"{place}: '{mention.reference}' is not replaced, because `image_in` leaves this entry out")
    encoded = _encoded(searched)
    return (*lines, f"encoded text is not searched for the image: {encoded}") if encoded else tuple(lines)


def _searched(metadata: Mapping[str, str], image_in: Sequence[str]) -> dict[str, str]:
    return {key: text for key, text in metadata.items() if key != RECORD_KEY and (not image_in or key in image_in)}


def _refuse_unsearchable(metadata: Mapping[str, str], image_in: Sequence[str]) -> None:
    absent = [f"'{key}'" for key in image_in if key not in metadata]
    if absent:
        raise RefusedError(
            f"metadata: `image_in` lists {', '.join(absent)}, which the template lacks (it has {_keys(metadata)}).",
            "correct `image_in` in the environment file, or add the entry to the template",
        )
    if _SCRIPT_URL in metadata and not image_in:
        raise RefusedError(
            f"metadata: '{_SCRIPT_URL}' points to a script outside the template, which may start another image.",
            f"put the script itself into the metadata entry 'startup-script', or {_LIST_ENTRIES}",
        )


def _no_reference(searched: Mapping[str, str], repository: str, rows: list[tuple[str, Mention]]) -> RefusedError:
    mentioned = f" Mentions that start nothing: {_listed(rows)}." if rows else ""
    encoded = _encoded(searched)
    unsearched = f" Encoded text is not searched: {encoded}." if encoded else ""
    return RefusedError(
        f"metadata: no reference of '{repository}' in {_keys(searched)}.{mentioned}{unsearched}",
        f"write it in full{' and not encoded' if encoded else ''}, HOST/PATH:TAG, or correct `repository` in the"
        " environment file",
    )


def _encoded(searched: Mapping[str, str]) -> str:
    """Return the places of encoded text; empty if there is none."""
    return ", ".join(f"'{key}' line {line} ({mark})" for key, line, mark in encoded_lines(searched))


def _mentions_by_entry(metadata: Mapping[str, str], repository: str) -> list[tuple[str, Mention]]:
    return [
        (key, mention)
        for key, text in metadata.items()
        if key != RECORD_KEY
        for mention in entry_mentions(key, text, repository)
    ]


def _of_kind(rows: list[tuple[str, Mention]], kind: str) -> list[tuple[str, Mention]]:
    return [(key, mention) for key, mention in rows if mention.kind == kind]


def _or_fewer_entries(rows: list[tuple[str, Mention]]) -> str:
    """Return the end of a fix: with several entries, `image_in` may restrict the search."""
    return f", or {_LIST_ENTRIES}" if len({key for key, _ in rows}) > 1 else ""


def _keys(metadata: Mapping[str, str]) -> str:
    keys = [f"'{key}'" for key in sorted(metadata) if key != RECORD_KEY]
    return ", ".join(keys) or "no entry"


def _listed(rows: list[tuple[str, Mention]]) -> str:
    return ", ".join(f"'{key}' line {mention.line} '{mention.reference}'{_reason(mention)}" for key, mention in rows)


def _reason(mention: Mention) -> str:
    return f" ({mention.why or mention.kind})" if mention.kind != "reference" else ""
