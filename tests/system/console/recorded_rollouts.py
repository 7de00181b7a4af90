"""Replays of three rollouts by the real deploy on one emulator: a good one, a failed one and a canary that pauses."""

from pathlib import Path
from typing import Final

from tests.support import fake_registry
from tests.support.deployer import Deployer
from tests.support.emulator import Emulator, run_emulator
from tests.support.fake_registry import FakeRegistry
from tests.support.programs import ROOT
from tests.support.releases import reference

COMMITS: Final = {"a": f"4f0c2e6{'a' * 33}", "b": f"b1946ac{'b' * 33}", "c": f"c0ffee1{'c' * 33}"}
NAMES: Final = {letter: f"ai-server {letter * 7} ({commit[:7]})" for letter, commit in COMMITS.items()}
REASON: Final = "manifest unknown"
_ENTRY: Final = '            - {key: enable-oslogin, value: "TRUE"}'
_ATTRIBUTES: Final = '            - {key: enable-guest-attributes, value: "TRUE"}'
_PHASES: Final = {"booted": 1, "login": 2, "secrets": 4}
_TIMES: Final = "bake_s: 0.2, poll_s: [0.05, 0.05]"
_STEPS: Final = "steps: [{instances: 1, bake_s: 0.2}, {pause: true}, {percent: 67, bake_s: 0.2}]"


def record_rollouts(folder: Path) -> dict[str, Path]:
    """Perform the rollouts, and return their replays by name: good, failed, canary."""
    seed = folder / "seed.yaml"
    seed.write_text((ROOT / "emulator/seeds/dojangkok.yaml").read_text().replace(_ENTRY, f"{_ENTRY}\n{_ATTRIBUTES}"))
    with run_emulator(seed=seed) as emulator, fake_registry.served(FakeRegistry()) as url:
        emulator.wait_for_stable_group()
        emulator.ask("emulator/instance-rules", {"phases": _PHASES | {"pulled": 8, "started": 9}})
        deployer = Deployer(emulator, url, folder)
        good = _recorded(deployer, "a", 0, _TIMES)
        emulator.ask(
            "emulator/instance-rules", {"image": reference("b"), "failed": REASON, "phases": _PHASES | {"failed": 8}}
        )
        failed = _recorded(deployer, "b", 7, f"{_TIMES}, timeout_s: 2")
        canary = _recorded(deployer, "c", 0, f"{_TIMES}, {_STEPS}")
        return {"good": good, "failed": failed, "canary": canary}


def _recorded(deployer: Deployer, letter: str, exit_code: int, rollout: str) -> Path:
    deployer.rollout = f"{{{rollout}}}"
    outcome = deployer.run("deploy", "--image", reference(letter), "--commit", COMMITS[letter])
    assert outcome.exit_code == exit_code, outcome.stderr
    return write_replay(deployer.emulator, deployer.folder / f"{letter}.html")


def write_replay(emulator: Emulator, path: Path) -> Path:
    """Write the replay, as a pipeline does beside its summary, and return its path."""
    path.write_bytes(emulator.http.get("/emulator/replay.html").content)
    return path
