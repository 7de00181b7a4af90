"""The examples go the whole way: another application, another port, another group, and no change of the pipeline."""

import json
import re
from pathlib import Path

from tests.e2e.checkouts import Checkout, pushed

# The line of README.md, "Your whole pipeline", as a new user copies it.
[LINE] = re.findall(r"^\./daggerw (call release .+)$", Path("README.md").read_text(), re.MULTILINE)
_, _, *FLASK = LINE.split()


def test_flask_service_is_released(checkout: Checkout) -> None:
    """Its gate, build and smoke pass, and the group, which the pipeline made of delivery.yaml, serves it."""
    reset = checkout.daggerw("call", "reset-local", *FLASK)
    assert reset.returncode == 0, reset.stderr
    released = checkout.daggerw(*LINE.split())
    assert released.returncode == 0, released.stderr
    stages = re.findall(r"^(\w+) +[\d.]+ (?:s|MB)", released.stdout.partition("\n\n")[0], re.MULTILINE)
    assert stages == ["test", "build", "smoke", "publish", "deploy", "image"]
    assert re.search(r"^test +[\d.]+ s  2 passed$", released.stdout, re.MULTILINE)
    reference = pushed(released.stdout, "example/hello")
    status = checkout.daggerw("call", "status", "--format", "json", *FLASK)
    assert status.returncode == 0, status.stderr
    assert json.loads(status.stdout)["image"] == reference
