"""Each rule of the stacks can fail: a service that keeps them all, and what is planted into it."""

from copy import deepcopy
from typing import Any, Final

import pytest

from policy.compose import RULES, Config

_SERVICE: Final = {
    "image": "prom/node-exporter:v1.9.0",
    "network_mode": "host",
    "restart": "unless-stopped",
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "read_only": True,
    "mem_limit": "134217728",
    "pids_limit": 64,
    "command": ["--path.rootfs=/rootfs"],
    "environment": {"HOST_NAME": "machine"},
    "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
    "healthcheck": {"test": ["CMD", "wget", "http://127.0.0.1:9100/"]},
    "volumes": [
        {"type": "bind", "source": "/proc", "target": "/host/proc", "read_only": True},
        {"type": "volume", "source": "data", "target": "/data"},
        {"type": "volume", "source": "logs", "target": "/var/log/dojangkok"},
    ],
}
_DEVICE: Final = {"driver_opts": {"type": "none", "o": "bind", "device": "/srv"}}
_VOLUMES: Final = {"data": {}, "logs": _DEVICE, "others": _DEVICE}

_CREATED: Final = {"create_host_path": True}

# Rule, what of the service is replaced, and by what; None takes it away.
_BREACHES: Final[list[tuple[str, str, Any]]] = [
    ("unpinned_images", "image", "prom/node-exporter"),
    ("unpinned_images", "image", "prom/node-exporter:latest"),
    ("unpinned_images", "image", "prom/node-exporter:edge"),
    ("unpinned_images", "image", "registry:5000/node-exporter"),
    ("absent_files", "volumes", [{"type": "bind", "source": "/opt/app/a.yml", "read_only": True, "bind": _CREATED}]),
    ("docker_sockets", "volumes", [{"type": "bind", "source": "/var/run/docker.sock", "read_only": True}]),
    ("docker_sockets", "volumes", [{"type": "bind", "source": "/run/", "read_only": True}]),
    ("docker_sockets", "privileged", True),
    ("writable_mounts", "volumes", [{"type": "bind", "source": "/var/log"}]),
    ("writable_mounts", "volumes", [{"type": "volume", "source": "others"}]),
    ("writable_mounts", "volumes", [{"type": "bind", "source": "/", "bind": {"propagation": "rslave"}}]),
    ("held_mounts", "volumes", [{"type": "bind", "source": "/", "read_only": True}]),
    ("held_mounts", "volumes", [{"type": "bind", "source": "/", "read_only": True, "bind": {"propagation": "shared"}}]),
    ("inline_secrets", "environment", {"VLLM_API_KEY": "invented"}),
    ("inline_secrets", "environment", {"OCR_API": None}),
    ("inline_secrets", "environment", {"db_password": "invented"}),
    ("inline_secrets", "command", ["--port=8001", "--api-key=invented"]),
    ("inline_secrets", "command", ["--api-key", "invented"]),
    ("inline_secrets", "entrypoint", ["serve", "--token", "invented"]),
    ("unwatched", "healthcheck", None),
    ("unwatched", "healthcheck", {"disable": True}),
    ("unwatched", "healthcheck", {"test": ["CMD", "wget", "http://127.0.0.1:91000/"]}),
    ("endless_logs", "logging", None),
    ("endless_logs", "logging", {"driver": "json-file", "options": {"max-size": "10m"}}),
    ("endless_logs", "logging", {"driver": "json-file", "options": {"max-size": "1g", "max-file": "3"}}),
    ("endless_logs", "logging", {"driver": "json-file", "options": {"max-size": "50m", "max-file": "3"}}),
    ("unlimited", "mem_limit", None),
    ("unlimited", "pids_limit", None),
    ("unlimited", "pids_limit", -1),
    ("powerful", "cap_drop", None),
    ("powerful", "cap_drop", ["NET_RAW"]),
    ("powerful", "cap_add", ["SYS_ADMIN"]),
    ("powerful", "security_opt", None),
    ("powerful", "read_only", None),
    ("out_of_place", "network_mode", "bridge"),
    ("out_of_place", "restart", "no"),
]  # fmt: skip


def _config(**changes: Any) -> Config:
    service = {key: value for key, value in (deepcopy(_SERVICE) | changes).items() if value is not None}
    return {"name": "ai-server", "services": {"node-exporter": service}, "volumes": _VOLUMES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_service_that_keeps_the_rules_is_left_alone(rule: Any) -> None:
    assert rule(_config()) == []


@pytest.mark.parametrize(("name", "key", "value"), _BREACHES)
def test_a_breach_is_found_by_its_rule_alone(name: str, key: str, value: Any) -> None:
    found = {rule.__name__: rule(_config(**{key: value})) for rule in RULES}
    assert [rule for rule, breaches in found.items() if breaches] == [name]
    assert all(breach.startswith("node-exporter: ") for breach in found[name])


def test_every_rule_is_broken_once() -> None:
    assert {name for name, _, _ in _BREACHES} == {rule.__name__ for rule in RULES}


def test_a_digest_pins_an_image() -> None:
    (rule,) = (rule for rule in RULES if rule.__name__ == "unpinned_images")
    assert rule(_config(image="registry:5000/node-exporter@sha256:" + 64 * "0")) == []
