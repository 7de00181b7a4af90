"""Updates of single VMs that lose their client, connection or process, or that run at the same time."""

import os
import random
import signal
import time

import pytest

from tests.system.accessory.chroma import assert_truthful, data, kill, update
from tests.system.accessory.cutting import Direction
from tests.system.accessory.updating import STATE, VOLUME, Lab, report, wait_for_phase

CUTS = int(os.environ.get("CUTS", "12"))


def test_second_updater_follows_or_is_refused(chroma: Lab) -> None:
    """A second client of the same update follows the first, and a client of another update is refused."""
    before = data(chroma)
    chroma.configure("chromadb", data="/data", ready_s=10)
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


def test_update_of_a_killed_client_is_reported_by_the_next_client(chroma: Lab) -> None:
    """After its client was killed an update goes on, and the next client reports its end."""
    before = data(chroma)
    client = chroma.start("update", "chromadb", "--image", chroma.images["two"])
    wait_for_phase(client, "pull")
    kill(client)
    done = update(chroma, "two")
    assert (done["exit_code"], chroma.serving("chromadb")) == (0, chroma.images["two"])
    assert len(chroma.record()) == 2
    assert_truthful(chroma, before)


def test_interrupted_client_reports_that_the_update_continues(chroma: Lab) -> None:
    """A client that is interrupted reports that the VM continues the update."""
    client = chroma.start("update", "chromadb", "--image", chroma.images["two"])
    wait_for_phase(client, "snapshot")
    client.send_signal(signal.SIGTERM)
    assert report(client)["exit_code"] == 130
    chroma.wait_until_settled()
    assert chroma.serving("chromadb") == chroma.images["two"]


def test_killed_update_process_keeps_the_record_of_the_old_release(chroma: Lab) -> None:
    """An update process that is killed ends with exit code 8, and the next failed update restores what served."""
    before = data(chroma)
    client = chroma.start("update", "chromadb", "--image", chroma.images["broken"])
    until = time.monotonic() + 30
    while chroma.serving("chromadb") != chroma.images["broken"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    chroma.machine("pkill", "-KILL", "-f", f"bash {STATE}/runs/")
    ended = report(client)
    assert (ended["exit_code"], "ended on the VM without a result" in ended["message"]) == (8, True)
    assert chroma.run("status", "chromadb")["active_run"]["is_running"] is False
    # Another failed update restores the release that served last, with the data of that time.
    assert update(chroma, "broken")["exit_code"] == 7
    assert chroma.serving("chromadb") == chroma.images["one"]
    assert_truthful(chroma, before)


def test_vm_with_another_host_key_is_refused(chroma: Lab) -> None:
    """A VM whose host key differs from the known one gets no login."""
    container, known = chroma.machine("docker", "ps", "--quiet"), chroma.folder / "known_hosts"
    before = known.read_text()
    *_, another = (chroma.folder / "client.pub").read_text().split()[:2]
    known.write_text(f"{' '.join(before.split()[:2])} {another}\n")
    try:
        done = update(chroma, "two")
    finally:
        known.write_text(before)
    assert (done["exit_code"], "the login was refused" in done["message"]) == (4, True)
    assert chroma.machine("docker", "ps", "--quiet") == container
    assert chroma.machine.run("ls", f"{STATE}/runs").stdout == ""


@pytest.mark.parametrize("later", ["after a restart", "after a while"])
def test_data_that_came_after_a_cut_are_never_replaced_by_older_ones(chroma: Lab, later: str) -> None:
    """A failed update after a run that was cut off restores the newest data, not those of the cut run."""
    client = chroma.start("update", "chromadb", "--image", chroma.images["broken"])
    wait_for_phase(client, "ready")
    chroma.machine("pkill", "-KILL", "-f", f"bash {STATE}/runs/")
    cut = report(client)
    until = time.monotonic() + 10
    while "9" not in chroma.machine("cat", f"{VOLUME}/_data/schema"):
        assert time.monotonic() < until
        time.sleep(0.1)
    chroma.machine("sh", "-c", f"echo new >{VOLUME}/_data/new")
    if later == "after a while":
        chroma.machine("touch", "--date", "+1 hour", f"{VOLUME}/_data/new")
    else:
        chroma.machine("tee", "/run/boot_id", stdin="another\n")
        chroma.machine("mount", "--bind", "/run/boot_id", "/proc/sys/kernel/random/boot_id")
    newer = data(chroma)
    try:
        done = update(chroma, "broken")
    finally:
        if later == "after a restart":
            chroma.machine("umount", "/proc/sys/kernel/random/boot_id")
    assert (done["exit_code"], data(chroma)) == (8, newer), done["message"]
    for run in (cut["run"], done["run"]):
        assert f"{VOLUME}/snapshots/{run} " in done["fix"]
    assert chroma.machine("sh", "-c", f"cat {VOLUME}/snapshots/{done['run']}/data/* | sha256sum") == newer


def places(whole: dict[Direction, int], chance: random.Random) -> list[tuple[Direction, int]]:
    """Return CUTS places of a connection in any order: a random byte of each of its slices, in both directions."""
    slices = CUTS // 2
    # The last bytes close the connection, and may be fewer at another time.
    chosen = [
        (direction, int((whole[direction] - 200) * (number + chance.random()) / slices))
        for direction in whole
        for number in range(slices)
    ]
    chance.shuffle(chosen)
    return chosen


def test_update_survives_a_cut_at_any_byte(chroma: Lab) -> None:
    """An update whose connection is cut at any byte, with its client killed or not, ends with one true state."""
    seed = int(os.environ.get("SEED") or random.randrange(10**6))  # noqa: S311
    print(f"SEED={seed}")
    chance = random.Random(seed)  # noqa: S311
    before, wire = data(chroma), chroma.proxy
    # After this the VM has both images, so that neither the measured update nor those that are cut pull an image.
    for release in ("two", "one", "two"):
        wire.carried.update({"up": 0, "down": 0})
        assert update(chroma, release)["exit_code"] == 0
    whole, cuts = dict(wire.carried), 0
    for number, (direction, after) in enumerate(places(whole, chance)):
        old, new = ("two", "one") if number % 2 == 0 else ("one", "two")
        is_killed = number // 2 % 2 == 0
        where = f"SEED={seed}, {number}: {direction} after {after} of {whole[direction]}, client killed: {is_killed}"
        print(where)
        wire.was_cut.clear()
        wire.cut = (direction, after)
        client = chroma.start("update", "chromadb", "--image", chroma.images[new])
        until = time.monotonic() + 60
        while client.poll() is None and not wire.was_cut.wait(0.1):
            assert time.monotonic() < until, where
        # A run may end before its byte, because the amount of output varies.
        wire.cut = None
        cuts += wire.was_cut.is_set()
        if is_killed:
            kill(client)
            chroma.wait_until_settled()
            assert chroma.serving("chromadb") in (chroma.images[old], chroma.images[new]), where
            assert_truthful(chroma, before)
            assert update(chroma, new)["exit_code"] == 0, where
        else:
            assert report(client)["exit_code"] == 0, where
        assert chroma.serving("chromadb") == chroma.images[new], where
        assert_truthful(chroma, before)
    assert cuts > CUTS / 2, f"SEED={seed}: {cuts} of {CUTS} were cut"
