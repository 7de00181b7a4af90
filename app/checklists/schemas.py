"""Bodies of the checklist routes."""

from typing import Annotated

from pydantic import BaseModel, Field

Keyword = Annotated[str, Field(max_length=200)]
CaseId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$", description="Part of a URL.")]


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
