"""The permission that each method needs."""

import pytest

from emulator.api.permissions import permission


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("instanceTemplates.insert", "compute.instanceTemplates.create"),
        ("instanceGroupManagers.patch", "compute.instanceGroupManagers.update"),
        ("instanceGroupManagers.listManagedInstances", "compute.instanceGroupManagers.list"),
        ("zoneOperations.wait", "compute.zoneOperations.get"),
        ("instances.getSerialPortOutput", "compute.instances.getSerialPortOutput"),
    ],
)
def test_permissions_are_those_of_the_reference(method: str, expected: str) -> None:
    """A method needs the permission that Compute Engine's reference names."""
    assert permission(method) == expected
