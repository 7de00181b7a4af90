"""Checklists: the common checks and those that the model adds for keywords."""

import json
import logging
from collections.abc import Iterable, Sequence
from typing import Final

from app.checklists.fixed import COMMON
from app.checklists.schemas import MAX_CHECKS
from app.clients.llm import Llm

_MAX_TOKENS: Final = 1024
_SYSTEM: Final = """\
당신은 한국의 주택 임대차 계약을 돕는 전문가입니다.
세입자가 계약 전에 확인할 항목을 만드세요.
문자열로만 이루어진 JSON 배열 하나로만 답하고, 다른 글은 쓰지 마세요.
각 항목은 한 문장의 한국어이고, 아래의 공통 항목과 겹치지 않아야 합니다.

[공통 체크리스트]
"""
_HEADING: Final = "[사용자 키워드]\n"
_CLOSING: Final = "\n\n위 키워드에 맞는 확인 항목만 만드세요."
_log = logging.getLogger(__name__)


class ChecklistService:
    """
    Creates checklists.

    Args:
        llm: client of the language model.
        adapter: name of the adapter.
    """

    def __init__(self, llm: Llm, adapter: str) -> None:
        self._llm = llm
        self._adapter = adapter

    async def checklist(self, keywords: Sequence[str] | None) -> list[str]:
        """
        Return at most 30 checks; without keywords the common ones, without a call of the model.

        An answer of the model that is not a list of checks adds none and is not an error.

        Raises:
            OutboundError: the model does not answer.
        """
        topics = _distinct(keywords or ())
        if not topics:
            return list(COMMON)
        answer = await self._llm.chat(
            _SYSTEM + "\n".join(f"- {check}" for check in COMMON),
            "\n".join(f"- {keyword}" for keyword in topics),
            heading=_HEADING,
            closing=_CLOSING,
            adapter=self._adapter,
            max_tokens=_MAX_TOKENS,
        )
        added = checks_of(answer)
        if not added:
            _log.warning("the model's answer of %d characters is not a list of checks", len(answer))
        return merged(added)


def checks_of(answer: str) -> list[str]:
    """Return the checks between the first `[` and the last `]` of an answer; none if they are not a list of texts."""
    try:
        checks = json.loads(answer[answer.index("[") : answer.rindex("]") + 1])
    except (ValueError, RecursionError):
        return []
    if not isinstance(checks, list) or not all(isinstance(check, str) for check in checks):
        return []
    return _distinct(check.encode(errors="replace").decode() for check in checks)  # JSON allows lone surrogates


def merged(added: Iterable[str]) -> list[str]:
    """Return the common checks, then the others, each once, at most 30."""
    return _distinct([*COMMON, *added])[:MAX_CHECKS]


def _distinct(texts: Iterable[str]) -> list[str]:
    """Return the stripped texts, each once, in the order of their first occurrence."""
    return list(dict.fromkeys(filter(None, (text.strip() for text in texts))))
