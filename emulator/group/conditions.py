"""Everything that a group does not decide itself."""

from collections.abc import Callable
from dataclasses import dataclass

from emulator.group.attempts import CreationError
from emulator.group.health import ContainerHealth
from emulator.group.instances import Instance
from emulator.group.profile import Profile
from emulator.group.settings import UpdateAction


@dataclass(frozen=True)
class Conditions:
    """
    What the instance rules, the bindings and the capacity of zones make of a group.

    Args:
        profile: returns the profile of an instance's new incarnation
        container: returns the health of the container that is bound to an instance's image; None: none is bound
        difference: returns the least action that leads from one template to another, given their paths
        creation_error: returns the error that the creation of an instance fails with; None if there is room for it
        decide_s: seconds from a change to the group's next decision
    """

    profile: Callable[[Instance], Profile]
    container: Callable[[Instance], ContainerHealth | None]
    difference: Callable[[str, str], UpdateAction]
    creation_error: Callable[[Instance], CreationError | None]
    decide_s: float = 1.0
