"""The release that a template serves, for reports; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.documents.resource import Document
from deploy.release import template


@dataclass(frozen=True)
class ServedRelease:
    """
    The release that a template serves.

    Args:
        template: name of the template.
        reference: image in the template's metadata, HOST/PATH@sha256:… or HOST/PATH:TAG; empty if the metadata does
            not decide it.
        commit: commit of the sources; empty if the release record has none.
    """

    template: str
    reference: str = ""
    commit: str = ""


def served_release(document: Document, repository: str, image_in: Sequence[str]) -> ServedRelease:
    """Return the release that a template serves; arguments of `image_places`."""
    record = template.release_record(document)
    reference = template.image_reference(document, repository, image_in)
    return ServedRelease(document.get("name", ""), str(reference or ""), record.commit if record else "")
