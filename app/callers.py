"""
The tokens of the callers.

`AI_SERVER_TOKENS` holds one token, or two with a comma between them while callers change to a new token. A caller sends
a token as `Authorization: Bearer TOKEN`.
"""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Final

_MOST_TOKENS: Final = 2
_SHORTEST_TOKEN: Final = 32  # characters; `openssl rand -hex 32` prints 64
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # token68 of RFC 9110, section 11.2: no comma, no blank
_SCHEME: Final = b"bearer"  # compared without case, as RFC 9110, section 11.1, says of every scheme


def read_tokens(text: str) -> tuple[str, ...]:
    """
    Return the tokens in a value of `AI_SERVER_TOKENS`; none for an empty text.

    Raises:
        ValueError: the text is not one or two different tokens with a comma between them. The error has no token.
    """
    if not text:
        return ()
    tokens = tuple(text.split(","))
    if len(tokens) > _MOST_TOKENS:
        raise ValueError(f"has {len(tokens)} tokens. Fix: keep at most {_MOST_TOKENS}, with a comma between them")
    for number, token in enumerate(tokens, 1):
        if not token:
            raise ValueError(f"token {number} is empty. Fix: write a comma only between two tokens")
        if not _TOKEN.fullmatch(token):
            raise ValueError(
                f"token {number} has a character that no bearer token may have, such as a blank or a quote."
                " Fix: write letters, digits and -._~+/ alone, with = only at the end"
            )
        if len(token) < _SHORTEST_TOKEN:
            fix = "Fix: make one with 'openssl rand -hex 32'"
            raise ValueError(f"token {number} is shorter than {_SHORTEST_TOKEN} characters. {fix}")
    if len(set(tokens)) < len(tokens):
        raise ValueError("both tokens are the same. Fix: write it once")
    return tokens


class Callers:
    """
    The callers that may use the API: those that send a token. The object holds digests, and no token.

    Args:
        tokens: valid tokens.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self._digests = tuple(sha256(token.encode()).digest() for token in tokens)

    def accept(self, credentials: Sequence[bytes]) -> bool:
        """
        Return whether a request has a valid token. The time of a refusal depends on no part of a valid token.

        Args:
            credentials: values of the header `Authorization`; more than one is ambiguous, and refused.
        """
        if len(credentials) != 1:
            return False
        scheme, _, token = credentials[0].strip().partition(b" ")
        digest = sha256(token.strip()).digest()  # digests have equal lengths, unlike tokens
        matches = [compare_digest(digest, valid) for valid in self._digests]  # every token, also after a match
        return scheme.lower() == _SCHEME and any(matches)
