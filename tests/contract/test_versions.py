"""Versions of a managed instance group: which are refused, and how long their names may be."""

from tests.contract.marks import covers, environment, regional, unverified, verified
from tests.contract.rig import GROUP, LINKS, EmulatorClient

pytestmark = regional


@verified("G")
@covers("instanceGroupManagers.patch")
def test_versions_that_can_not_be_are_refused(emulator: EmulatorClient) -> None:
    """Exactly one version has no size, versions differ, and their templates exist."""
    emulator.web(0)
    old, sized = f"{LINKS}/global/instanceTemplates/old", {"targetSize": {"fixed": 1}}
    new = emulator.template("new")
    for versions in (
        [],
        [{"instanceTemplate": old} | sized],
        [{"instanceTemplate": old}, {"instanceTemplate": new}],
        [{"instanceTemplate": old} | sized, {"instanceTemplate": old}],
        [{"instanceTemplate": f"{LINKS}/global/instanceTemplates/gone"}],
    ):
        assert emulator.refused("PATCH", GROUP, {"versions": versions or None})[0] == 400
    assert emulator.group()["versions"] == [{"instanceTemplate": old, "targetSize": {"calculated": 0}}]


@unverified("I")
@covers("instanceGroupManagers.patch")
def test_a_version_name_has_at_most_63_characters(emulator: EmulatorClient) -> None:
    """A version name of 64 characters answers 400 that names its field. `--version-name-length 63`, the default."""
    emulator.web(0)
    version = {"instanceTemplate": f"{LINKS}/global/instanceTemplates/old"}
    emulator.do("PATCH", GROUP, {"versions": [version | {"name": "n" * 63}]})
    status, reason, message = emulator.refused("PATCH", GROUP, {"versions": [version | {"name": "n" * 64}]})
    assert (status, reason) == (400, "invalid")
    assert "'resource.versions[0].name'" in message
    assert emulator.group()["versions"][0]["name"] == "n" * 63


@unverified("I")
@environment(version_name_length=100)
@covers("instanceGroupManagers.patch")
def test_a_version_name_may_be_longer(emulator: EmulatorClient) -> None:
    """A version name of 64 characters is kept. `--version-name-length 100`."""
    emulator.web(0)
    version = {"instanceTemplate": f"{LINKS}/global/instanceTemplates/old", "name": "n" * 64}
    emulator.do("PATCH", GROUP, {"versions": [version]})
    assert emulator.group()["versions"][0]["name"] == "n" * 64
