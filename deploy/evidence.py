"""What a machine that failed has to say, fit to be shown."""

from deploy.compute import Compute
from deploy.config import Config
from deploy.errors import DeployError
from deploy.health import is_serving
from deploy.leaks import redacted
from deploy.observe import read_group
from deploy.observed import Version


def evidence(compute: Compute, config: Config, version: Version, machine: str) -> tuple[str, ...]:
    """
    Return what a machine that failed has to say, by line: health, last error, the end of its serial port.

    Nothing where that can't be read: it is not worth keeping the way back waiting for an error.

    Args:
        compute: API of the project.
        config: Names.
        version: That was rolled out.
        machine: That failed; empty if none did by itself, and the first that does not serve is shown.
    """
    try:
        group = read_group(compute, config)
    except DeployError:
        return ()
    new = [one for one in group.machines if one.version == version and machine in ("", one.name)]
    new.sort(key=lambda one: is_serving(one, version))
    lines = []
    for one in new[:1]:
        lines.append(f"{one.name}: {one.action} {one.status or 'absent'} {one.health}".rstrip())
        lines += [f"  {code}: {text}" for code, text in one.errors]
        lines += [f"  | {line}" for line in _serial(compute, config, one.name)]
    return tuple(lines)


def _serial(compute: Compute, config: Config, machine: str) -> list[str]:
    try:
        output = compute.get(f"zones/{config.zone}/instances/{machine}/serialPort")
    except DeployError:
        return []
    return redacted(str(output.get("contents", ""))).splitlines()[-12:]
