"""The stacks of compose/ as Docker Compose reads them, and rules that return a sentence for each violation."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from policy.running import ROOT, run_checked

Config = dict[str, Any]
Rule = Callable[[Config], list[str]]

FOLDER: Final = ROOT / "compose"
# Port of each service of each stack: the tables of the design document, whose promtail is now an option, and alloy.
PORTS: Final = {
    "ai-server": {"ai-server": 8000, "node-exporter": 9100, "promtail": 9080, "alloy": 12345},
    "chromadb": {"chromadb": 8100, "node-exporter": 9100, "promtail": 9080, "alloy": 12345},
    "vllm": {"vllm": 8001, "node-exporter": 9100, "dcgm-exporter": 9400, "promtail": 9080, "alloy": 12345},
}

# Exceptions from the rules, each with its reason.
WRITABLE_MOUNTS: Final = {
    "logs": "/var/log/dojangkok of the host: the server writes its log there, and the collector reads it",
}
WRITABLE_ROOT: Final = {
    "vllm": "compiles kernels into several folders of root's home; untested without a GPU",
    "dcgm-exporter": "its entrypoint runs ldconfig, which writes /etc/ld.so.cache",
}
_SECRET: Final = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|OCR_API", re.IGNORECASE)
_MAX_LOG_MIB: Final = 100


def copy_stack(stack: str, folder: Path) -> Path:
    """Copy the files of a stack into a folder, under the names that they have in /opt/app; return the folder."""
    for source, name in {
        FOLDER / stack / "docker-compose.yml": "docker-compose.yml",
        FOLDER / stack / "example.env": ".env",
        FOLDER / stack / "app.env.example": "app.env",
        FOLDER / "promtail.yml": "promtail.yml",
        FOLDER / "config.alloy": "config.alloy",
        FOLDER / "metrics.alloy": "metrics.alloy",
        FOLDER / stack / "targets.yml": "targets.yml",
    }.items():
        if source.exists():
            shutil.copy(source, folder / name)
    return folder


def read_stack(folder: Path, *profiles: str) -> Config:
    """Return the configuration that Docker Compose reads from a folder, with these profiles."""
    config: Config = json.loads(run_checked("compose-config", *profiles, folder=folder))
    return config


def services(config: Config) -> Iterator[tuple[str, Config]]:
    """Yield each service of a stack with its name."""
    yield from config["services"].items()


def unpinned_images(config: Config) -> list[str]:
    """Require a digest of each image, or a tag that begins like a version."""
    violations = []
    for name, service in services(config):
        tag = service["image"].rpartition("/")[2].partition("@")
        if not tag[2] and not re.search(r":v?\d", tag[0]):
            violations.append(f"{name}: '{service['image']}' can move. Fix: name a version or a digest")
    return violations


def mounts(config: Config) -> Iterator[tuple[str, str, bool]]:
    """Yield each mount of the host's files: service, path or volume, whether the mount is read-only."""
    volumes = config.get("volumes") or {}
    for name, service in services(config):
        for mount in service.get("volumes", []):
            is_host = mount["type"] == "bind" or (volumes.get(mount["source"]) or {}).get("driver_opts")
            if is_host:
                yield name, mount["source"], mount.get("read_only", False)


def absent_files(config: Config) -> list[str]:
    """Require that a missing file is an error; by default Docker creates a directory in its place."""
    return [
        f"{name}: '{mount['source']}' may become a directory. Fix: 'bind: {{create_host_path: false}}'"
        for name, service in services(config)
        for mount in service.get("volumes", [])
        if mount["type"] == "bind"
        and mount["source"].endswith((".alloy", "-credential", ".env", ".yml"))
        and (mount.get("bind") or {}).get("create_host_path")
    ]


def docker_sockets(config: Config) -> list[str]:
    """No service may write to Docker's socket, by which it would control the host."""
    return [
        f"{name}: mounts '{source}'. Fix: read files instead"
        for name, source, _ in mounts(config)
        if "docker.sock" in source or source.rstrip("/") in ("/run", "/var/run", "/var/lib/docker")
    ] + [f"{name}: is privileged" for name, service in services(config) if service.get("privileged")]


def writable_mounts(config: Config) -> list[str]:
    """Mounts of the host's files must be read-only."""
    return [
        f"{name}: may write to '{source}'. Fix: ':ro', or a reason in WRITABLE_MOUNTS"
        for name, source, is_read_only in mounts(config)
        if not is_read_only and source not in WRITABLE_MOUNTS
    ]


def root_mounts(config: Config) -> list[str]:
    """Require `rslave` of a mount of /: the host's unmounts reach the container, and no mount reaches the host."""
    return [
        f"{name}: mounts '/' without rslave. Fix: '/:/rootfs:ro,rslave'"
        for name, service in services(config)
        for mount in service.get("volumes", [])
        if mount["source"] == "/" and (mount.get("bind") or {}).get("propagation") != "rslave"
    ]


def inline_secrets(config: Config) -> list[str]:
    """Outside app.env no variable, argument or label may have the name of a secret."""
    violations = []
    for name, service in services(config):
        environment = [key for key in service.get("environment") or {} if _SECRET.search(key)]
        words = [
            word
            for place in ("command", "entrypoint", "labels")
            for word in service.get(place) or []
            if re.match(r"--?[a-z-]*(key|token|secret|password)", str(word), re.IGNORECASE)
        ]
        violations += [f"{name}: '{word}' is inline. Fix: move it to app.env" for word in [*environment, *words]]
    return violations


def missing_healthchecks(config: Config) -> list[str]:
    """Each service must have a healthcheck on its own port, so that Docker notices a hanging service."""
    ports = PORTS[config["name"]]
    return [
        f"{name}: no healthcheck on port {ports.get(name)}"
        for name, service in services(config)
        if not re.search(rf"[:/]{ports.get(name)}\b", " ".join((service.get("healthcheck") or {}).get("test") or []))
    ]


def unlimited_logs(config: Config) -> list[str]:
    """Require a limit for the logs of each container."""
    violations = []
    for name, service in services(config):
        options = (service.get("logging") or {}).get("options") or {}
        size, files = re.fullmatch(r"(\d+)m", options.get("max-size", "")), options.get("max-file", "")
        if not size or not files.isdigit() or int(size[1]) * int(files) > _MAX_LOG_MIB:
            violations.append(f"{name}: max-size and max-file must allow at most {_MAX_LOG_MIB} MiB together")
    return violations


def missing_limits(config: Config) -> list[str]:
    """Each service must have limits for memory and processes, so that others keep running."""
    return [
        f"{name}: no {limit}"
        for name, service in services(config)
        for limit in ("mem_limit", "pids_limit")
        if int(service.get(limit) or 0) <= 0
    ]


def privileges(config: Config) -> list[str]:
    """Require of each service no capability, no way to gain one, and a read-only root."""
    violations = []
    for name, service in services(config):
        if service.get("cap_drop") != ["ALL"] or service.get("cap_add"):
            violations.append(f"{name}: has capabilities. Fix: 'cap_drop: [ALL]' and no cap_add")
        if "no-new-privileges:true" not in service.get("security_opt", []):
            violations.append(f"{name}: may gain privileges. Fix: 'no-new-privileges:true'")
        if not service.get("read_only") and name not in WRITABLE_ROOT:
            violations.append(f"{name}: may change its root. Fix: 'read_only: true', or a reason in WRITABLE_ROOT")
    return violations


def other_network_or_restart(config: Config) -> list[str]:
    """Each service must use the host's network and start again with the host, as in the design document."""
    return [
        f"{name}: {key} is {service.get(key)!r}, not '{expected}'"
        for name, service in services(config)
        for key, expected in (("network_mode", "host"), ("restart", "unless-stopped"))
        if service.get(key) != expected
    ]


RULES: Final[tuple[Rule, ...]] = (
    unpinned_images, absent_files, docker_sockets, writable_mounts, root_mounts, inline_secrets, missing_healthchecks,
    unlimited_logs, missing_limits, privileges, other_network_or_restart,
)  # fmt: skip
