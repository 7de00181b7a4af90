"""From a verb and a path to a method."""

from emulator.api.routing import find_route


def test_a_path_has_the_same_method_with_and_without_its_prefix() -> None:
    """`compute/v1` before a path changes neither its method nor its variables."""
    path = "projects/p/zones/z/instanceGroupManagers/g/listManagedInstances"
    for prefix in ("", "/", "/compute/v1/"):
        route = find_route("POST", prefix + path)
        assert route is not None
        assert route.method.name == "instanceGroupManagers.listManagedInstances"
        assert route.params == {"project": "p", "zone": "z", "instanceGroupManager": "g"}


def test_an_unknown_path_has_no_method() -> None:
    """A path without a method, or with another suffix after the colon, has no route."""
    assert find_route("GET", "projects/p/nowhere/x") is None
    assert find_route("POST", "v1/projects/p:testIamPermissions") is not None
    assert find_route("POST", "v1/projects/p:other") is None
