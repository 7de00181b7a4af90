"""ChromaDB's stack of compose/ as its machine runs it; the server is the one that its Python package brings."""

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

# As rust/Dockerfile of Chroma has it: dumb-init, `chroma run /config.yaml`, and the data's path in that file.
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
    """The stack, which is healthy."""
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
    """Chroma too, on the port where the AI server looks for it."""
    assert stack.states() == {"chromadb": "healthy", "node-exporter": "healthy", "promtail": "healthy"}
    assert "heartbeat" in json.loads(stack.machine.wait_for(8100, "/api/v2/heartbeat")).popitem()[0]


def test_data_outlive_the_container(stack: Stack) -> None:
    """They are in the named volume, whatever happens to the container."""
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
    """Of every container, with its service as a label; without what tells one file from another."""
    wanted = f'{{host="{stack.machine.name}", job="docker", service="chromadb", stream="stdout"}}'
    deadline = time.monotonic() + 30
    while wanted not in stack.shipped() or "Saving data to" not in stack.shipped():
        assert time.monotonic() < deadline, stack.shipped()
        time.sleep(0.5)
