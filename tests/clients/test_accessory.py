"""Updates of the single machines, over real SSH, by real Docker: whatever happens, the old or the new one serves."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.clients.updating import STATE, VOLUME, Lab, lab, report, wait_for_phase

KEY = "s$$w'or\"d\\fish"
HEARTBEAT = {"/api/v2/heartbeat": "{}"}
CUTS = int(os.environ.get("CUTS", "20"))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("accessory")) as found:
        for release in ("one", "two"):
            found.publish("chromadb", release, routes=HEARTBEAT, schema=1)
        found.publish("chromadb", "broken", routes={}, schema=9)
        yield found


@pytest.fixture
def chroma(machine: Lab) -> Lab:
    """The machine with `one` on it, and data in its volume."""
    machine.begin("chromadb", machine.images["one"], env="TOKEN=swordfish\n", data="/data")
    machine.machine(
        "docker",
        "run",
        "--rm",
        "--network=host",
        "-v",
        "chromadb-data:/data",
        "-v",
        "/usr:/usr:ro",
        machine.images["one"],
        "/usr/bin/dd",
        "if=/dev/urandom",
        "of=/data/index",
        "bs=64K",
        "count=32",
    )
    return machine


def data(found: Lab) -> str:
    """Checksum of what the volume holds."""
    return found.machine("sh", "-c", f"cat {VOLUME}/_data/* | sha256sum")


def update(found: Lab, release: str) -> dict[str, Any]:
    return found.run("update", "chromadb", "--image", found.images[release])


def kill(client: "subprocess.Popen[str]") -> None:
    """End a client with its ssh, as the loss of its machine would."""
    with suppress(ProcessLookupError):
        os.killpg(client.pid, signal.SIGKILL)
    client.communicate()


def assert_truthful(found: Lab, before: str) -> None:
    """What serves answers, is what is recorded last, and has the data from before."""
    assert found.answers("chromadb")
    assert found.serving("chromadb") == (found.record() or [{"image": found.images["one"]}])[0]["image"]
    assert data(found) == before


def test_update(chroma: Lab) -> None:
    before = data(chroma)
    done = update(chroma, "two")
    assert done["exit_code"] == 0
    assert done["was"]["image"] == chroma.images["one"]
    assert (done["now"]["image"], done["now"]["by"]) == (chroma.images["two"], "tester")
    assert [phase["name"] for phase in done["phases"]] == ["preflight", "pull", "snapshot", "switch", "ready"]
    assert chroma.machine("cat", f"{done['snapshot']}/data/schema").strip() == "1"
    assert done["undo"].endswith("rollback --name chromadb --env dev")
    assert chroma.serving("chromadb") == chroma.images["two"]
    assert_truthful(chroma, before)


def test_what_serves_already_is_left_alone(chroma: Lab) -> None:
    container = chroma.machine("docker", "ps", "--quiet")
    for wanted in ([], ["--image", chroma.images["one"]]):
        done = chroma.run("update", "chromadb", *wanted)
        assert (done["exit_code"], done["now"], done["down_s"], done["undo"]) == (0, None, None, "")
    assert chroma.machine("docker", "ps", "--quiet") == container
    assert chroma.record()[0]["by"] == ""


def test_release_that_is_never_ready_is_undone_with_its_changes_of_the_data(chroma: Lab) -> None:
    before = data(chroma)
    done = update(chroma, "broken")
    assert done["exit_code"] == 7
    assert "was not ready within 5 s" in done["message"]
    assert any("image broken" in line for line in done["evidence"])
    assert chroma.serving("chromadb") == chroma.images["one"]
    assert_truthful(chroma, before)
    # The schema is the failed release's there, and it is kept for whoever wants to look.
    assert chroma.machine("sh", "-c", f"cat {VOLUME}/snapshots/*/failed/schema").strip() == "9"
    assert update(chroma, "two")["exit_code"] == 0
    assert_truthful(chroma, before)


def test_image_that_cannot_be_had_stops_nothing(chroma: Lab) -> None:
    container = chroma.machine("docker", "ps", "--quiet")
    done = chroma.run("update", "chromadb", "--image", "127.0.0.1:5000/test/chromadb:none")
    assert done["exit_code"] == 3
    assert "not found" in done["message"] or "unknown" in done["message"]
    assert chroma.machine("docker", "ps", "--quiet") == container


def test_disk_without_room_for_the_image_stops_nothing(chroma: Lab) -> None:
    before, container = data(chroma), chroma.machine("docker", "ps", "--quiet")
    chroma.configure("chromadb", data="/data", free_gib=100_000)
    assert "MiB needed" in update(chroma, "two")["message"]
    chroma.configure("chromadb", data="/data", free_gib=0)
    used_kib = chroma.machine("sh", "-c", "df --output=used -k /run | tail -n 1").strip()
    chroma.machine("mount", "-o", f"remount,size={int(used_kib) + 256}k", "/run")
    try:
        done = update(chroma, "two")
    finally:
        chroma.machine("mount", "-o", "remount,size=8g", "/run")
    assert done["exit_code"] == 9
    assert chroma.machine("docker", "ps", "--quiet") == container
    assert data(chroma) == before


def test_disk_without_room_for_the_snapshot_stops_nothing(chroma: Lab) -> None:
    """The data are on a disk of their own, as on the real machine."""
    chroma.machine("docker", "rm", "--force", "app-chromadb-1")
    chroma.machine("sh", "-c", f"cp -a {VOLUME} /run/copy && mount -t tmpfs -o size=3m none {VOLUME}")
    chroma.machine("sh", "-c", f"cp -a /run/copy/. {VOLUME} && rm -r /run/copy && cd /opt/app && docker compose up -d")
    before, container = data(chroma), chroma.machine("docker", "ps", "--quiet")
    assert "MiB needed" in update(chroma, "two")["message"]
    assert chroma.machine("docker", "ps", "--quiet") == container
    assert data(chroma) == before


def test_disk_that_is_full_to_the_last_byte_stops_nothing(chroma: Lab) -> None:
    container = chroma.machine("docker", "ps", "--quiet")
    chroma.machine("sh", "-c", f"mkdir -p {STATE} && mount -t tmpfs -o size=64k none {STATE}")
    chroma.machine.run("dd", "if=/dev/zero", f"of={STATE}/full")
    done = update(chroma, "two")
    assert (done["exit_code"], "nothing can be written" in done["message"]) == (9, True)
    assert chroma.machine("docker", "ps", "--quiet") == container


def test_snapshot_that_fails_midway_starts_the_old_one_again(chroma: Lab) -> None:
    before = data(chroma)
    chroma.machine("touch", f"{VOLUME}/snapshots")
    done = update(chroma, "two")
    assert (done["exit_code"], done["message"][:9]) == (9, "snapshot:")
    assert_truthful(chroma, before)


def test_rollback_goes_to_the_one_before(chroma: Lab) -> None:
    before = data(chroma)
    assert chroma.run("rollback", "chromadb")["exit_code"] == 3
    assert update(chroma, "two")["exit_code"] == 0
    done = chroma.run("rollback", "chromadb")
    assert (done["exit_code"], done["now"]["image"]) == (0, chroma.images["one"])
    assert done["undo"].endswith(f"update --name chromadb --env dev --image {chroma.images['two']}")
    assert_truthful(chroma, before)
    assert [one["image"] for one in chroma.record()] == [chroma.images[name] for name in ("one", "two", "one")]
    status = chroma.run("status", "chromadb")
    assert (status["now"]["image"], status["is_ready"], status["busy"]) == (chroma.images["one"], True, None)


def test_two_updaters_at_once(chroma: Lab) -> None:
    before = data(chroma)
    chroma.configure("chromadb", data="/data", ready_s=15)
    first = chroma.start("update", "chromadb", "--image", chroma.images["broken"])
    wait_for_phase(first, "ready")
    same = chroma.start("update", "chromadb", "--image", chroma.images["broken"])
    other = update(chroma, "two")
    done, followed = report(first), report(same)
    assert other["exit_code"] == 5
    assert f", run {done['run']}: update {chroma.images['broken']}" in other["message"]
    assert (done["exit_code"], followed["exit_code"]) == (7, 7)
    assert followed["run"] == done["run"]
    assert_truthful(chroma, before)


def test_client_that_is_killed_finds_its_update_again(chroma: Lab) -> None:
    before = data(chroma)
    client = chroma.start("update", "chromadb", "--image", chroma.images["two"])
    wait_for_phase(client, "pull")
    kill(client)
    done = update(chroma, "two")
    assert (done["exit_code"], chroma.serving("chromadb")) == (0, chroma.images["two"])
    assert len(chroma.record()) == 2
    assert_truthful(chroma, before)


def test_interrupted_client_says_that_the_machine_goes_on(chroma: Lab) -> None:
    client = chroma.start("update", "chromadb", "--image", chroma.images["two"])
    wait_for_phase(client, "snapshot")
    client.send_signal(signal.SIGTERM)
    assert report(client)["exit_code"] == 130
    chroma.wait_until_settled()
    assert chroma.serving("chromadb") == chroma.images["two"]


def test_machine_that_goes_down_in_the_middle_knows_what_served(chroma: Lab) -> None:
    before = data(chroma)
    client = chroma.start("update", "chromadb", "--image", chroma.images["broken"])
    until = time.monotonic() + 30
    while chroma.serving("chromadb") != chroma.images["broken"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    chroma.machine("pkill", "-KILL", "-f", f"bash {STATE}/runs/")
    ended = report(client)
    assert (ended["exit_code"], "ended on the machine without a word" in ended["message"]) == (8, True)
    assert chroma.run("status", "chromadb")["busy"]["is_at_work"] is False
    # Another one that fails goes back to what last served, with the data of that time.
    assert update(chroma, "broken")["exit_code"] == 7
    assert chroma.serving("chromadb") == chroma.images["one"]
    assert_truthful(chroma, before)


def test_connection_cut_anywhere(chroma: Lab) -> None:
    seed = int(os.environ.get("SEED") or random.randrange(10**6))  # noqa: S311
    print(f"SEED={seed}")
    chance = random.Random(seed)  # noqa: S311
    before = data(chroma)
    for number in range(CUTS):
        old, new = ("one", "two") if number % 2 == 0 else ("two", "one")
        direction = chance.choice(("up", "down"))
        after = chance.randrange(36_000 if direction == "up" else 6_000)
        is_killed = chance.random() < 0.5
        end = "killed" if is_killed else "stays"
        where = f"SEED={seed} cut {number}: {direction} after {after} bytes, client {end}"
        chroma.proxy.was_cut.clear()
        chroma.proxy.cut = (direction, after)
        client = chroma.start("update", "chromadb", "--image", chroma.images[new])
        if is_killed:
            while not chroma.proxy.was_cut.wait(0.1) and client.poll() is None:
                pass
            kill(client)
            chroma.wait_until_settled()
            assert chroma.serving("chromadb") in (chroma.images[old], chroma.images[new]), where
        else:
            assert report(client)["exit_code"] == 0, where
        assert_truthful(chroma, before)
        chroma.proxy.cut = None
        if is_killed:
            assert update(chroma, new)["exit_code"] == 0, where
        assert chroma.serving("chromadb") == chroma.images[new], where
        assert_truthful(chroma, before)


def test_vllm_is_ready_once_its_model_is_listed(machine: Lab) -> None:
    routes = {"/health": "", "/v1/models": json.dumps({"data": [{"id": "the/model"}]})}
    one = machine.publish("vllm", "vllm-one", routes=routes, bearer=KEY)
    two = machine.publish("vllm", "vllm-two", routes=routes, bearer=KEY)
    other = machine.publish("vllm", "vllm-other", routes=routes | {"/v1/models": "{}"}, bearer=KEY)
    ready = [
        {"url": "http://127.0.0.1:8001/health"},
        {"url": "http://127.0.0.1:8001/v1/models", "has": "the/model", "bearer": "VLLM_API_KEY"},
    ]
    settings = {"image": "127.0.0.1:5000/test/vllm:vllm-two", "ready": ready, "needs_gpu": True}
    machine.begin("vllm", one, env=f"VLLM_API_KEY={KEY}\n", **settings)
    assert machine.run("update", "vllm")["message"].startswith("GPU: nvidia-smi lists none.")
    machine.machine("install", "-m", "755", "/dev/stdin", "/opt/nvidia-smi", stdin="#!/bin/sh\necho GPU 0: L4\n")
    machine.machine("mount", "--bind", "/opt", "/usr/local/sbin")
    done = machine.run("update", "vllm")
    assert (done["exit_code"], done["now"]["image"], done["snapshot"]) == (0, two, "")
    done = machine.run("update", "vllm", "--image", other)
    assert (done["exit_code"], machine.serving("vllm")) == (7, two)
    assert "key … image vllm-other" in done["evidence"]
    assert all(KEY not in line for line in done["evidence"])
    assert machine.machine("stat", "--format", "%a", "/opt/app/.env").strip() == "644"
