"""Bodies of the checklist routes."""

from typing import Annotated

from pydantic import BaseModel, Field

Keyword = Annotated[str, Field(max_length=2000)]
CaseId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=r"^(?:[^.]|\.[^.]|\.\.[\s\S])",
        description="Any text except `.` and `..`; percent-encoded in the path of the callback.",
    ),
]


class ChecklistRequest(BaseModel):
    """The topics of a checklist."""

    keywords: Annotated[list[Keyword], Field(max_length=100)] | None = None


class Checklist(BaseModel):
    """The checklist."""

    checklists: list[str]


class ChecklistAccepted(BaseModel):
    """The answer for a checklist that a callback delivers."""

    id: str
    message: str
