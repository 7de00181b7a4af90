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


async def replayed() -> dict[str, Fields]:
    return {exchange.name: await exchanged(exchange, serve, COMMON) for exchange in EXCHANGES}


if __name__ == "__main__":
    from tests.unit.app.original.differences import differences, table_row

    for row in sorted(map(table_row, differences(RECORDED, asyncio.run(replayed())))):
        print(row)
