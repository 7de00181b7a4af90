"""A serial port that never ends its answer: the rollback does not wait for it."""

import time

from tests.system.processes.dripping import dripping
from tests.system.processes.served import Served, reference
from tests.unit.deploy.rig import GROUP


def test_serial_port_that_drips_delays_no_rollback_and_no_exit(served: Served) -> None:
    seed = served.serving()
    served.client.post("/emulator/machines", json={"image": reference("a"), "never_healthy": True})
    with dripping(served.url, "/serialPort") as url:
        served.url = url
        began_s = time.monotonic()
        code, stdout, stderr = served.run("deploy", "--image", reference("a"), "--timeout", "4")
        took_s = time.monotonic() - began_s
    assert (code, stdout) == (7, ""), stderr
    assert took_s < 40, "4 s for the rollout, 10 s at most for the serial port, the rest for the rollback"
    assert served.serving() == seed
    entries = [line for line in served.client.get("/emulator/ledger?kind=request").text.splitlines() if GROUP in line]
    assert sum('"PATCH"' in line for line in entries) == 2
