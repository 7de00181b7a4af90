"""
What looks like a secret in somebody's text: refused in a template, hidden in what is shown. Pure.

Metadata can be read by every process of a machine and by whoever may describe a template. Sources of the forms: the
vendors' own secret-scanning documentation.
"""

import re
from dataclasses import dataclass
from typing import Final

# A literal, as opposed to a shell's `$VARIABLE`, `$(command)` or `backticks`.
_LITERAL: Final = r"(?P<quote>[\"']?)[^\s\"'$`<>|;&]{4,}"
_FORMS: Final = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "a service account's key": r"[\"']private_key(?:_id)?\\?[\"']\s*:\s*\\?[\"'][\w-]",
    "a Google OAuth token": r"\bya29\.[\w.-]{10,}",
    "a Google API key": r"\bAIza[\w-]{35}",
    "a GitHub token": r"\b(?:gh[opsru]_[A-Za-z0-9]{20,}|github_pat_\w{20,})",
    "an AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|(?i:aws_secret_access_key)[\"']?\s*[=:]\s*[\"']?[A-Za-z0-9/+]{40}",
    "a password in a URL": r"(?<=://)[^\s/:@\"'$`<>{}]+:[^\s/@\"'$`<>{}]{4,}(?=@)",
    "a bearer token": r"(?i:\bauthorization\\?[\"']?\s*:\s*\\?[\"']?bearer)\s+[\w.~+/-]{8,}",
    "a password": (r"\\?[\"'][\w-]*(?i:password|token|secret)\\?[\"']\s*:\s*\\?[\"'][^\s\"'$`<>{}\\]{6,}\\?[\"']"),
    "a registry's password": (
        rf"\b(?:docker|podman|crane|skopeo)\s+(?:auth\s+)?login\b(?:[^\n;|&\\]|\\\n)*?\s(?:-p|--password)(?:\s+|=){_LITERAL}"
        r"|\b(?:echo|printf)\s+(?:-n\s+)?[\"']?[^\s\"'$`|]{4,}[\"']?\s*\|\s*(?:sudo\s+)?docker\s+login\b"
        r"|[\"']auth[\"']\s*:\s*[\"'][A-Za-z0-9+/]{8,}={0,2}[\"']"
    ),
}
_PATTERNS: Final = {what: re.compile(form, re.ASCII) for what, form in _FORMS.items()}
# What is hidden besides: it may be no literal, and nobody is kept from a deploy by it.
_SHOWN: Final = (
    re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----.*?(?:-----END (?:[A-Z]+ )*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(?<=://)[^\s/:@]+:[^\s@]+(?=@)"),
    re.compile(r"(?i)(?<=\bbearer\s)\s*[\w.~+/-]{8,}=*"),
    re.compile(r"(?i)\\?[\"'][\w-]*(?:password|token|secret)\\?[\"']\s*:\s*\\?[\"'][^\"'\n]*[\"']"),
)
_ASSIGNED: Final = re.compile(
    r"(?i)(?<![\w-])([\w-]*(?:key|token|secret|pass|pwd)[\w-]*)=(?:\"[^\"\n]*\"|'[^'\n]*'|\S{4,})"
)


@dataclass(frozen=True)
class Leak:
    """
    Something that looks like a secret; never its value.

    Args:
        what: With its article, such as `a private key`.
        line: Counted from 1.
    """

    what: str
    line: int


def leaks(text: str) -> list[Leak]:
    """Return what looks like a secret in a text, by line."""
    found = [
        Leak(what, text.count("\n", 0, match.start()) + 1)
        for what, pattern in _PATTERNS.items()
        for match in pattern.finditer(text)
    ]
    return sorted(set(found), key=lambda leak: (leak.line, leak.what))


def redacted(text: str) -> str:
    """Return somebody's output without what looks like a secret; all of it at once, since a key has many lines."""
    for pattern in (*_SHOWN, *_PATTERNS.values()):
        text = pattern.sub("…", text)
    return _ASSIGNED.sub(r"\1=…", text)
