"""Start, stop and state of the engine's processes."""

import fcntl
import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from engine import mirror, tools
from engine.errors import EngineError
from engine.images import Catalogue
from engine.layout import SOURCES, Layout

_START_TIMEOUT_S = 60
_STOP_TIMEOUT_S = 30
_POLL_S = 0.05
_STATE_GB = 30
_SWEEP_GB = 6  # deleted at once: the engine deletes after each call that ends with more than _STATE_GB
_INHERITED = ("HOME", "PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def is_alive(layout: Layout) -> bool:
    """
    Return whether an engine of this directory runs: its socket exists, its first process lives, and the lock is held.

    The lock alone proves nothing: the last processes of a killed engine hold it for a moment longer.
    """
    if not layout.socket.exists() or not layout.lock.exists():
        return False
    if not Path("/proc", layout.lock.read_text() or "none", "exe").exists():
        return False
    with layout.lock.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def start(layout: Layout, catalogue: Catalogue) -> None:
    """
    Start mirror and engine, and wait until the engine answers on its socket.

    The caller holds the set-up lock.

    Raises:
        EngineError: they ended, or did not answer within 60 s; the text has the last lines of the log
    """
    _end_orphans(layout)
    lock = os.open(layout.lock, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    layout.socket.unlink(missing_ok=True)
    _remove_bridge(layout)
    _configure(layout, catalogue)
    log = layout.log / "engine.log"
    with log.open("a") as record:
        process = subprocess.Popen(
            [
                *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
                *(
                    "sh",
                    str(SOURCES / "namespace.sh"),
                    str(layout.home),
                    layout.network,
                    str(free_network(layout.network)),
                ),
            ],
            cwd="/",
            env=_environment(layout),
            stdin=subprocess.DEVNULL,
            stdout=record,
            stderr=record,
            start_new_session=True,
            pass_fds=(lock,),
        )
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(process.pid).encode(), 0)
    os.close(lock)
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not _answers(layout.socket):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            tail = "".join(f"    {line}\n" for line in log.read_text(errors="replace").splitlines()[-15:])
            raise EngineError(f"the engine does not answer on {layout.socket}:\n{tail}  The whole log: {log}")
        time.sleep(_POLL_S)


def stop(layout: Layout) -> bool:
    """
    End the engine of this directory, with time to store its state.

    Returns:
        Whether an engine ran.
    """
    was_alive = is_alive(layout)
    if was_alive:
        _terminate(int(layout.lock.read_text()))
        layout.socket.unlink(missing_ok=True)
    _end_orphans(layout)
    _remove_bridge(layout)
    return was_alive


def wipe(layout: Layout) -> None:
    """Delete the state of a stopped engine: layers, cache volumes, results. Its programs and images stay."""
    shutil.rmtree(layout.state, ignore_errors=True)


def free_network(name: str) -> ipaddress.IPv4Network:
    """
    Return a private network that no route of this machine touches.

    Args:
        name: name of the engine's network, from which the first candidate is computed: an engine tends to keep its own
    """
    taken = list(_routes(Path("/proc/net/route").read_text()))
    first = int(sha256(name.encode()).hexdigest()[:4], 16)
    for step in range(128):
        candidate = ipaddress.ip_network(f"10.{64 + (first + step) % 128}.0.0/16")
        if isinstance(candidate, ipaddress.IPv4Network) and not any(candidate.overlaps(route) for route in taken):
            return candidate
    raise EngineError("no network between 10.64.0.0 and 10.191.0.0 is free; see 'ip route'")


def _routes(table: str) -> Iterator[ipaddress.IPv4Network]:
    """Read the networks of /proc/net/route, without the default route (columns 2 and 8, little-endian hex)."""
    for line in table.splitlines()[1:]:
        columns = line.split()
        destination, mask = (int.from_bytes(bytes.fromhex(columns[i]), "little") for i in (1, 7))
        if mask:
            yield ipaddress.IPv4Network((destination, mask.bit_count()))


def _configure(layout: Layout, catalogue: Catalogue) -> None:
    port = mirror.free_port()
    address = f"localhost:{port}"
    (layout.home / "mirror.yml").write_text(mirror.config("/run/dagger/home/mirror", port))
    hosts = sorted({mirror.host(image.reference) for image in catalogue.images})
    registries = {host: {"mirrors": [address]} for host in hosts} | {address: {"http": True}}
    gc = {"maxUsedSpace": f"{_STATE_GB}GB", "sweepSize": f"{_SWEEP_GB}GB"}
    (layout.home / "engine.json").write_text(json.dumps({"registries": registries, "gc": gc}, indent=2) + "\n")
    tools.link_network_plugins(layout)


def _environment(layout: Layout) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return inherited | {
        "TMPDIR": "/run/dagger/home/tmp",
        "DAGGER_GO_SDK_MANIFEST_DIGEST": (layout.content / "go-sdk.digest").read_text(),
        "DAGGER_PYTHON_SDK_MANIFEST_DIGEST": (layout.content / "python-sdk.digest").read_text(),
        "_DAGGER_ENGINE_SYSTEMENV_GOPROXY": tools.proxy(layout),
    }


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _end_orphans(layout: Layout) -> None:
    """Kill engines whose directory was this one and was deleted while they ran."""
    if is_alive(layout):
        return
    marker = f"namespace.sh\0{layout.home}\0".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if command.startswith(b"unshare\0") and marker in command:
            os.kill(int(folder.name), signal.SIGKILL)


def _terminate(unshare_pid: int) -> None:
    """End the first process of the namespace with SIGTERM, after 30 s with SIGKILL; `unshare` ends with it."""
    children = Path(f"/proc/{unshare_pid}/task/{unshare_pid}/children")
    try:
        for child in children.read_text().split():
            os.kill(int(child), signal.SIGTERM)
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while children.exists() and children.read_text():
            if time.monotonic() > deadline:
                os.kill(unshare_pid, signal.SIGKILL)
            time.sleep(_POLL_S)
    except (ProcessLookupError, FileNotFoundError):
        return


def _remove_bridge(layout: Layout) -> None:
    """Remove the bridge that an engine leaves behind; a new engine may get another network."""
    bridge = f"{layout.network}0"
    if Path("/sys/class/net", bridge).exists():
        subprocess.run(["ip", "link", "delete", bridge], check=False)
