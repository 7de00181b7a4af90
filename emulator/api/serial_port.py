"""Serial port output: the story of an instance's boot, as far as it has come."""

import re

from emulator.environment.clock import timestamp
from emulator.environment.options import GuestAgent
from emulator.group.health import ContainerHealth, HealthCheck, verdicts
from emulator.group.instances import Instance

# Sources: cmd/gce_metadata_script_runner of GoogleCloudPlatform/google-guest-agent at 1adda70 of 2026-08-19, whose
# `Completed` line is of a level that is not logged by default, and google_metadata_script_runner of
# GoogleCloudPlatform/guest-agent at df9d203 of 2026-07-23; both read on 2026-11-27.
_AGENT = "google_metadata_script_runner[1]: "
_SCRIPT = {
    "new": f'{_AGENT}Metadata key("startup-script"), command("/bin/bash"): ',
    "old": f"{_AGENT}startup-script: ",
}
_FOUND = {"new": f"{_AGENT}Found startup-script in metadata", "old": f"{_AGENT}Found startup-script in metadata."}
_FINISHED = {
    "new": (f"{_AGENT}Finished running startup scripts",),
    "old": (f"{_AGENT}startup-script exit status 0", f"{_AGENT}Finished running startup scripts."),
}
_PROGRAM = re.compile(r"[a-z][\w-]*\[\d+\]: ")  # a line of another program, such as `konlet-startup[694]: …`
_IMAGE = re.compile(r"[\w.-]+(?::\d+)?(?:/[\w.-]+)+(?:@sha256:[0-9a-f]{64}|:[\w.-]+)")


def serial_output(
    instance: Instance,
    health_check: HealthCheck | None,
    container: ContainerHealth | None,
    metadata: str,
    now_s: float,
    agent: GuestAgent,
) -> str:
    """
    Return what an instance has printed until now.

    Args:
        instance: instance, with its start and profile
        health_check: health check of its group, whose verdicts give the time of the first answer
        container: health of the bound container
        metadata: all metadata of its template, with the image references
        now_s: the present
        agent: guest agent of the image
    """
    if instance.status in ("", "PROVISIONING"):
        return ""
    booted_s = instance.running_at_s if instance.running_at_s >= 0 else instance.stage_at_s
    lines = [
        (booted_s, "kernel: Linux version 6.8.0-gcp"),
        (booted_s, f"systemd[1]: Hostname set to <{instance.name}>."),
    ]
    if instance.running_at_s >= 0:
        lines.append((booted_s, _FOUND[agent]))
        pulled = images(metadata)
        lines += [(booted_s + 0.1 * index, f"{_SCRIPT[agent]}Pulling {image}") for index, image in enumerate(pulled)]
        lines += _application_lines(instance, health_check, container, booted_s, agent)
    return "".join(f"{timestamp(at_s)} {instance.name} {text}\r\n" for at_s, text in lines if at_s <= now_s)


def images(metadata: str) -> list[str]:
    """Return the image references of a startup script, in order, each once."""
    return list(dict.fromkeys(_IMAGE.findall(metadata)))


def _application_lines(
    instance: Instance,
    health_check: HealthCheck | None,
    container: ContainerHealth | None,
    booted_s: float,
    agent: GuestAgent,
) -> list[tuple[float, str]]:
    """
    Return the lines of an application that answers; else the lines that its profile prints.

    A line of the profile that does not begin with a program is of the startup script.
    """
    changes = []
    if health_check is not None:
        changes = verdicts(instance.running_at_s, instance.profile, health_check, container)
    healthy_at_s = next((at_s for at_s, verdict in changes if verdict == "HEALTHY"), None)
    if healthy_at_s is None:
        return [
            (booted_s + 1.0 + index, line if _PROGRAM.match(line) else f"{_SCRIPT[agent]}{line}")
            for index, line in enumerate(instance.profile.serial)
        ]
    return [
        *((healthy_at_s, line) for line in _FINISHED[agent]),
        *(
            (at_s, "app: no answer any more")
            for at_s, verdict in changes
            if verdict == "UNHEALTHY" and at_s > healthy_at_s
        ),
    ]
