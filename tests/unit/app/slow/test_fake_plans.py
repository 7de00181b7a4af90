"""What all fakes have: planned faults, a record of calls, in-process or as a server."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.support.app_fakes.plan import Fault
from tests.support.app_fakes.routing import Routing
from tests.support.app_fakes.vllm import KEY, Vllm

pytestmark = pytest.mark.asyncio

CHAT = "/v1/chat/completions"
BODY = {"model": "checklist", "messages": [{"role": "user", "content": "가" * 5000}]}
BEARER = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
def fake() -> Vllm:
    return Vllm()


@pytest.fixture
def client(fake: Vllm) -> httpx.AsyncClient:
    transport = Routing({"vllm.internal": fake.app})
    return httpx.AsyncClient(base_url="http://vllm.internal:8001", transport=transport, headers=BEARER)


async def test_plan_is_followed_in_order(fake: Vllm, client: httpx.AsyncClient) -> None:
    """After its faults the fake answers normally."""
    fake.plan.set(Fault(status=503, retry_after_s=1, times=2), Fault(drop=True, times=1))
    for _ in range(2):
        answer = await client.post(CHAT, json=BODY)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    with pytest.raises(httpx.ReadError):
        await client.post(CHAT, json=BODY)
    assert (await client.post(CHAT, json=BODY)).status_code == 200
    assert len(fake.plan.calls) == 4


async def test_fault_of_each_key(fake: Vllm, client: httpx.AsyncClient) -> None:
    """The first attempts of every key have the fault, the later ones the next fault."""
    fake.plan.set(Fault(status=503, attempts=1), Fault(status=502, attempts=1))
    keys = ["a", "a", "b", "a", "b", "b"]
    answers = [await client.post(CHAT, json=BODY, headers={"Idempotency-Key": key}) for key in keys]
    assert [answer.status_code for answer in answers] == [503, 502, 503, 200, 502, 200]


async def test_plan_can_be_posted_and_cleared(client: httpx.AsyncClient) -> None:
    """A plan without a count lasts until an empty plan."""
    assert (await client.post("/fake/plan", json={"status": 500})).status_code == 204
    assert [(await client.post(CHAT, json=BODY)).status_code for _ in range(3)] == [500, 500, 500]
    assert (await client.post("/fake/plan", json=[])).status_code == 204
    assert (await client.post(CHAT, json=BODY)).status_code == 200


@pytest.mark.parametrize("junk", [b"", b"{", b"1", b'{"stauts": 500}', b'{"times": 0}'])
async def test_invalid_plan_is_refused(client: httpx.AsyncClient, junk: bytes) -> None:
    """A plan with unknown keys or values gets 400."""
    assert (await client.post("/fake/plan", content=junk)).status_code == 400


async def test_calls_are_recorded_without_the_key_and_shortened(client: httpx.AsyncClient) -> None:
    """A recorded call has no key, and at most 2000 characters of its body."""
    await client.post(CHAT, json=BODY)
    (call,) = (await client.get("/fake/calls")).json()
    assert (call["method"], call["path"], call["headers"]["authorization"]) == ("POST", CHAT, "…")
    assert len(call["body"]) == 2000
    assert KEY not in str(call)


async def test_health_ignores_the_plan(fake: Vllm, client: httpx.AsyncClient) -> None:
    """The route /health is not recorded and has no faults."""
    fake.plan.set(Fault(status=500))
    assert (await client.get("/health")).status_code == 200
    assert fake.plan.calls == []


async def test_other_hosts_do_not_exist(client: httpx.AsyncClient) -> None:
    """A request to an unknown host is a ConnectError."""
    with pytest.raises(httpx.ConnectError):
        await client.get("http://upstage.internal/health")


async def test_slow_fake_is_a_read_timeout(fake: Vllm, client: httpx.AsyncClient) -> None:
    """A latency above the timeout raises ReadTimeout."""
    fake.plan.set(Fault(latency_s=60))
    with pytest.raises(httpx.ReadTimeout):
        await client.post(CHAT, json=BODY, timeout=0.05)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A vLLM that takes 0.5 s, as a server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.support.app_fakes.vllm", "--port", str(port), "--latency-s", "0.5"]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 30
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


async def test_server_handles_50_concurrent_requests(url: str) -> None:
    """Concurrent requests wait at the same time for the latency; one after the other they would need 25 s."""
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=url, headers=BEARER, timeout=20, limits=limits, trust_env=False) as client:
        began_at = time.monotonic()
        answers = await asyncio.gather(*(client.post(CHAT, json=BODY) for _ in range(50)))
        assert {answer.status_code for answer in answers} == {200}
        assert 0.5 <= time.monotonic() - began_at < 20


async def test_server_drops_the_connection_as_planned(url: str) -> None:
    """A fault `drop` closes the connection without an answer."""
    async with httpx.AsyncClient(base_url=url, headers=BEARER, trust_env=False) as client:
        before = len((await client.get("/fake/calls")).json())
        await client.post("/fake/plan", json={"drop": True, "times": 1})
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await client.post(CHAT, json=BODY)
        assert (await client.post(CHAT, json=BODY)).status_code == 200
        assert len((await client.get("/fake/calls")).json()) == before + 2
