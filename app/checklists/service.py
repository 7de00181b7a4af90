"""From keywords to a checklist: the common checks, and what the model adds to them."""

import json
import logging
from collections.abc import Iterable, Sequence
from typing import Final

from app.checklists.fixed import COMMON
from app.clients.llm import Llm

_LONGEST: Final = 30
_MAX_TOKENS: Final = 1024
_SYSTEM: Final = """\
당신은 한국의 주택 임대차 계약을 돕는 전문가입니다.
세입자가 계약 전에 확인할 항목을 만드세요.
문자열로만 이루어진 JSON 배열 하나로만 답하고, 다른 글은 쓰지 마세요.
각 항목은 한 문장의 한국어이고, 아래의 공통 항목과 겹치지 않아야 합니다.
공통 항목:
"""
_log = logging.getLogger(__name__)


class ChecklistService:
    """
    Makes checklists.

    Args:
        llm: Where the model is asked.
        adapter: The adapter to ask.
    """

    def __init__(self, llm: Llm, adapter: str) -> None:
        self._llm = llm
        self._adapter = adapter

    async def checklist(self, keywords: Sequence[str] | None) -> list[str]:
        """
        Return at most 30 checks; without keywords the common ones, for which nobody is asked.

        Raises:
            OutboundError: The model does not answer. An answer that is no list of checks adds nothing, and is no error.
        """
        wanted = _distinct(keywords or ())
        if not wanted:
            return list(COMMON)
        answer = await self._llm.chat(
            _SYSTEM + "\n".join(f"- {check}" for check in COMMON),
            "키워드:\n" + "\n".join(f"- {keyword}" for keyword in wanted),
            adapter=self._adapter,
            max_tokens=_MAX_TOKENS,
        )
        added = checks_of(answer)
        if not added:
            _log.warning("the model's answer of %d characters is no list of checks", len(answer))
        return merged(added)


def checks_of(answer: str) -> list[str]:
    """The checks in a model's answer, from its first `[` to its last `]`; none if that is no list of strings."""
    try:
        found = json.loads(answer[answer.index("[") : answer.rindex("]") + 1])
    except (ValueError, RecursionError):
        return []
    if not isinstance(found, list) or not all(isinstance(check, str) for check in found):
        return []
    return _distinct(check.encode(errors="replace").decode() for check in found)  # JSON can say half a character


def merged(added: Iterable[str]) -> list[str]:
    """The common checks, then the others, each once, 30 at most."""
    return _distinct([*COMMON, *added])[:_LONGEST]


def _distinct(texts: Iterable[str]) -> list[str]:
    """Texts without blanks around them, each once, in the order of their first appearance."""
    return list(dict.fromkeys(filter(None, (text.strip() for text in texts))))
