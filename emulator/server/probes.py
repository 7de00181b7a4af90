"""Health probes of bound containers."""

import asyncio
from typing import Final

import httpcore

from emulator.environment.bindings import probed
from emulator.environment.environment import Environment

_TIMEOUT_S: Final = 2.0
_INTERVAL_S: Final = 1.0  # virtual
_SHORTEST_INTERVAL_S: Final = 0.05
# httpcore, because `import httpx` loads a command line with click and rich, which doubles the emulator's start.
_NO_ANSWER: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    TypeError,
    ValueError,
)  # fmt: skip; the last two for URLs that cannot be parsed


async def probe_forever(environment: Environment) -> None:
    """Request the health URLs of all bound containers, once a virtual second; each probe is a new connection."""
    controls = environment.instance_controls
    async with httpcore.AsyncConnectionPool(max_keepalive_connections=0) as pool:
        while True:
            bindings = [binding for binding in controls.bindings.values() if binding.is_probed and binding.url]
            results = await asyncio.gather(*(_answers(pool, binding.url) for binding in bindings))
            environment.advance()
            for binding, answers in zip(bindings, results, strict=True):
                current = controls.bindings.get(binding.key)
                if current is None or not current.is_probed or current.url != binding.url:
                    continue
                after = probed(current, environment.now_s, answers=answers)
                if after != current:
                    environment.bind(after)
            await asyncio.sleep(max(_SHORTEST_INTERVAL_S, environment.clock.real_s(_INTERVAL_S)))


async def _answers(pool: httpcore.AsyncConnectionPool, url: str) -> bool:
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), _TIMEOUT_S)
    try:
        response = await pool.request("GET", url, extensions={"timeout": timeouts})
    except _NO_ANSWER:
        return False
    return response.status == 200
