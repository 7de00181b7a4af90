"""ChromaDB's stack of compose/; the server is the one of ChromaDB's Python package."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.stacks.stacks import Stack, run_stack

_IMAGE = "chromadb/chroma:1.5.9"
_COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections"
_DOWNLOAD_S = 300

# Like Chroma's rust/Dockerfile: dumb-init, `chroma run /config.yaml`, and the path of the data in this file.
_LINES = """
    COPY chroma /opt/chroma
    COPY tini-static /usr/bin/dumb-init
    RUN echo 'persist_path: "/data"' >/config.yaml
    WORKDIR /opt/chroma
    ENTRYPOINT ["dumb-init", "--", "python", "-c", \
        "import sys, chromadb_rust_bindings as c; c.cli(['chroma', *sys.argv[1:]])"]
    CMD ["run", "/config.yaml"]
    """


@pytest.fixture(scope="module")
def stack(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The healthy stack."""
    context = tmp_path_factory.mktemp("images")
    shutil.copy("/usr/bin/tini-static", context)
    python = tmp_path_factory.mktemp("pip")
    package = f"chromadb=={_IMAGE.partition(':')[2]}"
    install = ["install", "--quiet", "--no-deps", "--no-compile", "--target", str(context / "chroma"), package]
    for command in ([sys.executable, "-m", "venv", str(python)], [str(python / "bin/pip"), *install]):
        subprocess.run(command, stdin=subprocess.DEVNULL, timeout=_DOWNLOAD_S, check=True)
    with run_stack("chromadb", archive, context, {_IMAGE: _LINES}) as running:
        yield running


def test_every_service_is_healthy(stack: Stack) -> None:
    """Every service is healthy, and Chroma answers on the port that the AI server uses."""
    assert stack.states() == {"chromadb": "healthy", "node-exporter": "healthy", "promtail": "healthy"}
    assert "heartbeat" in json.loads(stack.machine.wait_for(8100, "/api/v2/heartbeat")).popitem()[0]


def test_data_outlive_the_container(stack: Stack) -> None:
    """The data are in the named volume, and outlive a deleted container."""
    body = ["--header", "Content-Type: application/json", "--data", json.dumps({"name": "contracts"})]
    made = stack.machine("curl", "--fail", "--silent", *body, f"http://127.0.0.1:8100{_COLLECTIONS}")
    identity = json.loads(made)["id"]
    stack.compose("down")
    assert stack.machine("docker", "ps", "--all", "--quiet") == ""
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "60")
    assert [collection["id"] for collection in json.loads(stack.machine.wait_for(8100, _COLLECTIONS))] == [identity]
    folder = stack.machine("docker", "volume", "inspect", "--format", "{{.Mountpoint}}", "chromadb-data").strip()
    assert "chroma.sqlite3" in stack.machine("ls", folder)


def test_what_chroma_prints_reaches_loki(stack: Stack) -> None:
    """Loki gets the lines of ChromaDB's container with service and stream as labels, and without its file name."""
    wanted = f'{{host="{stack.machine.name}", job="docker", service="chromadb", stream="stdout"}}'
    deadline = time.monotonic() + 30
    while wanted not in stack.shipped() or "Saving data to" not in stack.shipped():
        assert time.monotonic() < deadline, stack.shipped()
        time.sleep(0.5)
