"""Applications that run as servers in this process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp


@contextmanager
def serving(app: ASGIApp, **config: Any) -> Iterator[str]:
    """Serve an application in a thread on a free port, and yield its URL."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, **{"http": "httptools", **config}))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = server.force_exit = True  # ends open requests
    thread.join(30)
    assert not thread.is_alive()
