"""Each rule of the stacks can fail: one service meets all rules, and each case plants a violation."""

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
    "environment": {"HOST_NAME": "host"},
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

# Rule, replaced key of the service, and the new value; None removes the key.
_VIOLATIONS: Final[list[tuple[str, str, Any]]] = [
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
    ("root_mounts", "volumes", [{"type": "bind", "source": "/", "read_only": True}]),
    ("root_mounts", "volumes", [{"type": "bind", "source": "/", "read_only": True, "bind": {"propagation": "shared"}}]),
    ("inline_secrets", "environment", {"VLLM_API_KEY": "invented"}),
    ("inline_secrets", "environment", {"OCR_API": None}),
    ("inline_secrets", "environment", {"db_password": "invented"}),
    ("inline_secrets", "command", ["--port=8001", "--api-key=invented"]),
    ("inline_secrets", "command", ["--api-key", "invented"]),
    ("inline_secrets", "entrypoint", ["serve", "--token", "invented"]),
    ("missing_healthchecks", "healthcheck", None),
    ("missing_healthchecks", "healthcheck", {"disable": True}),
    ("missing_healthchecks", "healthcheck", {"test": ["CMD", "wget", "http://127.0.0.1:91000/"]}),
    ("unlimited_logs", "logging", None),
    ("unlimited_logs", "logging", {"driver": "json-file", "options": {"max-size": "10m"}}),
    ("unlimited_logs", "logging", {"driver": "json-file", "options": {"max-size": "1g", "max-file": "3"}}),
    ("unlimited_logs", "logging", {"driver": "json-file", "options": {"max-size": "50m", "max-file": "3"}}),
    ("missing_limits", "mem_limit", None),
    ("missing_limits", "pids_limit", None),
    ("missing_limits", "pids_limit", -1),
    ("privileges", "cap_drop", None),
    ("privileges", "cap_drop", ["NET_RAW"]),
    ("privileges", "cap_add", ["SYS_ADMIN"]),
    ("privileges", "security_opt", None),
    ("privileges", "read_only", None),
    ("other_network_or_restart", "network_mode", "bridge"),
    ("other_network_or_restart", "restart", "no"),
]  # fmt: skip


def _config(**changes: Any) -> Config:
    service = {key: value for key, value in (deepcopy(_SERVICE) | changes).items() if value is not None}
    return {"name": "ai-server", "services": {"node-exporter": service}, "volumes": _VOLUMES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_service_without_a_violation_passes(rule: Any) -> None:
    """No rule reports the valid service."""
    assert rule(_config()) == []


@pytest.mark.parametrize(("name", "key", "value"), _VIOLATIONS)
def test_violation_is_reported_by_its_rule_alone(name: str, key: str, value: Any) -> None:
    """Each planted violation is reported by one rule, with the name of the service."""
    reports = {rule.__name__: rule(_config(**{key: value})) for rule in RULES}
    assert [rule for rule, violations in reports.items() if violations] == [name]
    assert all(violation.startswith("node-exporter: ") for violation in reports[name])


def test_every_rule_has_a_violation() -> None:
    """The table has a case for each rule."""
    assert {name for name, _, _ in _VIOLATIONS} == {rule.__name__ for rule in RULES}


def test_digest_pins_an_image() -> None:
    """An image by digest needs no version in its tag."""
    (rule,) = (rule for rule in RULES if rule.__name__ == "unpinned_images")
    assert rule(_config(image="registry:5000/node-exporter@sha256:" + 64 * "0")) == []
