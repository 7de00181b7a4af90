"""Serial port output as the guest agent of an image prints it; the newer agent has no line for a success."""

from tests.contract.marks import covers, environment, verified
from tests.contract.rig import HOME, ZONE, EmulatorClient


def printed(emulator: EmulatorClient) -> list[str]:
    """Return what the agent of a healthy instance has printed, without times and names."""
    emulator.web(1)
    (row,) = emulator.rows()
    contents = emulator.get(f"{HOME}/zones/{ZONE}/instances/{row['name']}/serialPort")["contents"]
    agent = "google_metadata_script_runner[1]: "
    return [line.partition(agent)[2] for line in contents.splitlines() if agent in line]


@verified("A")
@covers("instances.getSerialPortOutput")
def test_the_newer_agent(emulator: EmulatorClient) -> None:
    """
    The newer agent prints the name of the metadata key and the shell before each line of the script, and the same last
    line after a success and a failure. `--guest-agent new`, the default.
    """
    assert printed(emulator) == [
        "Found startup-script in metadata",
        'Metadata key("startup-script"), command("/bin/bash"): Pulling registry.test/web:old',
        "Finished running startup scripts",
    ]


@verified("A")
@environment(guest_agent="old")
@covers("instances.getSerialPortOutput")
def test_the_older_agent(emulator: EmulatorClient) -> None:
    """The older agent prints the metadata key before each line, and the exit status. `--guest-agent old`."""
    assert printed(emulator) == [
        "Found startup-script in metadata.",
        "startup-script: Pulling registry.test/web:old",
        "startup-script exit status 0",
        "Finished running startup scripts.",
    ]
