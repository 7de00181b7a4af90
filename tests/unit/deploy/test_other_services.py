"""The ports of the services beside the application, as preflight knows them and as the stacks have them."""

import re
from pathlib import Path

from deploy.group.preflight import OTHER_SERVICES

_SERVICE = re.compile(r"^  ([a-z-]+): # (\d+)", re.MULTILINE)


def test_ports_of_the_services_beside_the_application_are_those_of_the_stacks() -> None:
    """Preflight knows the port of every service in compose/ beside the stack's own, and that of sshd."""
    ports = {22: "sshd"}
    for stack in Path("compose").glob("*/docker-compose.yml"):
        services = {int(port): name for name, port in _SERVICE.findall(stack.read_text())}
        assert stack.parent.name in services.values()
        ports |= {port: name for port, name in services.items() if name != stack.parent.name}
    assert dict(OTHER_SERVICES) == ports
