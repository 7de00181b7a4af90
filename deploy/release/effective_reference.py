"""The one reference that decides which image an instance starts, or why a template's metadata has none; pure."""

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
    Return every metadata entry that instances have.

    Args:
        template: Metadata of their template.
        all_instances: Metadata of the group's `allInstancesConfig`.
    """
    return {**template, **{f"allInstancesConfig {key}": text for key, text in all_instances.items()}}


def decided_reference(metadata: Mapping[str, str], repository: str) -> Reference | None:
    """Return the reference that decides which image an instance starts; None where `deciding_reference` refuses."""
    try:
        return deciding_reference(metadata, repository).reference
    except RefusedError:
        return None


def refuse_undecided(metadata: Mapping[str, str], repository: str) -> None:
    """
    Refuse metadata in which another place than the startup script may decide which image starts.

    Args:
        metadata: Of a template, by key; the release record in it is left out.
        repository: Host and path.

    Raises:
        RefusedError: A mention anywhere is undecidable, or another entry refers to the repository; with their lines.
    """
    found = _by_entry(metadata, repository)
    undecidable = [(key, one) for key, one in found if one.kind == "undecidable"]
    if undecidable:
        full = [(key, one) for key, one in found if one.kind == "reference"]
        also = f"; besides {_listed(full)}" if full else ""
        raise RefusedError(
            f"metadata: which image of '{repository}' starts is not written out: {_listed(undecidable)}{also}.",
            "write the image once in full, HOST/PATH:TAG, in 'startup-script', and refer to it by a variable",
        )
    elsewhere = [(key, one) for key, one in found if one.kind == "reference" and key != SCRIPT]
    if elsewhere:
        raise RefusedError(
            f"metadata: another entry than 'startup-script' refers to '{repository}': {_listed(elsewhere)}.",
            "write the image in 'startup-script' alone: no other entry is rewritten",
        )


def deciding_reference(metadata: Mapping[str, str], repository: str) -> Mention:
    """
    Return where the startup script refers to a repository.

    Raises:
        RefusedError: As `refuse_undecided`, or the startup script refers to the repository several times or never.
    """
    refuse_undecided(metadata, repository)
    found = _by_entry(metadata, repository)
    own = [one for _, one in found if one.kind == "reference"]
    if len(own) == 1:
        return own[0]
    if own:
        lines = ", ".join(f"line {one.line} '{one.reference}'" for one in own)
        raise RefusedError(
            f"startup-script: {len(own)} references of '{repository}': {lines}.",
            "leave one, and let the others use a shell variable that it sets",
        )
    mentioned = f" It is mentioned where it starts nothing: {_listed(found)}." if found else ""
    encoded = " Encoded text (base64) is not searched." if "base64" in metadata.get(SCRIPT, "") else ""
    raise RefusedError(
        f"startup-script: no reference of '{repository}'.{mentioned}{encoded}",
        "write it once in full, HOST/PATH:TAG, or correct `repository` in the environment file",
    )


def filter_warnings(metadata: Mapping[str, str], repository: str) -> tuple[str, ...]:
    """Return a line for each filter by image, which does not find a container that was started by digest."""
    return tuple(
        f"'{key}' line {one.line}: the filter ancestor={one.reference} does not find containers that were started by"
        " digest"
        for key, one in _by_entry(metadata, repository)
        if one.is_filter
    )


def _by_entry(metadata: Mapping[str, str], repository: str) -> list[tuple[str, Mention]]:
    return [
        (key, one)
        for key, text in metadata.items()
        if key != RECORD_KEY
        for one in mentions(text, repository, is_script=key in _SCRIPTS)
    ]


def _listed(found: list[tuple[str, Mention]]) -> str:
    return ", ".join(
        f"'{key}' line {one.line} '{one.reference}'" + (f" ({one.why or one.kind})" if one.kind != "reference" else "")
        for key, one in found
    )
