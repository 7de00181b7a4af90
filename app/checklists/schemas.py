"""Bodies of the checklist routes and of their callback."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.checklists.fixed import COMMON
from app.errors import LONGEST_RETRY_AFTER_S

MAX_CHECKS: Final = 30
Keyword = Annotated[str, Field(max_length=2000)]
CaseId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=r"^(?:[^.]|\.[^.]|\.\.[\s\S])",
        description="Any text without `/`, except `.`, `..` and `sync`; percent-encoded in the path of the callback.",
    ),
]
_CHECKS: Final[list[JsonValue]] = ["보증금이 주변 시세와 비교해 적정한지 확인하기", "반려동물 특약 확인하기"]


class ChecklistRequest(BaseModel):
    """The topics of a checklist."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"keywords": ["전세", "반려동물"]}]})

    keywords: Annotated[list[Keyword], Field(max_length=100)] | None = Field(
        default=None, description="Topics of the lease; null or [] for the common checks alone."
    )


class Checklist(BaseModel):
    """The checklist."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"checklists": _CHECKS}]})

    checklists: list[str] = Field(
        description=f"{len(COMMON)} common checks, then those for the keywords; at most {MAX_CHECKS}."
    )


class ChecklistAccepted(BaseModel):
    """The answer for a checklist that a callback delivers."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": "7", "message": "체크리스트 생성을 시작했습니다."}]}
    )

    id: str = Field(description="The id of the request.")
    message: str


class CallbackError(BaseModel):
    """Why there is no checklist."""

    code: str = Field(description="Always `failed`.")
    message: str = Field(description="Text in Korean for the user.")
    retry_after_sec: int | None = Field(
        default=None,
        ge=0,
        le=LONGEST_RETRY_AFTER_S,
        description="Seconds until the same request may succeed; absent if it will not.",
    )


class FailedCallback(BaseModel):
    """The body of a callback without a checklist."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "code": "failed",
                        "message": "외부 서비스(vllm)가 응답하지 않습니다.",
                        "retry_after_sec": 10,
                    }
                }
            ]
        }
    )

    error: CallbackError
