"""The release record: what a template says of the release that it carries, as JSON in its metadata; pure."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError

from deploy.documents.group_state import Version
from deploy.documents.resource import name_of

# The metadata entry that the record stands in.
RECORD_KEY: Final = "release"
_STRICT: Final = ConfigDict(strict=True, extra="forbid")
Link = Annotated[str, Field(pattern=r"^projects/[^/\s]+/[^\s]+/instanceTemplates/[^/\s]+$")]
NumericId = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]


@dataclass(frozen=True)
class Fallback:
    """
    The version that a rollback restores, whole: a changed version name alone replaces instances.

    Args:
        link: Of its template.
        template_id: Numeric id of that template: another template may have its link by the time of the rollback.
        name: Of the version.
    """

    __pydantic_config__ = _STRICT

    link: Link
    template_id: NumericId
    name: str = ""

    @property
    def version(self) -> Version:
        """The entry of `versions` to write."""
        return Version(self.link, self.name)

    @property
    def template(self) -> str:
        """The template's name, for people."""
        return name_of(self.link)


@dataclass(frozen=True)
class ReleaseRecord:
    """
    A release record.

    Args:
        repository: Of the image.
        digest: `sha256:…`.
        base: Link of the template that this one was copied from.
        base_id: Numeric id of that template.
        group: That the template was made for, `ZONE/GROUP`.
        commit: Of the sources; empty where it is not known.
        run: Of the deploy that made the template.
        by: Who ran that.
        fallback: What an automatic rollback restores; None for the first release of a group that never was healthy.
        origin: Link of the unmanaged template that all releases before this one descend from; empty where not known.
        origin_made_at: When that was made.
    """

    __pydantic_config__ = _STRICT

    repository: Annotated[str, Field(min_length=1)]
    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    base: Link
    base_id: NumericId
    group: Annotated[str, Field(pattern=r"^[^/\s]+/[^/\s]+$")]
    commit: str = ""
    run: str = ""
    by: str = ""
    fallback: Fallback | None = None
    origin: str = ""
    origin_made_at: AwareDatetime | None = None

    def dump(self) -> str:
        """Return the JSON that stands in the metadata."""
        return _JSON.dump_json(self).decode()


_JSON: TypeAdapter[ReleaseRecord] = TypeAdapter(ReleaseRecord)


def parse_record(text: str) -> ReleaseRecord | None:
    """Return the record that a text holds; None for any other text, however malformed."""
    try:
        return _JSON.validate_json(text)
    except ValidationError:
        return None
