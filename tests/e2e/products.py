"""The AI server and all services that it calls, as services of one session of the engine, reached from this host."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagger
import httpx
from dagger import dag

from ci import application_file
from ci.checked_programs import programs
from ci.steps import base, environment, image
from tests.support.programs import ROOT

FAKES = {"vllm": 8001, "upstage": 8002, "backend": 8003, "storage": 8004}
STORAGE = f"http://storage:{FAKES['storage']}"
TOKEN = "fake-token-of-a-caller-of-the-server"
SECRETS = ("fake-vllm-key", "fake-ocr-key", "fake-backend-token", TOKEN)
PDF_PAGES = 3
ANSWER_S = 60
APPLICATION = application_file.parse((ROOT / "delivery.yaml").read_text())
_PYTHON = base.python_image(programs(ROOT)[0].python)
_CHROMA = "chromadb==1.5.9"  # as compose/ has it
_CHROMA_PORT = 8100
_CHROMA_RUN = "import sys, chromadb_rust_bindings as c; c.cli(['chroma', *sys.argv[1:]])"
_SOURCES = [".dockerignore", "Dockerfile", "app", "pyproject.toml", "tests/support/app_fakes", "uv.lock"]
_ENVIRONMENT = {
    "AI_SERVER_TOKENS": TOKEN,
    "VLLM_BASE_URL": f"http://vllm:{FAKES['vllm']}/v1",
    "VLLM_API_KEY": SECRETS[0],
    "OCR_URL": f"http://upstage:{FAKES['upstage']}/v1/document-digitization",
    "OCR_API": SECRETS[1],
    "BACKEND_CALLBACK_BASE_URL": f"http://backend:{FAKES['backend']}/api",
    "BACKEND_INTERNAL_TOKEN": SECRETS[2],
    "CHROMADB_URL": f"http://chroma:{_CHROMA_PORT}",
    "HTTP_TIMEOUT_SEC": "30",
}
_FILES = f"""
import pymupdf
lease = pymupdf.open()
for number in range({PDF_PAGES}):
    lease.new_page().insert_text((72, 72), f"Lease, page {{number + 1}}")
lease.save("/files/lease.pdf")
lease[0].get_pixmap().save("/files/page.png")
"""


@dataclass(frozen=True)
class Products:
    """
    The running services.

    Args:
        urls: addresses of the server as `local` and as `prod`, and of the fakes, by name.
        files: folder with `lease.pdf` and `page.png`.
        log: file with the output of the session and of the servers.
    """

    urls: dict[str, str]
    files: Path
    log: Path

    def records(self, name: str, what: str = "calls") -> list[dict[str, Any]]:
        """Return what a fake has recorded: the calls that it got, or its callbacks."""
        recorded: list[dict[str, Any]] = httpx.get(f"{self.urls[name]}/fake/{what}", timeout=ANSWER_S).json()
        return recorded

    def logged(self) -> str:
        """Return the lines that the servers have logged so far."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(line for line in lines if '"app": "dojangkok-ai"' in line)


@contextmanager
def running(folder: Path) -> Iterator[Products]:
    """Build the image as the pipeline does, and run everything until the end of one session."""
    with asyncio.Runner() as runner:
        session = _session(folder)
        products = runner.run(session.__anext__())
        try:
            yield products
        finally:
            runner.run(session.aclose())


async def _session(folder: Path) -> AsyncGenerator[Products]:
    log = folder / "dagger.log"
    # Without a file the SDK gives the CLI a pipe that is never read: once it is full, the session never ends.
    with log.open("w") as output:
        async with dagger.connection(dagger.Config(log_output=output)):
            source = dag.host().directory(str(ROOT), include=_SOURCES, exclude=["**/.venv", "**/__pycache__"])
            python = environment.environment(await environment.read_project(source, "."), _PYTHON)
            fakes = {name: _fake(python, source, name) for name in FAKES}
            built = image.build(source, APPLICATION)
            services = {
                "local": _server(built, "local", {**fakes, "chroma": _chroma()}),
                "prod": _server(built, "prod", {"storage": fakes["storage"]}),
                **fakes,
            }
            made = python.with_exec(["mkdir", "/files"]).with_exec(["python", "-c", _FILES]).directory("/files")
            await made.export(str(folder / "files"))
            urls = dict(zip(services, await asyncio.gather(*map(_url, services.values())), strict=True))
            yield Products(urls, folder / "files", log)


def _fake(python: dagger.Container, source: dagger.Directory, name: str) -> dagger.Service:
    command = ["python", "-m", f"tests.support.app_fakes.{name}", "--port", str(FAKES[name])]
    fakes = source.directory("tests/support/app_fakes")
    with_fakes = python.with_mounted_directory(f"{base.WORKDIR}/tests/support/app_fakes", fakes)
    return with_fakes.with_exposed_port(FAKES[name]).as_service(args=command)


def _chroma() -> dagger.Service:
    """Return ChromaDB's own server, from its Python package without the dependencies of the client."""
    install = ["uv", "pip", "install", "--no-deps", "--target", "/opt/chroma", _CHROMA]
    command = ["python", "-c", _CHROMA_RUN, "run", "--host", "0.0.0.0", "--port", str(_CHROMA_PORT), "--path", "/data"]  # noqa: S104
    return (
        base.python(base.PYTHON)
        .with_exec(install)
        .with_env_variable("PYTHONPATH", "/opt/chroma")
        .with_exposed_port(_CHROMA_PORT)
        .as_service(args=command)
    )


def _server(built: dagger.Container, app_env: str, others: dict[str, dagger.Service]) -> dagger.Service:
    container = image.configured(built, APPLICATION, APPLICATION.image)
    for name, value in {**_ENVIRONMENT, "APP_ENV": app_env}.items():
        container = container.with_env_variable(name, value)
    for name, service in others.items():
        container = container.with_service_binding(name, service)
    return container.with_exposed_port(APPLICATION.port).as_service()


async def _url(service: dagger.Service) -> str:
    """Start a service, and a port of this host that leads to it."""
    tunnel = await dag.host().tunnel(service).start()
    return await tunnel.endpoint(scheme="http")
