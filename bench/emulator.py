"""
Measure the emulator: rollouts and requests a second, start, long lists.

    uv run --project emulator python bench/emulator.py
"""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx

from bench.group_rollouts import CONDITIONS, NEW, group_settings, rolled, settled_group
from emulator.emulator import Emulator
from emulator.environment.clock import Clock
from emulator.environment.environment import Environment
from emulator.environment.store import Store
from emulator.group.members import deciding_soon
from emulator.inprocess import Transport
from emulator.seed import plant, read_seed

SEED = Path("emulator/seeds/dojangkok.yaml")
GROUP = "projects/dojangkok-dev/zones/asia-northeast3-a/instanceGroupManagers/dojangkok-dev-ai-server-mig"
TEMPLATES = "projects/dojangkok-dev/global/instanceTemplates"


def state_machine(seconds: float = 3.0) -> float:
    """Return how many rollouts of three instances complete in a second, by the state machine alone."""
    settled = settled_group()
    began_s, count = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        rolled(deciding_soon(settled, settled.at_s, CONDITIONS), group_settings(NEW))
        count += 1
    return count / (time.perf_counter() - began_s)


def in_process(seconds: float = 5.0) -> float:
    """Return the same with a client that patches and polls group and instances every 5 virtual seconds, in-process."""
    emulator = Emulator(Environment(Store(), Clock(1.8e9, None)))
    plant(emulator, read_seed(SEED))
    client = httpx.Client(transport=Transport(emulator), base_url="http://emulator/")
    for name in ("a", "b"):
        client.post(TEMPLATES, json={"name": name, "properties": {"machineType": "e2-small"}})
    emulator.environment.clock.move(120)
    began_s, count = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        template = f"global/instanceTemplates/{'ab'[count % 2]}"
        client.patch(GROUP, json={"versions": [{"instanceTemplate": template}]}).raise_for_status()
        while True:
            emulator.environment.clock.move(5)
            status = client.get(GROUP).json()["status"]
            client.post(f"{GROUP}/listManagedInstances").raise_for_status()
            if status["isStable"] and status["versionTarget"]["isReached"]:
                break
        count += 1
    return count / (time.perf_counter() - began_s)


class Served:
    """An emulator in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--open", "--seed", str(SEED)]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.url = next(iter(self.process.stdout or ())).split()[-1]

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def over_http(seconds: float = 5.0, clients: int = 4) -> float:
    """Return how many reads of a group succeed in a second over HTTP, from a few connections of this process."""
    with Served() as served:
        address = urlsplit(served.url).netloc
        until_s = time.perf_counter() + seconds
        counts = [0] * clients

        def ask(index: int) -> None:
            connection = http.client.HTTPConnection(address)
            while time.perf_counter() < until_s:
                connection.request("GET", f"/{GROUP}")
                connection.getresponse().read()
                counts[index] += 1

        threads = [threading.Thread(target=ask, args=(index,)) for index in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / seconds


def start_s() -> float:
    """Return the seconds from the command to the line with its address; the best of five."""
    times = []
    for _ in range(5):
        began_s = time.perf_counter()
        with Served():
            times.append(time.perf_counter() - began_s)
    return min(times)


def lists_ms() -> dict[str, float]:
    """Return the milliseconds of lists of an environment with 10,000 templates and 50 groups; the worst of five."""
    emulator = Emulator(Environment(Store(), Clock(1.8e9, None)))
    plant(emulator, read_seed(SEED))
    client = httpx.Client(transport=Transport(emulator), base_url="http://emulator/")
    script = {"key": "startup-script", "value": "#!/bin/bash\n" + "echo line\n" * 200}
    for number in range(10_000):
        body = {"name": f"t{number}", "properties": {"machineType": "e2-small", "metadata": {"items": [script]}}}
        client.post(TEMPLATES, json=body)
    groups = GROUP.rpartition("/")[0]
    for number in range(50):
        group: dict[str, Any] = {
            "name": f"g{number}",
            "targetSize": 3,
            "instanceTemplate": "global/instanceTemplates/t1",
        }
        client.post(groups, json=group).raise_for_status()
    emulator.environment.clock.move(300)
    client.get(groups).raise_for_status()
    asked = {
        "templates, a page of 500": f"{TEMPLATES}?maxResults=500",
        "templates, filtered by name": f'{TEMPLATES}?filter=name eq ".*t99.*"',
        "templates, newest first": f"{TEMPLATES}?orderBy=creationTimestamp desc&maxResults=500",
        "templates, aggregated": "projects/dojangkok-dev/aggregated/instanceTemplates?maxResults=500",
        "groups, aggregated": "projects/dojangkok-dev/aggregated/instanceGroupManagers",
        "instances, aggregated": "projects/dojangkok-dev/aggregated/instances",
    }
    return {name: max(_timed_ms(partial(client.get, path)) for _ in range(5)) for name, path in asked.items()}


def _timed_ms(work: Callable[[], httpx.Response]) -> float:
    began_s = time.perf_counter()
    work().raise_for_status()
    return (time.perf_counter() - began_s) * 1000


if __name__ == "__main__":
    print(json.dumps({
        "cores": os.cpu_count(),
        "rollouts a second, state machine alone": round(state_machine()),
        "rollouts a second, client polling in-process": round(in_process()),
        "requests a second over HTTP": round(over_http()),
        "start in seconds": round(start_s(), 2),
        "worst milliseconds of lists": {name: round(ms) for name, ms in lists_ms().items()},
    }, indent=2))  # fmt: skip
