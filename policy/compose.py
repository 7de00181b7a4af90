"""The rules of the stacks: each takes what Docker Compose made of a stack, and returns a sentence for each breach."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from policy.running import run_checked

Config = dict[str, Any]
Rule = Callable[[Config], list[str]]

# The seed's tables, and what follows promtail: where each service of each stack is asked.
PORTS: Final = {
    "ai-server": {"ai-server": 8000, "node-exporter": 9100, "promtail": 9080, "alloy": 12345},
    "chromadb": {"chromadb": 8100, "node-exporter": 9100, "promtail": 9080, "alloy": 12345},
    "vllm": {"vllm": 8001, "node-exporter": 9100, "dcgm-exporter": 9400, "promtail": 9080, "alloy": 12345},
}

# What a program cannot do without; each with its reason.
WRITABLE_MOUNTS: Final = {
    "logs": "/var/log/dojangkok of the machine: the server's own log, where the collector reads it",
}
WRITABLE_ROOT: Final = {
    "vllm": "compiles kernels into several folders of root's home; not tried without a GPU",
    "dcgm-exporter": "its entrypoint runs ldconfig, which writes /etc/ld.so.cache",
}
_SECRET: Final = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|OCR_API", re.IGNORECASE)
_LOG_MIB_AT_MOST: Final = 100


def composed(folder: Path, *profiles: str) -> Config:
    """What Docker Compose makes of a folder."""
    config: Config = json.loads(run_checked("compose-config", *profiles, folder=folder))
    return config


def services(config: Config) -> Iterator[tuple[str, Config]]:
    """Every service of a stack with its name."""
    yield from config["services"].items()


def unpinned_images(config: Config) -> list[str]:
    """An image has a digest, or a tag that begins as a version does."""
    found = []
    for name, service in services(config):
        tag = service["image"].rpartition("/")[2].partition("@")
        if not tag[2] and not re.search(r":v?\d", tag[0]):
            found.append(f"{name}: '{service['image']}' moves. Fix: name a version, or a digest")
    return found


def mounts(config: Config) -> Iterator[tuple[str, str, bool]]:
    """What of the machine each service sees: the service, the path or the volume, whether it is read-only."""
    volumes = config.get("volumes") or {}
    for name, service in services(config):
        for mount in service.get("volumes", []):
            is_host = mount["type"] == "bind" or (volumes.get(mount["source"]) or {}).get("driver_opts")
            if is_host:
                yield name, mount["source"], mount.get("read_only", False)


def absent_files(config: Config) -> list[str]:
    """Docker makes a directory of a file that is not there, unless it is told not to."""
    return [
        f"{name}: '{mount['source']}' may become a directory. Fix: 'bind: {{create_host_path: false}}'"
        for name, service in services(config)
        for mount in service.get("volumes", [])
        if mount["type"] == "bind"
        and mount["source"].endswith((".alloy", ".env", ".yml"))
        and (mount.get("bind") or {}).get("create_host_path")
    ]


def docker_sockets(config: Config) -> list[str]:
    """Who can write the socket owns the machine."""
    return [
        f"{name}: mounts '{source}'. Fix: read files instead"
        for name, source, _ in mounts(config)
        if "docker.sock" in source or source.rstrip("/") in ("/run", "/var/run", "/var/lib/docker")
    ] + [f"{name}: is privileged" for name, service in services(config) if service.get("privileged")]


def writable_mounts(config: Config) -> list[str]:
    """What is the machine's is read-only."""
    return [
        f"{name}: may write '{source}'. Fix: ':ro', or a reason in WRITABLE_MOUNTS"
        for name, source, is_read_only in mounts(config)
        if not is_read_only and source not in WRITABLE_MOUNTS
    ]


def held_mounts(config: Config) -> list[str]:
    """What the machine unmounts is let go of, and nothing comes back: with `rslave`."""
    return [
        f"{name}: mounts '/' for itself. Fix: '/:/rootfs:ro,rslave'"
        for name, service in services(config)
        for mount in service.get("volumes", [])
        if mount["source"] == "/" and (mount.get("bind") or {}).get("propagation") != "rslave"
    ]


def inline_secrets(config: Config) -> list[str]:
    """Nothing that compose was told outside app.env has a secret's name."""
    found = []
    for name, service in services(config):
        environment = [key for key in service.get("environment") or {} if _SECRET.search(key)]
        words = [
            word
            for place in ("command", "entrypoint", "labels")
            for word in service.get(place) or []
            if re.match(r"--?[a-z-]*(key|token|secret|password)", str(word), re.IGNORECASE)
        ]
        found += [f"{name}: '{word}' is inline. Fix: app.env" for word in [*environment, *words]]
    return found


def unwatched(config: Config) -> list[str]:
    """A service that hangs is seen: it has a healthcheck that asks its own port."""
    ports = PORTS[config["name"]]
    return [
        f"{name}: no healthcheck that asks port {ports.get(name)}"
        for name, service in services(config)
        if not re.search(rf"[:/]{ports.get(name)}\b", " ".join((service.get("healthcheck") or {}).get("test") or []))
    ]


def endless_logs(config: Config) -> list[str]:
    """Logs of a container end before the disk does."""
    found = []
    for name, service in services(config):
        options = (service.get("logging") or {}).get("options") or {}
        size, files = re.fullmatch(r"(\d+)m", options.get("max-size", "")), options.get("max-file", "")
        if not size or not files.isdigit() or int(size[1]) * int(files) > _LOG_MIB_AT_MOST:
            found.append(f"{name}: max-size and max-file must allow at most {_LOG_MIB_AT_MOST} MiB together")
    return found


def unlimited(config: Config) -> list[str]:
    """One service that goes wild leaves room for the others."""
    return [
        f"{name}: no {limit}"
        for name, service in services(config)
        for limit in ("mem_limit", "pids_limit")
        if int(service.get(limit) or 0) <= 0
    ]


def powerful(config: Config) -> list[str]:
    """No capability, no way to get one, no way to change the image."""
    found = []
    for name, service in services(config):
        if service.get("cap_drop") != ["ALL"] or service.get("cap_add"):
            found.append(f"{name}: has capabilities. Fix: 'cap_drop: [ALL]' and no cap_add")
        if "no-new-privileges:true" not in service.get("security_opt", []):
            found.append(f"{name}: may gain privileges. Fix: 'no-new-privileges:true'")
        if not service.get("read_only") and name not in WRITABLE_ROOT:
            found.append(f"{name}: may change its image. Fix: 'read_only: true', or a reason in WRITABLE_ROOT")
    return found


def out_of_place(config: Config) -> list[str]:
    """The seed's pattern: the machine's own network, and back after a restart of it."""
    return [
        f"{name}: {key} is {service.get(key)!r}, not '{wanted}'"
        for name, service in services(config)
        for key, wanted in (("network_mode", "host"), ("restart", "unless-stopped"))
        if service.get(key) != wanted
    ]


RULES: Final[tuple[Rule, ...]] = (
    unpinned_images, absent_files, docker_sockets, writable_mounts, held_mounts, inline_secrets, unwatched,
    endless_logs, unlimited, powerful, out_of_place,
)  # fmt: skip
