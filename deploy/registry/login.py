"""
The login that a registry requires with status 401, and its token.

Source: token authentication of the distribution project, `WWW-Authenticate: Bearer realm="…",service="…",scope="…"`.
The realm issues a token, to every client or for a login by Basic.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

_PART: Final = re.compile(
    r"\b(?P<key>realm|service|scope)\s*=\s*(?:\"(?P<quoted>[^\"\\]*)\"|(?P<plain>[^\s,\"]+))"
    r"|\"(?:[^\"\\]|\\.)*\"|(?P<scheme>\b(?:bearer|basic)\b(?!\s*=))",
    re.IGNORECASE,
)
_MOST_HEADERS: Final = 4
_LONGEST_HEADER: Final = 2048
_TOKEN: Final = re.compile(r"[!-~]{1,65536}", re.ASCII)


@dataclass(frozen=True)
class Challenge:
    """
    The login that a registry requires of its clients.

    Args:
        scheme: `bearer` or `basic`; empty if the registry names neither.
        realm: address that issues tokens, for `bearer`.
        service: service of the token; may be empty.
        scope: scope of the token; may be empty.
    """

    scheme: str = ""
    realm: str = ""
    service: str = ""
    scope: str = ""


def challenge(headers: list[str]) -> Challenge:
    """Return the challenge of the `WWW-Authenticate` headers of an answer; a token takes precedence over Basic."""
    challenges: list[dict[str, str]] = []
    for header in headers[:_MOST_HEADERS]:
        for part in _PART.finditer(header[:_LONGEST_HEADER]):
            if part["scheme"]:
                challenges.append({"scheme": part["scheme"].lower()})
            elif part["key"] and challenges:
                value = part["quoted"] if part["quoted"] is not None else part["plain"]
                challenges[-1].setdefault(part["key"].lower(), value)
    challenges.sort(key=lambda fields: fields["scheme"] != "bearer")
    return Challenge(**challenges[0]) if challenges else Challenge()


def token(body: bytes) -> str:
    """Return the token of a realm's answer; empty if there is no token, or a header can't hold it."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    value = (data.get("token") or data.get("access_token")) if isinstance(data, dict) else None
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else ""
