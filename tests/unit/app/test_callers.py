"""The tokens of the callers, without a server."""

import hmac
import re

import pytest

from app import callers
from app.callers import Callers, read_tokens

OLD, NEW = "old-" + "o" * 28, "new-" + "n" * 28


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", ()), (OLD, (OLD,)), (f"{OLD},{NEW}", (OLD, NEW)), ("aZ09._~+/-" * 4 + "==", ("aZ09._~+/-" * 4 + "==",))],
)
def test_value_has_at_most_two_tokens(text: str, tokens: tuple[str, ...]) -> None:
    """A value is empty, a token, or two tokens with a comma between them."""
    assert read_tokens(text) == tokens


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{OLD},{NEW},{'x' * 32}", "has 3 tokens. Fix: keep at most 2"),
        (f"{OLD},", "token 2 is empty. Fix: write a comma only between two tokens"),
        (f",{OLD}", "token 1 is empty"),
        (f"{OLD}, {NEW}", "token 2 has a character that no bearer token may have, such as a blank"),
        (f'"{OLD}"', "token 1 has a character that no bearer token may have"),
        (f"{OLD};{NEW}", "token 1 has a character that no bearer token may have"),
        (f"{OLD}=x", "token 1 has a character that no bearer token may have"),
        ("토큰" * 20, "token 1 has a character that no bearer token may have"),
        (f"{OLD},{'x' * 31}", "token 2 is shorter than 32 characters. Fix: make one with 'openssl rand -hex 32'"),
        (f"{OLD},{OLD}", "both tokens are the same. Fix: write it once"),
    ],
)
def test_other_values_are_refused(text: str, reason: str) -> None:
    """The error has the number of the token and what to do, and no token."""
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}") as error:
        read_tokens(text)
    assert not [part for part in text.split(",") if part.strip() and part.strip() in str(error.value)]


@pytest.mark.parametrize("tokens", [(OLD,), (NEW,), (OLD, NEW), (NEW, OLD)])
def test_each_of_the_tokens_is_valid(tokens: tuple[str, ...]) -> None:
    """A caller may send each token of the value, and no other."""
    accepted = {token for token in (OLD, NEW) if Callers(tokens).accept([f"Bearer {token}".encode()])}
    assert accepted == set(tokens)


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}", " Bearer {} "])
def test_scheme_is_compared_without_case(header: str) -> None:
    """The scheme may have any case, and any number of blanks after it."""
    assert Callers([OLD]).accept([header.format(OLD).encode()])


@pytest.mark.parametrize(
    "credentials",
    [
        [],
        [b""],
        [b"Bearer"],
        [b"Bearer "],
        [OLD.encode()],
        [f"Basic {OLD}".encode()],
        [f"Bearer{OLD}".encode()],
        [f"Bearer {OLD[:-1]}".encode()],
        [f"Bearer {OLD}x".encode()],
        [f"Bearer {OLD.upper()}".encode()],
        [f"Bearer {OLD},{NEW}".encode()],
        [f"Bearer {OLD} {NEW}".encode()],
        [f"Bearer {OLD}".encode(), f"Bearer {OLD}".encode()],
        ["Bearer 토큰".encode()],
        [b"Bearer \xff\x00"],
    ],
)
def test_other_headers_are_refused(credentials: list[bytes]) -> None:
    """No header, another scheme, a part of a token, or two headers: the request has no valid token."""
    assert not Callers([OLD, NEW]).accept(credentials)


def test_no_header_is_valid_without_tokens() -> None:
    """An empty token is none: without tokens no header is valid."""
    assert not Callers([]).accept([b"Bearer "])


def test_comparison_covers_every_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each token is compared in constant time, over values of one length, also after another token has matched."""
    compared: list[tuple[int, int]] = []

    def recorded(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return hmac.compare_digest(left, right)

    monkeypatch.setattr(callers, "compare_digest", recorded)
    for token in (OLD, NEW, "short", "x" * 5000):
        compared.clear()
        Callers([OLD, NEW]).accept([f"Bearer {token}".encode()])
        assert compared == [(32, 32), (32, 32)]


def test_callers_hold_no_token() -> None:
    """Neither the text of the object nor its fields have a token."""
    assert OLD not in repr(vars(Callers([OLD])))
