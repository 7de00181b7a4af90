"""A release as `status` describes it: what a template serves, and where that comes from; pure."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy.config import Config
from deploy.documents.resource import Document
from deploy.release import template
from deploy.rollout.served_release import ServedRelease


@dataclass(frozen=True, kw_only=True)
class DescribedRelease:
    """
    A release.

    Args:
        template: name of its template; empty for a group without a version.
        image: image reference in the template's metadata; empty if the metadata does not decide it.
        digest: digest of that image; empty if the reference is a tag.
        commit: commit of the release; like run and by, empty if the template is unmanaged or the value is not known.
        run: id of the run that deployed the release.
        by: person or account that deployed the release.
    """

    template: str
    image: str
    digest: str
    commit: str
    run: str
    by: str

    @property
    def origin(self) -> list[str]:
        """Where the release comes from, as far as it is known."""
        values = {"commit": self.commit[:12], "run": self.run, "by": self.by}
        return [f"{key} {value}" for key, value in values.items() if value]

    def named(self, name: Callable[[ServedRelease], str]) -> str:
        """Return the name of the release, as `name` returns it for its image and commit."""
        return name(ServedRelease("", self.image, self.commit))


def described_release(
    config: Config, template_name: str, document: Document, *, is_overridden: bool = False
) -> DescribedRelease:
    """
    Return the release of a template.

    Args:
        config: names of the environment.
        template_name: name of the template that the group is set to.
        document: document of the template; empty if the template was not found.
        is_overridden: whether metadata of the group hides that of the template, which does not decide the image then.
    """
    record = template.release_record(document)
    reference = None if is_overridden else template.image_reference(document, config.repository, config.image_in)
    return DescribedRelease(
        template=template_name,
        image=str(reference) if reference else "",
        digest=reference.digest if reference else "",
        commit=record.commit if record else "",
        run=record.run if record else "",
        by=record.by if record else "",
    )
