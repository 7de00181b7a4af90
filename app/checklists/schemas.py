"""What the checklist routes take and give."""

from typing import Annotated

from pydantic import BaseModel, Field

Keyword = Annotated[str, Field(max_length=200)]
CaseId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$", description="It becomes part of a URL.")]


class ChecklistRequest(BaseModel):
    """What the checklist is to be about."""

    keywords: Annotated[list[Keyword], Field(max_length=100)] | None = None


class Checklist(BaseModel):
    """The checklist."""

    checklists: list[str]


class ChecklistAccepted(BaseModel):
    """The checklist will come by a callback."""

    id: str
    message: str
