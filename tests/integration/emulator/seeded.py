"""An emulator in this process with the seed's group, and requests to it."""

import json
from pathlib import Path
from typing import Any

from emulator.api.messages import Request
from emulator.emulator import Emulator
from emulator.environment.clock import Clock
from emulator.environment.environment import Environment
from emulator.environment.store import Store
from emulator.seed import plant, read_seed

SEED = "emulator/seeds/dojangkok.yaml"
GROUP = "projects/dojangkok-dev/zones/asia-northeast3-a/instanceGroupManagers/dojangkok-dev-ai-server-mig"
INSTANCES = GROUP.replace("instanceGroupManagers/dojangkok-dev-ai-server-mig", "instances")
TEMPLATES = "projects/dojangkok-dev/global/instanceTemplates"
START_S = 1.8e9


def opened(path: Path | None = None, start_s: float = START_S) -> Emulator:
    """Return an emulator on a state file, or in memory; its clock is moved by hand."""
    store = Store(path)
    return Emulator(Environment(store, Clock(float(store.setting("now_s", start_s)), None)))


def settled(path: Path | None = None) -> Emulator:
    """Return an emulator with the seed's group, five minutes after its creation."""
    emulator = opened(path)
    plant(emulator, read_seed(Path(SEED)))
    move(emulator, 300)
    emulator.environment.store.commit()
    return emulator


def move(emulator: Emulator, seconds: float) -> None:
    """Let virtual seconds pass."""
    emulator.environment.clock.move(seconds)
    emulator.environment.advance()


def ask(emulator: Emulator, verb: str, path: str, body: object = None) -> tuple[int, Any]:
    """Send a request; return the status and JSON of its answer."""
    answer = emulator.handle(Request(verb, path, {}, b"" if body is None else json.dumps(body).encode()))
    return answer.status, json.loads(answer.body)


def succeed(emulator: Emulator, verb: str, path: str, body: object = None) -> Any:
    """Send a request that must succeed; return the JSON of its answer."""
    status, document = ask(emulator, verb, path, body)
    assert status == 200, document
    return document


def insert_template(emulator: Emulator, name: str) -> None:
    """Create a template."""
    succeed(emulator, "POST", f"/{TEMPLATES}", {"name": name, "properties": {"machineType": "e2-small"}})


def patch_to_next(emulator: Emulator) -> None:
    """Begin a rollout to the new template `next`."""
    insert_template(emulator, "next")
    succeed(emulator, "PATCH", f"/{GROUP}", {"versions": [{"instanceTemplate": "global/instanceTemplates/next"}]})
