"""Serial port output: the story of a machine's boot, as far as it has come."""

import re

from emulator.environment.clock import timestamp
from emulator.group.health import Check, Tie, verdicts
from emulator.group.instances import Machine

_IMAGE = re.compile(r"[\w.-]+(?::\d+)?(?:/[\w.-]+)+(?:@sha256:[0-9a-f]{64}|:[\w.-]+)")


def serial_output(machine: Machine, check: Check | None, tie: Tie | None, script: str, now_s: float) -> str:
    """
    Return what a machine printed until now.

    Args:
        machine: Its start and behaviour.
        check: Its health check, whose verdicts tell when it answered.
        tie: Container behind it.
        script: Metadata of its template, in which the images stand.
        now_s: The moment.
    """
    if machine.status in ("", "PROVISIONING"):
        return ""
    booted = machine.running_at_s if machine.running_at_s >= 0 else machine.stage_at_s
    lines = [
        (booted, "kernel: Linux version 6.8.0-gcp"),
        (booted, f"systemd[1]: Hostname set to <{machine.name}>."),
    ]
    if machine.running_at_s >= 0:
        lines.append((booted, "google_metadata_script_runner[1]: Found startup-script in metadata."))
        lines += [
            (booted + 0.1 * index, f"startup-script: Pulling {image}") for index, image in enumerate(images(script))
        ]
        found = verdicts(machine.running_at_s, machine.behaviour, check, tie) if check is not None else []
        answered = [at_s for at_s, verdict in found if verdict == "HEALTHY"]
        if answered:
            lines.append((answered[0], "google_metadata_script_runner[1]: startup-script exit status 0"))
            lines += [
                (at_s, "app: no answer any more")
                for at_s, verdict in found
                if verdict == "UNHEALTHY" and at_s > answered[0]
            ]
        else:
            lines += [
                (booted + 1.0 + index, f"startup-script: {line}") for index, line in enumerate(machine.behaviour.serial)
            ]
    return "".join(f"{timestamp(at_s)} {machine.name} {text}\r\n" for at_s, text in lines if at_s <= now_s)


def images(script: str) -> list[str]:
    """Return the image references of a startup script, in order, each once."""
    return list(dict.fromkeys(_IMAGE.findall(script)))
