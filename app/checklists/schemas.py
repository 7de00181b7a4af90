"""Bodies of the checklist routes."""

from typing import Annotated

from pydantic import BaseModel, Field

Keyword = Annotated[str, Field(max_length=200)]
CaseId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$", description="Part of a URL.")]


class ChecklistRequest(BaseModel):
    """The topics of a checklist."""

    keywords: Annotated[list[Keyword] | None, Field(max_length=100, examples=[["반려동물", "전세"]])] = None


class Checklist(BaseModel):
    """The checklist."""

    checklists: Annotated[list[str], Field(examples=[["보증금이 주변 시세와 비교해 적정한지 확인하기"]])]


class ChecklistAccepted(BaseModel):
    """The answer for a checklist that a callback delivers."""

    id: Annotated[str, Field(examples=["case-7"])]
    message: Annotated[str, Field(examples=["체크리스트 생성을 시작했습니다."])]
