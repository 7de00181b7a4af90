"""The original server: its requests are replayed, and each difference is in the list of docs/ai-server.md."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from app.checklists.fixed import COMMON
from app.jobs import Jobs
from app.main import create_app
from app.readiness import Readiness
from tests.unit.app.app_environment import FAST, fake_settings
from tests.unit.app.original.exchange import Exchange, Recorder, exchanged
from tests.unit.app.original.fields import Fields
from tests.unit.app.original.record import FILE
from tests.unit.app.original.requests import EXCHANGES

RECORDED: dict[str, Fields] = json.loads(FILE.read_text(encoding="utf-8"))


@asynccontextmanager
async def serve(exchange: Exchange, recorder: Recorder) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(fake_settings(app_env=exchange.app_env), FAST, Readiness(), Jobs(), recorder)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://ai-server") as client:
            yield client


async def differences() -> dict[str, dict[str, tuple[str | None, str | None]]]:
    found = {}
    for exchange in EXCHANGES:
        here, there = await exchanged(exchange, serve, COMMON), RECORDED[exchange.name]
        found[exchange.name] = {
            name: (there.get(name), here.get(name))
            for name in sorted(here.keys() | there.keys())
            if here.get(name) != there.get(name)
        }
    return found


if __name__ == "__main__":
    for name, fields in asyncio.run(differences()).items():
        print("##", name)
        for field, (there, here) in fields.items():
            print("   ", field, "|", there, "->", here)
