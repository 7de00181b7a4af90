"""The release that a template serves, for reports; pure."""

from dataclasses import dataclass

from deploy.documents.resource import Document
from deploy.release import template
from deploy.release.effective_reference import decided_reference


@dataclass(frozen=True)
class ServedRelease:
    """
    The release that a template serves.

    Args:
        template: name of the template.
        reference: image in the template's script, HOST/PATH@sha256:… or HOST/PATH:TAG; empty if the metadata does not
            decide it.
        commit: commit of the sources; empty if the release record has none.
    """

    template: str
    reference: str = ""
    commit: str = ""


def served_release(document: Document, repository: str) -> ServedRelease:
    """Return the release that a template serves."""
    record = template.release_record(document)
    reference = decided_reference(template.metadata(document), repository)
    return ServedRelease(document.get("name", ""), str(reference or ""), record.commit if record else "")
