"""The emulator as a process of its own, with the group of its seed."""

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from tests.support.programs import ROOT, python_of
from tests.support.waiting import wait_until

GROUP: Final = "dojangkok-dev-ai-server-mig"
SEED_TEMPLATE: Final = "dojangkok-dev-ai-server-seed"
ZONE: Final = "projects/dojangkok-dev/zones/asia-northeast3-a"
TEMPLATES: Final = "projects/dojangkok-dev/global/instanceTemplates"
USER_AGENT: Final = "tests"  # marks this wrapper's own requests in the request log
_END_S: Final = 30


@dataclass(frozen=True)
class Emulator:
    """
    A running emulator.

    Args:
        address: `http://127.0.0.1:PORT`.
        process: process of the emulator, if the test started one.
    """

    address: str
    process: "subprocess.Popen[str] | None" = None
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        http = httpx.Client(base_url=self.address, headers={"user-agent": USER_AGENT}, timeout=30, trust_env=False)
        object.__setattr__(self, "http", http)

    def ask(self, path: str, body: Any = None, verb: str = "") -> Any:
        """Make a request, POST if there is a body, and return the JSON of its answer."""
        answer = self.http.request(verb or ("GET" if body is None else "POST"), f"/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def get(self, path: str) -> Any:
        """Return a resource of Compute v1, `projects/…`."""
        return self.ask(f"compute/v1/{path}")

    def group(self, name: str = GROUP) -> Any:
        """Return a group of the seed's zone."""
        return self.get(f"{ZONE}/instanceGroupManagers/{name}")

    def is_stable(self, name: str = GROUP) -> bool:
        """Return whether a group of the seed's zone is stable."""
        return bool(self.group(name)["status"]["isStable"])

    def wait_for_stable_group(self, within_s: float = 30.0) -> None:
        """Wait until the seed's group is stable."""
        wait_until(self.is_stable, within_s)

    def instances(self, name: str = GROUP) -> list[Any]:
        """Return the rows of `listManagedInstances`."""
        path = f"compute/v1/{ZONE}/instanceGroupManagers/{name}/listManagedInstances"
        return list(self.ask(path, verb="POST").get("managedInstances", []))

    def instance_names(self) -> list[str]:
        """Return the names of the seed's group's instances, sorted."""
        return sorted(instance["name"] for instance in self.instances())

    def templates_of_instances(self) -> set[str]:
        """Return the names of the templates that the group's instances are made of."""
        rows = [row for row in self.instances() if "version" in row]
        return {row["version"]["instanceTemplate"].rpartition("/")[2] for row in rows}

    def request_log(self, kind: str = "") -> list[Any]:
        """Return the entries of the request log, oldest first; those of a kind, `request` or `group`, if given."""
        lines = self.http.get("/emulator/request-log", params={"kind": kind}).text.splitlines()
        return [json.loads(line) for line in lines]

    def plan_fault(self, **fault: Any) -> Callable[[], bool]:
        """Plan a fault; return a function that returns whether the fault has happened."""
        path = f"emulator/faults/{self.ask('emulator/faults', {'faults': [fault]})['id']}"
        return lambda: any(self.ask(path)["fired"])

    def watch_for_activity(self, activity: str) -> Callable[[], bool]:
        """Return a function that checks whether an instance has begun an activity, such as `verifying`, since now."""
        return self.plan_fault(when={"phase": activity}, request={"verb": "GET", "path": "emulator/clock"})

    def copy_template(self, name: str, **metadata: str) -> None:
        """Make a template like the seed's, whose start-up script names another release; `_` is `-` in a key."""
        seed = self.get(f"{TEMPLATES}/{SEED_TEMPLATE}")
        properties = json.loads(json.dumps(seed["properties"]).replace("ai-server:latest", f"ai-server:{name}"))
        items = [{"key": key.replace("_", "-"), "value": value} for key, value in metadata.items()]
        properties["metadata"]["items"] += items
        self.ask(f"compute/v1/{TEMPLATES}", {"name": name, "properties": properties})

    def kill(self) -> None:
        """Kill the process, without closing connections of its clients."""
        assert self.process
        self.process.kill()
        self.process.wait()


@contextmanager
def run_emulator(
    *args: str, seed: str | Path = "dojangkok", speed: int = 60, program: Sequence[str | Path] = (), folder: Path = ROOT
) -> Iterator[Emulator]:
    """
    Serve the environment of the seed on a free port until the end of the block.

    Args:
        args: more arguments of `python -m emulator serve`.
        seed: name of a seed that the emulator ships, or a file.
        speed: seconds of the emulator's clock in a real second.
        program: command of an installed emulator, in place of `python -m emulator`.
        folder: working directory.
    """
    command = program or (python_of("emulator"), "-m", "emulator")
    process = subprocess.Popen(
        [*command, "serve", "--port", "0", "--speed", str(speed), "--open", "--seed", seed, *args],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        first = process.stdout.readline()
        assert first.startswith("listening on http://"), f"exit code {process.wait(_END_S)}"
        yield Emulator(first.split()[-1], process)
    finally:
        process.terminate()
        process.wait(_END_S)
