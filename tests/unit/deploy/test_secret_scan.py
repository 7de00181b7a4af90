"""Secrets in metadata: where they are, and which the environment file allows."""

import pytest

from deploy.release.secret_scan import Leak, divide_leaks, leaks

VALUE = "q8Zk2LrXv9TnB4mWc7Yd"


@pytest.mark.parametrize(
    ("entry", "text", "expected"),
    [
        ("api-token", VALUE, [Leak("api-token", 1, "api-token")]),
        ("api-token", f"  {VALUE}\n", [Leak("api-token", 1, "api-token")]),
        ("api-token", "${TOKEN}", []),
        ("note", VALUE, []),
        ("startup-script", f"#!/bin/sh\nset -e\nexport API_TOKEN={VALUE}\n", [Leak("startup-script", 3, "API_TOKEN")]),
        ("api-token", f'{{"api_key": "{VALUE}"}}', [Leak("api-token", 1, "api_key")]),
        ("api-token", f' \n{{"api_key": "{VALUE}"}}', [Leak("api-token", 2, "api_key")]),
        ("api-token", f'["x", {{"api_key": "{VALUE}"}}]', [Leak("api-token", 1, "api_key")]),
        ("api-token", f"a\nAPI_TOKEN={VALUE}", [Leak("api-token", 2, "API_TOKEN")]),
        ("api-token", f"\nAPI_TOKEN={VALUE}\na", [Leak("api-token", 2, "API_TOKEN")]),
    ],
)
def test_leak_has_an_entry_a_line_and_a_name(entry: str, text: str, expected: list[Leak]) -> None:
    """An entry of one line is an assignment to its key; other entries are searched for assignments."""
    assert leaks({entry: text}) == expected


def test_leaks_are_sorted_and_divided() -> None:
    """An allowed name counts in its own entry only."""
    metadata = {"b": f"x\nAPI_TOKEN={VALUE}", "a": f"x\nAPI_TOKEN={VALUE}\nAPI_TOKEN={VALUE}"}
    a, second, b = Leak("a", 2, "API_TOKEN"), Leak("a", 3, "API_TOKEN"), Leak("b", 2, "API_TOKEN")
    assert leaks(metadata) == [a, second, b]
    assert divide_leaks(metadata, {"a": ("API_TOKEN",), "b": ("OTHER",)}) == ((b,), (a, second))
    assert divide_leaks(metadata, {"a": ("API_TOKEN",)}) == ((b,), (a, second))
    assert str(b) == "'b' line 2 (API_TOKEN)"
