"""An endpoint that a variable or a flag sets: named in the first line of every report, with a record of its own."""

import json
import shlex

import pytest

from tests.support.deployer import Deployer
from tests.support.emulator import GROUP
from tests.support.releases import reference
from tests.support.reports import unwrapped


@pytest.fixture
def emulated(deployer: Deployer) -> Deployer:
    """An environment file that names Google, and the variable COMPUTE_URL that names an emulator."""
    deployer.variables = {"COMPUTE_URL": deployer.compute_url}
    deployer.compute_url = ""
    return deployer


def line(deployer: Deployer) -> str:
    return (
        f"endpoint: compute_url is '{deployer.variables['COMPUTE_URL']}', set by --compute-url or COMPUTE_URL;"
        " environments/dev.yaml has 'https://compute.googleapis.com/compute/v1'"
    )


def test_endpoint_of_a_variable_is_the_first_line_of_every_report(emulated: Deployer) -> None:
    """An endpoint that COMPUTE_URL sets is named in the first line of every report."""
    image = reference("a")
    code, stdout, _ = emulated.run("deploy", "--image", image)
    assert (code, unwrapped(stdout).splitlines()[0]) == (0, line(emulated))
    assert unwrapped(stdout).splitlines()[1].startswith("✓ ai-server aaaaaaa serves ")
    code, stdout, stderr = emulated.run("rollback", "--to", "nothing")
    assert (code, stdout, unwrapped(stderr).splitlines()[0]) == (3, "", line(emulated))
    for verb in (("status",), ("history",), ("plan", "--image", image), ("report",)):
        code, stdout, stderr = emulated.run(*verb)
        assert (code, unwrapped(stdout).splitlines()[0]) == (0, line(emulated)), stderr


def test_record_of_another_endpoint_is_kept_apart(emulated: Deployer) -> None:
    """A run on an emulator and a run on Google have records of their own."""
    assert emulated.run("deploy", "--image", reference("a"))[0] == 0
    [record] = emulated.records()
    emulated.variables = {}
    code, stdout, stderr = emulated.run("report")
    assert (code, stdout) == (4, ""), "the record of the emulator was taken for one of Google's"
    assert "credentials" in stderr
    assert emulated.run("rollback")[0] == 4
    assert len(emulated.records()) == 2
    assert json.loads(record.read_text())["exit_code"] == 0


def test_undo_has_the_endpoints_of_the_run(emulated: Deployer) -> None:
    """The undo command works without the variable."""
    flags = ["--registry-url", emulated.registry_url]
    emulated.registry_url = '""'
    code, stdout, stderr = emulated.run("deploy", "--image", reference("b"), *flags)
    assert code == 0, stderr
    assert (
        unwrapped(stdout).splitlines()[1].startswith(f"endpoint: registry_url is '{flags[1]}', set by --registry-url; ")
    )
    undo = json.loads(emulated.run("report", "--format", "json")[1])["undo"]
    url = emulated.variables["COMPUTE_URL"]
    assert undo.endswith(f" rollback --env dev --compute-url {url} --registry-url {flags[1]}")
    emulated.variables = {}
    code, stdout, stderr = emulated.run(*shlex.split(undo.removeprefix(f"{emulated.typed} ")))
    assert code == 0, stderr
    assert emulated.emulator.templates_of_instances() == {"dojangkok-dev-ai-server-seed"}


def test_endpoint_of_the_environment_file_is_no_line(deployer: Deployer) -> None:
    """An endpoint that the environment file also has is not printed."""
    deployer.variables = {"COMPUTE_URL": f"{deployer.compute_url}/"}
    code, stdout, _ = deployer.run("status")
    assert (code, stdout.startswith(f"{GROUP}: ")) == (0, True)
