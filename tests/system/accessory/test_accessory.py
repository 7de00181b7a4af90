"""Updates of single VMs over real SSH, by real Docker: after any failure the old or the new release serves."""

import json

from tests.system.accessory.chroma import HEARTBEAT, assert_truthful, data, update
from tests.system.accessory.updating import REGISTRY, STATE, VOLUME, Lab

KEY = "s$$w'or\"d\\fish"


def test_update(chroma: Lab) -> None:
    """An update starts the new image, keeps the data, and records the release."""
    before = data(chroma)
    done = update(chroma, "two")
    assert done["exit_code"] == 0
    assert done["previous"]["image"] == chroma.images["one"]
    assert (done["current"]["image"], done["current"]["by"]) == (chroma.images["two"], "tester")
    assert [phase["name"] for phase in done["phases"]] == ["preflight", "pull", "snapshot", "switch", "ready"]
    assert chroma.machine("cat", f"{done['snapshot']}/data/schema").strip() == "1"
    assert done["undo"].endswith("rollback --name chromadb --env dev")
    assert chroma.serving("chromadb") == chroma.images["two"]
    assert_truthful(chroma, before)


def test_image_that_already_serves_is_not_restarted(chroma: Lab) -> None:
    """An update to the image that serves changes nothing."""
    container = chroma.machine("docker", "ps", "--quiet")
    for wanted in ([], ["--image", chroma.images["one"]]):
        done = chroma.run("update", "chromadb", *wanted)
        assert (done["exit_code"], done["current"], done["down_s"], done["undo"]) == (0, None, None, "")
    assert chroma.machine("docker", "ps", "--quiet") == container
    assert chroma.record()[0]["by"] == ""


def test_release_that_is_never_ready_is_undone_with_its_changes_of_the_data(chroma: Lab) -> None:
    """A release that never becomes ready is replaced by the old one, with the data from before the update."""
    before = data(chroma)
    done = update(chroma, "broken")
    assert done["exit_code"] == 7
    assert "was not ready within 5 s" in done["message"]
    assert any("image broken" in line for line in done["diagnostics"])
    assert done["snapshot"] == ""
    assert chroma.serving("chromadb") == chroma.images["one"]
    assert_truthful(chroma, before)
    # The data of the failed release, with its schema, are kept for an investigation.
    assert chroma.machine("sh", "-c", f"cat {VOLUME}/snapshots/*/failed/schema").strip() == "9"
    assert update(chroma, "two")["exit_code"] == 0
    assert_truthful(chroma, before)


def test_tag_is_resolved_at_the_update(chroma: Lab) -> None:
    """An update by a tag starts the image that the tag has at that time."""
    first = chroma.publish("chromadb", "moving", routes=HEARTBEAT, schema=1)
    tagged = f"{REGISTRY}/test/chromadb:moving"
    assert chroma.run("update", "chromadb", "--image", tagged)["current"]["image"] == first
    second = chroma.publish("chromadb", "moving", routes=HEARTBEAT | {"/more": ""}, schema=1)
    chroma.machine("docker", "tag", first, tagged)
    assert chroma.run("update", "chromadb", "--image", tagged)["current"]["image"] == second


def test_image_that_cannot_be_pulled_stops_nothing(chroma: Lab) -> None:
    """A pull that fails leaves the old container running."""
    container = chroma.machine("docker", "ps", "--quiet")
    done = chroma.run("update", "chromadb", "--image", "127.0.0.1:5000/test/chromadb:none")
    assert done["exit_code"] == 3
    assert "not found" in done["message"] or "unknown" in done["message"]
    assert chroma.machine("docker", "ps", "--quiet") == container


def test_disk_without_room_for_the_image_stops_nothing(chroma: Lab) -> None:
    """A disk without room for the new image leaves the old container running."""
    before, container = data(chroma), chroma.machine("docker", "ps", "--quiet")
    chroma.configure("chromadb", data="/data", free_gib=60_000)
    assert "MiB needed" in update(chroma, "two")["message"]
    chroma.configure("chromadb", data="/data", free_gib=0)
    used_kib = chroma.machine("sh", "-c", "df --output=used -k /var/lib/docker | tail -n 1").strip()
    chroma.machine("mount", "-o", f"remount,size={int(used_kib) + 256}k", "/var/lib/docker")
    try:
        done = update(chroma, "two")
    finally:
        chroma.machine("mount", "-o", "remount,size=8g", "/var/lib/docker")
    assert done["exit_code"] == 9
    assert chroma.machine("docker", "ps", "--quiet") == container
    assert data(chroma) == before


def test_disk_without_room_for_the_snapshot_stops_nothing(chroma: Lab) -> None:
    """A data disk without room for the snapshot leaves the old container running."""
    chroma.machine("docker", "rm", "--force", "app-chromadb-1")
    chroma.machine("sh", "-c", f"cp -a {VOLUME} /run/copy && mount -t tmpfs -o size=3m none {VOLUME}")
    chroma.machine("sh", "-c", f"cp -a /run/copy/. {VOLUME} && rm -r /run/copy")
    chroma.machine("docker", "compose", "up", "--detach", "chromadb", folder="/opt/app")
    before, container = data(chroma), chroma.machine("docker", "ps", "--quiet")
    assert "MiB needed" in update(chroma, "two")["message"]
    assert chroma.machine("docker", "ps", "--quiet") == container
    assert data(chroma) == before


def test_disk_that_is_full_to_the_last_byte_stops_nothing(chroma: Lab) -> None:
    """A full disk leaves the old container running, and the report has the reason."""
    container = chroma.machine("docker", "ps", "--quiet")
    chroma.machine("sh", "-c", f"mkdir -p {STATE} && mount -t tmpfs -o size=64k none {STATE}")
    chroma.machine.run("dd", "if=/dev/zero", f"of={STATE}/full")
    done = update(chroma, "two")
    assert (done["exit_code"], "writing to" in done["message"]) == (9, True)
    assert chroma.machine("docker", "ps", "--quiet") == container


def test_snapshot_that_fails_midway_starts_the_old_release_again(chroma: Lab) -> None:
    """A snapshot of the data that fails starts the old container again."""
    before = data(chroma)
    chroma.machine("touch", f"{VOLUME}/snapshots")
    done = update(chroma, "two")
    assert (done["exit_code"], done["message"][:9]) == (9, "snapshot:")
    assert_truthful(chroma, before)


def test_data_of_a_deleted_container_are_kept(chroma: Lab) -> None:
    """An update keeps the data in the volume of a container that was deleted before."""
    assert update(chroma, "two")["exit_code"] == 0
    before = data(chroma)
    chroma.machine("docker", "rm", "--force", "app-chromadb-1")
    done = update(chroma, "broken")
    assert (done["exit_code"], done["previous"]["image"]) == (7, chroma.images["two"]), done["message"]
    assert_truthful(chroma, before)
    chroma.machine("docker", "rm", "--force", "app-chromadb-1")
    chroma.machine("sed", "-i", 's|/data"]|/elsewhere"]|', "/opt/app/docker-compose.yml")
    done = update(chroma, "one")
    assert (done["exit_code"], done["message"]) == (3, "chromadb: no mount at /data.")


def test_rollback_starts_the_previous_release(chroma: Lab) -> None:
    """A rollback starts the release before the one that serves."""
    before = data(chroma)
    assert chroma.run("rollback", "chromadb")["exit_code"] == 3
    assert update(chroma, "two")["exit_code"] == 0
    done = chroma.run("rollback", "chromadb")
    assert (done["exit_code"], done["current"]["image"]) == (0, chroma.images["one"])
    assert done["undo"].endswith(f"update --name chromadb --env dev --image {chroma.images['two']}")
    assert_truthful(chroma, before)
    assert [entry["image"] for entry in chroma.record()] == [chroma.images[name] for name in ("one", "two", "one")]
    status = chroma.run("status", "chromadb")
    assert (status["current"]["image"], status["is_ready"], status["active_run"]) == (chroma.images["one"], True, None)


def test_vllm_is_ready_once_its_model_is_listed(accessory_machine: Lab) -> None:
    """An update of vLLM waits until the server lists its model."""
    machine = accessory_machine
    routes = {"/health": "", "/v1/models": json.dumps({"data": [{"id": "the/model"}]})}
    first = machine.publish("vllm", "vllm-one", routes=routes, bearer=KEY)
    second = machine.publish("vllm", "vllm-two", routes=routes, bearer=KEY)
    third = machine.publish("vllm", "vllm-other", routes=routes | {"/v1/models": "{}"}, bearer=KEY)
    ready = [
        {"url": "http://127.0.0.1:8001/health"},
        {"url": "http://127.0.0.1:8001/v1/models", "has": "the/model", "bearer": "VLLM_API_KEY"},
    ]
    settings = {"image": "127.0.0.1:5000/test/vllm:vllm-two", "ready": ready, "needs_gpu": True}
    machine.begin("vllm", first, env=f"VLLM_API_KEY={KEY}\n", **settings)
    assert machine.run("update", "vllm")["message"].startswith("GPU: nvidia-smi lists none.")
    machine.machine("install", "-m", "755", "/dev/stdin", "/opt/nvidia-smi", stdin="#!/bin/sh\necho GPU 0: L4\n")
    machine.machine("mount", "--bind", "/opt", "/usr/local/sbin")
    done = machine.run("update", "vllm")
    assert (done["exit_code"], done["current"]["image"], done["snapshot"]) == (0, second, "")
    done = machine.run("update", "vllm", "--image", third)
    assert (done["exit_code"], machine.serving("vllm")) == (7, second)
    assert "key … image vllm-other" in done["diagnostics"]
    assert all(KEY not in line for line in done["diagnostics"])
    assert machine.machine("stat", "--format", "%a", "/opt/app/.env").strip() == "644"
