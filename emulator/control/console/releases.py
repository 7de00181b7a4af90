"""The releases of templates, read from the metadata entry `release` that a deploy has written; nothing is derived."""

from collections import Counter
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, ValidationError

from emulator.environment.environment import Environment
from emulator.environment.links import project_of
from emulator.environment.view import Document

_KEY: Final = "release"


class _Step(BaseModel):
    """A step of the rollout of a release: a number of instances or a percentage such as `50%`, then its bake."""

    size: Annotated[int, Field(ge=1)] | Annotated[str, Field(pattern=r"^[0-9]{1,2}%$")]
    bake_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    pauses: bool = False


class _Record(BaseModel):
    """The members of a release record that the console shows; others are ignored."""

    repository: Annotated[str, Field(min_length=1)]
    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    commit: str = ""
    by: str = ""
    run: str = ""
    steps: tuple[_Step, ...] = ()


def releases(environment: Environment) -> dict[str, dict[str, dict[str, Any]]]:
    """
    Return the releases of existing templates, by project, `projects/P`, and by the template's name.

    A template is left out, and the console shows its name, if it has no release record, if its other metadata lack the
    record's digest, or if a global and a regional template of the project have its name.
    """
    by_project: dict[str, dict[str, dict[str, Any]]] = {}
    names = Counter[tuple[str, str]]()
    for collection, templates in environment.view.collections.items():
        if not collection.endswith("/instanceTemplates"):
            continue
        project = project_of(collection)
        for name, template in templates.items():
            names[project, name] += 1
            record = _record(template, environment.instance_controls.metadata(f"{collection}/{name}"))
            if record is not None:
                by_project.setdefault(project, {})[name] = record.model_dump()
    return {
        project: {name: record for name, record in records.items() if names[project, name] == 1}
        for project, records in by_project.items()
    }


def _record(template: Document, metadata: str) -> _Record | None:
    """Return the release record of a template whose metadata, in one text, have the record's digest elsewhere too."""
    items = ((template.get("properties") or {}).get("metadata") or {}).get("items") or []
    text = next((str(item.get("value", "")) for item in items if item.get("key") == _KEY), "")
    try:
        record = _Record.model_validate_json(text)
    except ValidationError:
        return None
    return record if record.digest in metadata.replace(text, "") else None
