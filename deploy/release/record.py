"""The release record: a metadata entry of a template, as JSON, that describes its release."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError

from deploy.documents.group_state import Version
from deploy.documents.resource import name_of
from deploy.release.boot_times import NO_BOOT, BootTimes
from deploy.release.steps import Step

# The key of the metadata entry.
RECORD_KEY: Final = "release"
SCRIPT_ALONE: Final = ("startup-script",)
_STRICT: Final = ConfigDict(strict=True, extra="forbid")
Link = Annotated[str, Field(pattern=r"^projects/[^/\s]+/[^\s]+/instanceTemplates/[^/\s]+$")]
NumericId = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]


@dataclass(frozen=True)
class Fallback:
    """
    The version that a rollback restores, whole: a changed version name alone replaces instances.

    Args:
        link: link of the version's template.
        template_id: numeric id of that template: another template may have the same link by the time of the rollback.
        name: name of the version.
    """

    __pydantic_config__ = _STRICT

    link: Link
    template_id: NumericId
    name: str = ""

    @property
    def version(self) -> Version:
        """The entry of `versions` that a rollback writes."""
        return Version(self.link, self.name)

    @property
    def template(self) -> str:
        """The template's name, to be printed."""
        return name_of(self.link)


@dataclass(frozen=True)
class ReleaseRecord:
    """
    The description of a release in its template.

    Args:
        repository: repository of the image.
        digest: digest of the image, `sha256:…`.
        base: link of the template that this template is a copy of.
        base_id: numeric id of that template.
        group: group of the release, `ZONE/GROUP`.
        commit: commit of the sources; empty if unknown.
        run: id of the deploy that created the template.
        by: person or account that ran that deploy.
        fallback: version that an automatic rollback restores; None for the first release of a group that was never
            healthy.
        origin: link of the unmanaged template that the group's releases descend from; empty if unknown.
        origin_made_at: time at which that template was inserted.
        entries: keys of the metadata entries that hold the image; a record without them is of the startup script alone.
        steps: parts of the group that get the release before all of it does; empty for none.
        checks: names of the checks that judge these steps; empty for none, and for a release without steps.
        boot: slowest boot phases of the release before, which served when this release was rolled out; without any if
            its instances wrote none.
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
    entries: Annotated[tuple[str, ...], Field(min_length=1)] = SCRIPT_ALONE
    steps: tuple[Step, ...] = ()
    checks: tuple[str, ...] = ()
    boot: BootTimes = NO_BOOT

    def dump(self) -> str:
        """
        Return the record as JSON, the value of the metadata entry.

        The entries are left out if they are the startup script alone, and steps, checks and phases if there are none,
        so that earlier versions of `deploy`, which know no such members, read the record too.
        """
        usual = {
            "entries": self.entries == SCRIPT_ALONE,
            "steps": not self.steps,
            "checks": not self.checks,
            "boot": not self.boot.reached(),
        }
        return _JSON.dump_json(self, exclude={key for key, is_usual in usual.items() if is_usual}).decode()


_JSON: TypeAdapter[ReleaseRecord] = TypeAdapter(ReleaseRecord)


def parse_record(text: str) -> ReleaseRecord | None:
    """Return the record of a metadata value; None for any other text, however malformed."""
    try:
        return _JSON.validate_json(text)
    except ValidationError:
        return None
