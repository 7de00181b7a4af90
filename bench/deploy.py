"""
A rollout by the gcloud job of the design document (its section 5.3, job 3) beside `python -m deploy deploy`.

    ci/.venv/bin/python bench/deploy.py [--speed 1]

Each rolls a group of three on an emulator of its own, ten times as fast as real time, from the same seed; at speed 1
in real time, which takes six minutes. `needed` is the time of the group from its patch to stable on the new version,
`beyond` the rest of the job's time without deploy's bake. The document copies a template by a flag that gcloud has for
instances alone (`--source-instance-template`), so the command here has the fields of the template, as the pipeline that
was built from the document did. Neither side logs in. deploy has the bake of environments/local.yaml, the job has none.

The second table has deploy's shares of `beyond`: start of the process until its first request, preflight until the
insertion of the template, template until the patch, detection from the settled group to the last poll, end with the
reads of the prune and the report. deploy runs as it is shipped: without the packages of its tests, and with bytecode.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.shipped_deploy import shipped_python
from tests.support.deployer import Deployer
from tests.support.emulator import GROUP, USER_AGENT, Emulator, run_emulator
from tests.support.fake_registry import FakeRegistry, served
from tests.support.gcloud import Gcloud, gcloud_at
from tests.support.releases import REPOSITORY, numbered_reference
from tests.support.waiting import wait_until

BAKE_S = 8
LONGEST_S = 400
_MANAGED = "instance-groups managed"
_NEW = "dojangkok-dev-ai-server-abc1234"


@dataclass(frozen=True)
class Figures:
    """
    Figures of a rollout.

    Args:
        requests: number of requests to Compute Engine, from the emulator's request log.
        processes: number of started processes.
        seconds: real time from the start of the rollout to its end.
        needed_s: real seconds that the group itself needed.
        bake_s: real seconds for which success had to last.
        healthy: number of healthy instances of the new version when the job reported its end.
        shares: real seconds of each part of the job that the group did not need, by the part's name.
    """

    requests: int
    processes: int
    seconds: float
    needed_s: float
    bake_s: float
    healthy: int
    shares: dict[str, float]

    @property
    def beyond_s(self) -> float:
        """Real seconds of the job beyond those of the group and of the bake."""
        return self.seconds - self.needed_s - self.bake_s


def by_gcloud(emulator: Emulator, folder: Path) -> int:
    """Run the job's commands; return the number of started processes."""
    gcloud = replace(gcloud_at(emulator.address, folder), longest_s=LONGEST_S)
    count = 0

    def run(command: str, *more: str) -> str:
        nonlocal count
        count += 1
        return gcloud(command, *more).strip()

    link = run(f"{_MANAGED} describe {GROUP}", "--format=value(versions[0].instanceTemplate)")
    template = link.rpartition("/")[2]
    script = _script(gcloud, template)
    count += 2  # the describe in _script, and sed
    file = folder / "startup-script"
    file.write_text(script.replace(f"{REPOSITORY}:latest", f"{REPOSITORY}:abc1234"))
    run(
        f"instance-templates create {_NEW} --machine-type=n2d-standard-2 --image-family=dojangkok-cpu-base"
        " --image-project=dojangkok-dev --boot-disk-size=50GB --boot-disk-type=pd-balanced"
        " --subnet=dojangkok-dev-subnet --region=asia-northeast3 --no-address --tags=ai-server,dojangkok-monitoring"
        " --service-account=ai-server@dojangkok-dev.iam.gserviceaccount.com --scopes=cloud-platform"
        f" --metadata=enable-oslogin=TRUE --metadata-from-file=startup-script={file}"
    )
    run(f"{_MANAGED} rolling-action start-update {GROUP} --version=template={_NEW} --max-surge=1 --max-unavailable=0")
    run(f"{_MANAGED} wait-until {GROUP} --version-target-reached --timeout=300")
    old = run("instance-templates list --sort-by=~creationTimestamp", "--format=value(name)").split()[5:]
    for name in old:
        run(f"instance-templates delete {name}")
    return count


def _script(gcloud: Gcloud, template: str) -> str:
    items = gcloud.json(f"instance-templates describe {template}")["properties"]["metadata"]["items"]
    return str(next(item["value"] for item in items if item["key"] == "startup-script"))


def by_deploy(emulator: Emulator, folder: Path) -> int:
    """Run `python -m deploy deploy` with its own polls."""
    with served(FakeRegistry(holds_every_digest=True)) as registry:
        deployer = Deployer(emulator, registry, folder, f"{{bake_s: {BAKE_S}}}", longest_s=LONGEST_S)
        done = deployer.run("deploy", "--image", numbered_reference(1))
    if done.exit_code:
        raise SystemExit(done.stderr)
    return 1


def measured(job: Callable[[Emulator, Path], int], speed: int, bake_s: float) -> Figures:
    """Measure a job on an emulator of its own; a line on stderr says which."""
    print(f"{job.__name__} at speed {speed}: about {20 + 150 // speed} s", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder, run_emulator(speed=speed) as emulator:
        wait_until(lambda: emulator.group()["status"]["isStable"], 120)
        before = len(emulator.request_log())
        clock_s, began_s = float(emulator.ask("emulator/clock")["now_s"]), time.perf_counter()
        processes = job(emulator, Path(folder))
        seconds = time.perf_counter() - began_s
        healthy = sum(_is_healthy(row) for row in emulator.instances())
        wait_until(lambda: emulator.group()["status"]["isStable"], 120)
        entries = emulator.request_log()[before:]
    entries = [entry | {"at_s": (entry["at_s"] - clock_s) / speed} for entry in entries]  # real seconds of the job
    requests = [
        entry
        for entry in entries
        if entry["kind"] == "request" and not entry["client"].startswith((USER_AGENT, "seed"))
    ]
    patched_s = _times(requests, "instanceGroupManagers.patch")[0]
    settled_s = next(
        entry["at_s"] for entry in entries
        if entry["kind"] == "group" and entry["at_s"] > patched_s and entry["is_stable"] and entry["is_reached"]
    )  # fmt: skip
    shares = _shares(requests, settled_s + bake_s, seconds) if bake_s else {}
    return Figures(len(requests), processes, seconds, settled_s - patched_s, bake_s, healthy, shares)


def _shares(requests: list[dict[str, Any]], baked_s: float, end_s: float) -> dict[str, float]:
    """Return the shares of deploy; of its reads of the group, the last one belongs to the prune."""
    first_s, last_poll_s = requests[0]["at_s"], _times(requests, "instanceGroupManagers.get")[-2]
    inserted_s = _times(requests, "instanceTemplates.insert")[0]
    patched_s = _times(requests, "instanceGroupManagers.patch")[0]
    return {
        "start": first_s,
        "preflight": inserted_s - first_s,
        "template": patched_s - inserted_s,
        "detection": last_poll_s - baked_s,
        "end": end_s - last_poll_s,
    }


def _times(requests: list[dict[str, Any]], method: str) -> list[float]:
    return [request["at_s"] for request in requests if request["method"] == method]


def _is_healthy(row: dict[str, Any]) -> bool:
    template = row.get("version", {}).get("instanceTemplate", "").rpartition("/")[2]
    states = [health["detailedHealthState"] for health in row.get("instanceHealth", [])]
    return template != "dojangkok-dev-ai-server-seed" and states == ["HEALTHY"]


def main() -> None:
    """Measure both, and print the tables."""
    parser = argparse.ArgumentParser(description="A rollout by the gcloud job beside python -m deploy.")
    parser.add_argument("--speed", type=int, default=10, help="seconds of the emulator in a real second")
    speed = parser.parse_args().speed
    job = measured(by_gcloud, speed, 0.0)
    with shipped_python() as python:
        os.environ["DEPLOY_PYTHON"] = str(python)
        ours = measured(by_deploy, speed, BAKE_S)
    print("| | gcloud job | python -m deploy | gcloud / deploy |\n|---|---|---|---|")
    for name, gcloud, deploy in (
        ("requests", job.requests, ours.requests),
        ("processes", job.processes, ours.processes),
        ("seconds", job.seconds, ours.seconds),
        ("of them needed by the group", job.needed_s, ours.needed_s),
        ("of them the bake", job.bake_s, ours.bake_s),
        ("beyond", job.beyond_s, ours.beyond_s),
    ):
        print(f"| {name} | {gcloud:.3g} | {deploy:.3g} | {f'{gcloud / deploy:.2g}' if deploy > 0 else ''} |")
    print(f"| new instances healthy at its end | {job.healthy} of 3 | {ours.healthy} of 3 | |")
    print("\n| share of beyond | seconds |\n|---|---|")
    for name, seconds in ours.shares.items():
        print(f"| {name} | {seconds:.2f} |")


if __name__ == "__main__":
    main()
