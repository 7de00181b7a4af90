"""Tests of the service, without a network."""

import pytest
from server import app


@pytest.mark.parametrize(("path", "text"), [("/", "Hello, world!\n"), ("/healthz", "ok\n")])
def test_route_answers(path: str, text: str) -> None:
    """Each route answers 200 with its text."""
    response = app.test_client().get(path)
    assert (response.status_code, response.text) == (200, text)
