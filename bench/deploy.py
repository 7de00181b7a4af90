"""
A rollout by the gcloud job of the design document (its section 5.3, job 3) beside `python -m deploy deploy`.

    ci/.venv/bin/python bench/deploy.py

Each rolls a group of three on an emulator of its own, ten times as fast as real time, from the same seed. `needed` is
the time of the group from its patch to stable on the new version, `beyond` the rest of the job's time. The document
copies a template by a flag that gcloud has for instances alone (`--source-instance-template`), so the command here has
the fields of the template, as the pipeline that was built from the document did. Neither side logs in, and deploy has
no bake, because the job has none.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.deployer import Deployer
from tests.support.emulator import GROUP, USER_AGENT, Emulator, run_emulator
from tests.support.fake_registry import FakeRegistry, served
from tests.support.gcloud import Gcloud, gcloud_at
from tests.support.releases import REPOSITORY, numbered_reference
from tests.support.waiting import wait_until

SPEED = 10
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
        healthy: number of healthy instances of the new version when the job reported its end.
    """

    requests: int
    processes: int
    seconds: float
    needed_s: float
    healthy: int

    @property
    def beyond_s(self) -> float:
        """Real seconds of the job beyond those of the group."""
        return self.seconds - self.needed_s


def by_gcloud(emulator: Emulator, folder: Path) -> int:
    """Run the job's commands; return the number of started processes."""
    gcloud = gcloud_at(emulator.address, folder)
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
    """Run `python -m deploy deploy` with its own polls and without a bake."""
    with served(FakeRegistry(holds_every_digest=True)) as registry:
        done = Deployer(emulator, registry, folder, "{bake_s: 0}").run("deploy", "--image", numbered_reference(1))
    if done.exit_code:
        raise SystemExit(done.stderr)
    return 1


def measured(job: Callable[[Emulator, Path], int]) -> Figures:
    """Measure a job on an emulator of its own."""
    with tempfile.TemporaryDirectory() as folder, run_emulator(speed=SPEED) as emulator:
        wait_until(lambda: emulator.group()["status"]["isStable"], 120)
        before = len(emulator.request_log())
        began_s = time.perf_counter()
        processes = job(emulator, Path(folder))
        seconds = time.perf_counter() - began_s
        healthy = sum(_is_healthy(row) for row in emulator.instances())
        wait_until(lambda: emulator.group()["status"]["isStable"], 120)
        entries = emulator.request_log()[before:]
    requests = [
        entry
        for entry in entries
        if entry["kind"] == "request" and not entry["client"].startswith((USER_AGENT, "seed"))
    ]
    patched_s = next(entry["at_s"] for entry in requests if entry["method"] == "instanceGroupManagers.patch")
    settled_s = next(
        entry["at_s"] for entry in entries
        if entry["kind"] == "group" and entry["at_s"] > patched_s and entry["is_stable"] and entry["is_reached"]
    )  # fmt: skip
    return Figures(len(requests), processes, seconds, (settled_s - patched_s) / SPEED, healthy)


def _is_healthy(row: dict[str, Any]) -> bool:
    template = row.get("version", {}).get("instanceTemplate", "").rpartition("/")[2]
    states = [health["detailedHealthState"] for health in row.get("instanceHealth", [])]
    return template != "dojangkok-dev-ai-server-seed" and states == ["HEALTHY"]


def main() -> None:
    """Measure both, and print a table."""
    job, ours = measured(by_gcloud), measured(by_deploy)
    print("| | gcloud job | python -m deploy | ratio |\n|---|---|---|---|")
    for name, gcloud, deploy in (
        ("requests", job.requests, ours.requests),
        ("processes", job.processes, ours.processes),
        ("seconds", job.seconds, ours.seconds),
        ("of them needed by the group", job.needed_s, ours.needed_s),
        ("beyond", job.beyond_s, ours.beyond_s),
    ):
        print(f"| {name} | {gcloud:.3g} | {deploy:.3g} | {f'{gcloud / deploy:.2g}' if deploy > 0 else ''} |")
    print(f"| new instances healthy at its end | {job.healthy} of 3 | {ours.healthy} of 3 | |")


if __name__ == "__main__":
    main()
