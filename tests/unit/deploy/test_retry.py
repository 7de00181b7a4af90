"""Retries: the answers that are retried, and the time budget."""

import httpx
import pytest

from deploy.compute_engine.client import Compute
from deploy.errors import CloudError
from deploy.retry import Time, TransientError, call_with_retries


def asking(answer: httpx.Response) -> tuple[Compute, list[float]]:
    """Return an API that always gives an answer, and the list of its sleeps."""
    slept: list[float] = []
    stream = answer.read()
    made = lambda _: httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(stream))  # noqa: E731
    client = httpx.Client(transport=httpx.MockTransport(made))
    time = Time(lambda: sum(slept), slept.append)
    return Compute(client, "http://x/compute/v1", "p", dict, time, dice=lambda: 0.5), slept


@pytest.mark.parametrize("asked", ["36000", "91", "90"])
def test_retry_after_beyond_the_budget_is_not_waited_for(asked: str) -> None:
    """The client does not wait for a `Retry-After` that is as long as the time budget or longer."""
    compute, slept = asking(httpx.Response(503, headers={"retry-after": asked}))
    with pytest.raises(CloudError, match="503"):
        compute.get("x")
    assert slept == []


def test_retry_after_within_the_budget_is_waited_for() -> None:
    """The client waits for a `Retry-After` that fits into the rest of the time budget."""
    compute, slept = asking(httpx.Response(503, headers={"retry-after": "40"}))
    with pytest.raises(CloudError, match="503"):
        compute.get("x")
    assert slept == [40.0, 40.0]


@pytest.mark.parametrize("status", [200, 503])
@pytest.mark.parametrize("body", [b'{"name": "\xff\xfe"}', '{"name": "é'.encode()[:-1], b"\x00\x01"], ids=str)
def test_body_that_is_not_text_is_retried(status: int, body: bytes) -> None:
    """A request whose body is not UTF-8 text is retried until the time budget ends."""
    compute, slept = asking(httpx.Response(status, content=body, headers={"content-type": "application/json"}))
    with pytest.raises(CloudError):
        compute.get("x")
    assert 80 <= sum(slept) < 90, "no attempt begins after the budget"


def test_body_that_cannot_be_decompressed_is_retried() -> None:
    """A request whose body can't be decompressed is retried."""
    answers = iter([b"\x1f\x8bbroken", b'{"name": "x"}'])

    def answer(_: httpx.Request) -> httpx.Response:
        body = next(answers)
        packed = {"content-encoding": "gzip"} if body[:1] == b"\x1f" else {}
        return httpx.Response(200, headers=packed, stream=httpx.ByteStream(body))

    client = httpx.Client(transport=httpx.MockTransport(answer))
    slept: list[float] = []
    compute = Compute(client, "http://x/compute/v1", "p", dict, Time(lambda: sum(slept), slept.append))
    assert compute.get("x") == {"name": "x"}


def test_permanent_error_is_not_retried() -> None:
    """A permanent error is raised after the first attempt."""
    calls: list[int] = []

    def call() -> None:
        calls.append(1)
        raise CloudError("no", 400)

    with pytest.raises(CloudError) as error:
        call_with_retries(call, Time(lambda: 0.0, print), 90.0)
    assert not isinstance(error.value, TransientError)
    assert len(calls) == 1
