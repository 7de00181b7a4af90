"""
vLLM's stack of compose/, without a GPU.

vLLM and dcgm-exporter are stand-ins that answer on their ports: neither starts without a GPU.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.programs import ROOT
from tests.system.stacks.stacks import Stack, run_stack

_IMAGE = "registry.example.com/dojangkok-ai/vllm:v0.15.1"
_STACK = yaml.safe_load((ROOT / "compose/vllm/docker-compose.yml").read_text())

# Prints its arguments as a line of JSON, and answers 200 to every request.
_STAND_IN = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
port = next((int(word[7:]) for word in sys.argv if word.startswith("--port=")), 9400)
print(json.dumps(sys.argv[1:]), flush=True)
HTTPServer(("0.0.0.0", port), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def stack(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The healthy stack."""
    context = tmp_path_factory.mktemp("images")
    (context / "stand_in.py").write_text(_STAND_IN)
    assembled = {
        _IMAGE: "COPY stand_in.py /opt/vllm/entrypoints/openai/api_server.py\nENV PYTHONPATH=/opt\nCMD []",
        _STACK["services"]["dcgm-exporter"][
            "image"
        ]: 'COPY stand_in.py /\nENTRYPOINT ["python", "/stand_in.py"]\nCMD []',
    }
    with run_stack("vllm", archive, context, assembled, VLLM_IMAGE=_IMAGE) as running:
        yield running


def test_every_service_is_healthy(stack: Stack) -> None:
    """Each healthcheck reaches a server on the port of the stack."""
    assert stack.states() == dict.fromkeys(["vllm", "dcgm-exporter", "node-exporter", "promtail"], "healthy")


def test_vllm_gets_the_arguments_of_the_stack(stack: Stack) -> None:
    """vLLM gets every argument as one word, the adapters' JSON too, and the key; Loki gets vLLM's log."""
    first_line = stack.compose("logs", "--no-log-prefix", "vllm").splitlines()[0]
    assert json.loads(first_line) == _STACK["services"]["vllm"]["command"]
    adapters = [json.loads(word)["name"] for word in json.loads(first_line) if word[0] == "{"]
    assert adapters == ["checklist", "easycontract"]
    key = (ROOT / "compose/vllm/app.env.example").read_text().splitlines()[-1]
    assert key in stack.inspect("vllm")["Config"]["Env"]
    deadline = time.monotonic() + 30
    while f'host="{stack.machine.name}", job="docker", service="vllm"' not in stack.shipped():
        assert time.monotonic() < deadline, stack.shipped()
        time.sleep(0.5)


def test_the_gpu_is_asked_for_where_it_is_used(stack: Stack) -> None:
    """The containers that use the GPU get all devices of NVIDIA's runtime."""
    for service in ("vllm", "dcgm-exporter"):
        container = stack.inspect(service)
        assert container["HostConfig"]["Runtime"] == "nvidia"
        assert "NVIDIA_VISIBLE_DEVICES=all" in container["Config"]["Env"]
