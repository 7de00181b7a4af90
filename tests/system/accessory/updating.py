"""`python -m accessory` as a person runs it, against a VM with sshd, Docker and stand-in images."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.dockerd import Machine, dockerd
from tests.support.programs import ROOT, go_tool, require, skip_without
from tests.system.accessory.cutting import Proxy, proxy

REGISTRY = "127.0.0.1:5000"
STATE = "/var/lib/dojangkok"
VOLUME = "/var/lib/docker/volumes/chromadb-data"
PORTS = {"chromadb": 8100, "vllm": 8001}
_RUN_S = 120
# A connection that sshd has accepted may still start a process. Due to the brackets pgrep does not match this command.
_SETTLED = f"""
! pgrep -f ' [r]eceive |sshd.*: ([d]eployer|[[]accepted)' >/dev/null || exit 1
for script in {STATE}/runs/*/script; do
    [ ! -e "$script" ] || grep -qE '^(end|joins)' "${{script%script}}log" 2>/dev/null || exit 1
done
"""
_REGISTRY_YML = f"""
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: /run/registry}}}}
http: {{addr: {REGISTRY}}}
"""
_SSHD_CONFIG = """
ListenAddress 127.0.0.1
HostKey /run/ssh/host
AuthorizedKeysFile /run/ssh/client.pub
PasswordAuthentication no
UsePAM no
StrictModes no
PidFile none
"""
_COMPOSE = """
services:
  {name}:
    image: ${{{variable}}}
    command: [/usr/bin/python3, -IS, /server.py]
    network_mode: host
    restart: unless-stopped
    env_file: [{{path: app.env, format: raw}}]
    volumes: [/usr:/usr:ro, "{name}-data:/data"]
  exporter: {{image: "127.0.0.1:5000/test/exporter:1"}}
volumes: {{{name}-data: {{name: {name}-data}}}}
"""


@dataclass(frozen=True)
class Lab:
    """
    A VM with sshd, Docker and a registry, reached through a proxy.

    Args:
        machine: machine that stands for the VM.
        proxy: proxy of its sshd.
        folder: folder of the client, with environments/ and the keys.
        images: reference with digest for each name of a release.
    """

    machine: Machine
    proxy: Proxy
    folder: Path
    images: dict[str, str]

    def publish(self, name: str, release: str, **behaviour: object) -> str:
        """Push an image that behaves as tests/system/accessory/stand_in/accessory.py says, and return its reference."""
        place = f"/run/images/{name}-{release}"
        script = (ROOT / "tests/system/accessory/stand_in/accessory.py").read_text()
        settings = json.dumps({"name": release, "port": PORTS[name], "bearer": "", **behaviour})
        self.machine("mkdir", "-p", f"{place}/usr", f"{place}/data")
        self.machine("ln", "-sf", "usr/bin", "usr/lib", "usr/lib64", place)
        self.machine("tee", f"{place}/server.py", stdin=script)
        self.machine("tee", f"{place}/release.json", stdin=settings)
        tagged = f"{REGISTRY}/test/{name}:{release}"
        self.machine("sh", "-c", f"tar -C {place} -c . | docker import - {tagged}")
        self.machine("docker", "push", "--quiet", tagged)
        digests = json.loads(self.machine("docker", "image", "inspect", "--format", "{{json .RepoDigests}}", tagged))
        self.machine("docker", "image", "rm", "--force", tagged)
        self.images[release] = digests[0]
        return str(digests[0])

    def begin(self, name: str, serving: str, env: str = "", **settings: object) -> None:
        """Reset the VM to the state after its creation, serving an image that no update has started."""
        machine = self.machine
        machine("sh", "-c", "docker ps -aq | xargs -r docker rm -f")
        machine("sh", "-c", f"umount {STATE} {VOLUME} 2>/dev/null; rm -rf {STATE} /opt/app; mkdir -p /opt/app")
        machine("sh", "-c", "docker volume ls -q | xargs -r docker volume rm")
        machine("sh", "-c", "docker image ls -q | sort -u | xargs -r docker image rm -f")
        variable = f"{name.upper()}_IMAGE"
        machine("tee", "/opt/app/docker-compose.yml", stdin=_COMPOSE.format(name=name, variable=variable))
        machine("tee", "/opt/app/.env", stdin=f"HOST_NAME=x\n{variable}={serving}\n")
        machine("install", "-m", "600", "/dev/stdin", "/opt/app/app.env", stdin=env)
        machine("docker", "compose", "up", "--detach", "--quiet-pull", name, folder="/opt/app")
        _wait_for(machine, PORTS[name])
        self.configure(name, **settings)

    def configure(self, name: str, **settings: object) -> None:
        """Write the client's environment."""
        accessory = {
            "vm": f"dojangkok-dev-{name}",
            "state": STATE,
            "image": f"{REGISTRY}/test/{name}:one",
            "free_gib": 0.01,
            "pull_s": 30,
            "stop_s": 5,
            "ready_s": 5,
            "ready": [{"url": f"http://127.0.0.1:{PORTS[name]}/api/v2/heartbeat"}],
            "ssh": {
                "host": "127.0.0.1",
                "port": self.proxy.port,
                "user": "deployer",
                "identity_file": str(self.folder / "client"),
                "known_hosts": str(self.folder / "known_hosts"),
            },
        }
        text = {"project": "p", "zone": "z", "accessories": {name: accessory | settings}}
        (self.folder / "environments").mkdir(exist_ok=True)
        (self.folder / "environments/dev.yaml").write_text(yaml.safe_dump(text))

    def start(self, verb: str, name: str, *args: str) -> "subprocess.Popen[str]":
        """Start `python -m accessory`."""
        python = os.environ.get("ACCESSORY_PYTHON") or str(ROOT / "accessory/.venv/bin/python")
        require(python, "'uv sync --project accessory', or ACCESSORY_PYTHON names a Python that has its packages")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("GOOGLE_", "GITHUB_"))}
        return subprocess.Popen(
            [python, "-m", "accessory", verb, "--name", name, "--env", "dev", "--format", "json", *args],
            env=kept | {"PYTHONPATH": str(ROOT), "GITHUB_ACTOR": "tester"},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, verb: str, name: str, *args: str) -> dict[str, Any]:
        """Run `python -m accessory` to its end, and return its report."""
        return report(self.start(verb, name, *args))

    def serving(self, name: str) -> str:
        """Return the reference of the image whose container runs and answers; empty if none does."""
        ids = self.machine("docker", "ps", "--quiet", "--filter", f"label=com.docker.compose.service={name}").split()
        if len(ids) != 1:
            return ""
        image = self.machine("docker", "inspect", "--format", "{{.Image}}", ids[0]).strip()
        digests = json.loads(self.machine("docker", "image", "inspect", "--format", "{{json .RepoDigests}}", image))
        return str(digests[0])

    def answers(self, name: str, path: str = "/api/v2/heartbeat") -> bool:
        """Return whether the accessory answers."""
        try:
            return self.machine.get(PORTS[name], path)[0] == 200
        except OSError:
            return False

    def record(self) -> list[dict[str, str]]:
        """Return the record of releases on the VM, newest first."""
        done = self.machine.run("cat", f"{STATE}/accessory.json")
        return list(json.loads(done.stdout)) if done.returncode == 0 else []

    def wait_until_settled(self) -> None:
        """Wait until no script runs on the VM and no connection could start another."""
        until = time.monotonic() + _RUN_S
        while self.machine.run("bash", "-c", _SETTLED).returncode != 0:
            assert time.monotonic() < until, f"still running: {self.machine.run('ps', 'axf').stdout}"
            time.sleep(0.1)


def wait_for_phase(process: "subprocess.Popen[str]", name: str) -> None:
    """Wait until a client prints that a phase begins."""
    assert process.stderr
    for line in process.stderr:
        if line == f"{name} …\n":
            return
    raise AssertionError(f"ended before '{name}'")


def report(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """Return the report of a client that ends: all of its stdout, or the last JSON document on stderr."""
    stdout, stderr = process.communicate(timeout=_RUN_S)
    text = stdout if process.returncode == 0 else stderr[stderr.index("{\n") :]
    if process.returncode:
        assert not stdout
    content = dict(json.loads(text))
    assert content["exit_code"] == process.returncode, stderr
    return content


@contextmanager
def lab(folder: Path) -> Iterator[Lab]:
    """Run the VM until the end of the block."""
    for program, package in (
        ("ssh", "openssh-client"),
        ("docker-registry", "docker-registry"),
        ("curl", "curl"),
        ("sudo", "sudo"),
    ):
        require(program, f"'apt-get install {package}'")
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin") or skip_without("sshd", "'apt-get install openssh-server'")
    compose = go_tool("compose") / "docker-compose"
    with dockerd() as machine, proxy(lambda: machine.connect(22)) as wire:
        for name in ("client", "host"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name],
                check=True,
                stdin=subprocess.DEVNULL,
            )
        machine("mkdir", "-p", "/run/ssh", "/run/sshd", "/run/registry", "/root/.docker/cli-plugins")
        machine("ln", "-sf", compose, "/root/.docker/cli-plugins/docker-compose")
        machine("install", "-m", "600", folder / "host", "/run/ssh")
        machine("install", "-m", "644", folder / "client.pub", "/run/ssh")
        # An account like those of OS Login: not root, with sudo without a password.
        machine(
            "useradd", "--no-create-home", "--home-dir", "/run", "--shell", "/bin/bash", "--password", "*", "deployer"
        )
        machine("tee", "/etc/sudoers.d/deployer", stdin="deployer ALL=(ALL) NOPASSWD:ALL\n")
        machine("tee", "/run/ssh/config", stdin=_SSHD_CONFIG)
        machine("tee", "/run/registry.yml", stdin=_REGISTRY_YML)
        kind, key, *_ = (folder / "host.pub").read_text().split()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{wire.port} {kind} {key}\n")
        machine.start(sshd, "-D", "-f", "/run/ssh/config")
        machine.start(
            "docker-registry", "serve", "/run/registry.yml", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _wait_for(machine, 22)
        _wait_for(machine, 5000)
        yield Lab(machine, wire, folder, {})


def _wait_for(machine: Machine, port: int) -> None:
    machine("bash", "-c", f"until </dev/tcp/127.0.0.1/{port}; do sleep 0.1; done 2>/dev/null", within_s=20)
