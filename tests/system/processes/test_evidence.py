"""A serial port that never ends its answer: the rollback does not wait for it."""

import time

from tests.support.deployer import Deployer
from tests.support.emulator import GROUP
from tests.support.releases import reference
from tests.system.processes.slow_proxy import slow_proxy


def test_slow_serial_port_does_not_delay_the_rollback(deployer: Deployer) -> None:
    """A serial port whose answer never ends delays neither the rollback nor the end of the process."""
    seed = deployer.emulator.templates_of_instances()
    deployer.emulator.ask("emulator/instance-rules", verb="POST", body={"image": reference("a"), "never_healthy": True})
    with slow_proxy(deployer.emulator.address, "/serialPort") as url:
        deployer.compute_url = f"{url}/compute/v1"
        began_s = time.monotonic()
        code, stdout, stderr = deployer.run("deploy", "--image", reference("a"), "--timeout", "4")
        took_s = time.monotonic() - began_s
    assert (code, stdout) == (7, ""), stderr
    assert took_s < 40, "4 s for the rollout, 10 s at most for the serial port, the rest for the rollback"
    assert deployer.emulator.templates_of_instances() == seed
    patches = [entry for entry in deployer.emulator.request_log("request") if entry["verb"] == "PATCH"]
    assert len([entry for entry in patches if GROUP in entry["path"]]) == 2
