"""The reference that decides which image an instance starts, or the reason why a template's metadata has none."""

from collections.abc import Mapping
from typing import Final

from deploy.errors import RefusedError
from deploy.release.mentions import Mention, mentions
from deploy.release.record import RECORD_KEY
from lib.image_reference import Reference

SCRIPT: Final = "startup-script"
_SCRIPTS: Final = (SCRIPT, "shutdown-script")


def entries_of_instances(template: Mapping[str, str], all_instances: Mapping[str, str]) -> dict[str, str]:
    """
    Return every metadata entry of an instance.

    Args:
        template: metadata of the instance's template.
        all_instances: metadata of the group's `allInstancesConfig`.
    """
    return {**template, **{f"allInstancesConfig {key}": text for key, text in all_instances.items()}}


def decided_reference(metadata: Mapping[str, str], repository: str) -> Reference | None:
    """Return the reference that decides which image starts; None if `deciding_reference` refuses the metadata."""
    try:
        return deciding_reference(metadata, repository).reference
    except RefusedError:
        return None


def refuse_undecided(metadata: Mapping[str, str], repository: str) -> None:
    """
    Refuse metadata in which another place than the startup script may decide which image starts.

    Args:
        metadata: metadata of a template, by key; the release record is ignored.
        repository: repository of the image, host and path.

    Raises:
        RefusedError: a mention is undecidable, or another entry than the startup script refers to the repository.
    """
    rows = _mentions_by_entry(metadata, repository)
    undecidable = [(key, mention) for key, mention in rows if mention.kind == "undecidable"]
    if undecidable:
        full = [(key, mention) for key, mention in rows if mention.kind == "reference"]
        also = f"; besides {_listed(full)}" if full else ""
        raise RefusedError(
            f"metadata: which image of '{repository}' starts is not written out: {_listed(undecidable)}{also}.",
            "write the image once in full, HOST/PATH:TAG, in 'startup-script', and refer to it by a variable",
        )
    others = [(key, mention) for key, mention in rows if mention.kind == "reference" and key != SCRIPT]
    if others:
        raise RefusedError(
            f"metadata: another entry than 'startup-script' refers to '{repository}': {_listed(others)}.",
            "write the image in 'startup-script' alone: no other entry is rewritten",
        )


def deciding_reference(metadata: Mapping[str, str], repository: str) -> Mention:
    """
    Return the only mention of a repository in the startup script that is a full reference.

    Raises:
        RefusedError: the startup script refers to the repository several times or never, or `refuse_undecided` refuses
            the metadata.
    """
    refuse_undecided(metadata, repository)
    rows = _mentions_by_entry(metadata, repository)
    full = [mention for _, mention in rows if mention.kind == "reference"]
    if len(full) == 1:
        return full[0]
    if full:
        lines = ", ".join(f"line {mention.line} '{mention.reference}'" for mention in full)
        raise RefusedError(
            f"startup-script: {len(full)} references of '{repository}': {lines}.",
            "leave one, and let the others use a shell variable that it sets",
        )
    mentioned = f" Mentions that start nothing: {_listed(rows)}." if rows else ""
    encoded = " Encoded text (base64) is not searched." if "base64" in metadata.get(SCRIPT, "") else ""
    raise RefusedError(
        f"startup-script: no reference of '{repository}'.{mentioned}{encoded}",
        "write it once in full, HOST/PATH:TAG, or correct `repository` in the environment file",
    )


def filter_warnings(metadata: Mapping[str, str], repository: str) -> tuple[str, ...]:
    """Return a warning for each filter by image, which does not find a container that was started by digest."""
    return tuple(
        f"'{key}' line {mention.line}: the filter ancestor={mention.reference} does not find containers that were"
        " started by digest"
        for key, mention in _mentions_by_entry(metadata, repository)
        if mention.is_filter
    )


def _mentions_by_entry(metadata: Mapping[str, str], repository: str) -> list[tuple[str, Mention]]:
    return [
        (key, mention)
        for key, text in metadata.items()
        if key != RECORD_KEY
        for mention in mentions(text, repository, is_script=key in _SCRIPTS)
    ]


def _listed(rows: list[tuple[str, Mention]]) -> str:
    return ", ".join(f"'{key}' line {mention.line} '{mention.reference}'{_reason(mention)}" for key, mention in rows)


def _reason(mention: Mention) -> str:
    return f" ({mention.why or mention.kind})" if mention.kind != "reference" else ""
