"""The application in this process, with fakes of the other services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from app.clients.ocr import OcrPolicy
from app.clients.outbound import OutboundPolicy
from app.jobs import JobPolicy, Jobs
from app.lag import LagPolicy
from app.main import create_app
from app.policies import Policies
from app.readiness import Readiness
from app.settings import Settings
from tests.support.app_fakes import backend, upstage, vllm
from tests.support.app_fakes.backend import Backend
from tests.support.app_fakes.routing import Routing
from tests.support.app_fakes.storage import Storage
from tests.support.app_fakes.upstage import Upstage
from tests.support.app_fakes.vllm import Vllm
from tests.unit.app.service_clients import clients_over

# No waits between attempts and between pages, and no refusal on a computer that is busy.
FAST = Policies(lag=LagPolicy(longest_s=60), outbound=OutboundPolicy(backoff_s=0), ocr=OcrPolicy(period_s=0.001))


@dataclass
class AppEnvironment:
    """The fakes and the application that uses them; `settings` has the differences from the default settings."""

    settings: dict[str, Any] = field(default_factory=dict)
    policies: Policies = FAST
    vllm: Vllm = field(default_factory=Vllm)
    upstage: Upstage = field(default_factory=Upstage)
    backend: Backend = field(default_factory=Backend)
    storage: Storage = field(default_factory=Storage)
    jobs: Jobs = field(default_factory=lambda: Jobs(JobPolicy()))
    readiness: Readiness = field(default_factory=Readiness)

    def app(self) -> FastAPI:
        """Return the application."""
        hosts = {
            "vllm.internal": self.vllm.app,
            "upstage.internal": self.upstage.app,
            "backend.internal": self.backend.app,
            "127.0.0.1": self.storage.app,
        }
        return create_app(
            fake_settings(**self.settings), self.policies, self.readiness, self.jobs, *clients_over(Routing(hosts))
        )

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Run the application and yield its client; at the end of the block all callbacks are delivered."""
        app = self.app()
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://ai-server") as client:
                yield client


def fake_settings(**changed: Any) -> Settings:
    """Return settings with the addresses of the fakes."""
    defaults = {
        "app_env": "local",
        "vllm_base_url": "http://vllm.internal/v1",
        "vllm_api_key": vllm.KEY,
        "vllm_lora_adapter_checklist": "checklist",
        "vllm_lora_adapter_easycontract": "easycontract",
        "backend_callback_base_url": "http://backend.internal/api",
        "backend_internal_token": backend.TOKEN,
        "ocr_api": upstage.KEY,
        "ocr_url": "http://upstage.internal/v1/document-digitization",
        "ai_server_image": "registry/ai-server@sha256:0",
    }
    return Settings(**{**defaults, **changed})
