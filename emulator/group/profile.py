"""The times and failures that one instance has from its creation to its deletion."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """
    How one instance behaves, drawn from the instance rules; all times in virtual seconds.

    Args:
        create_s: time from the request until the instance exists and boots
        boot_s: time from then until it is RUNNING
        answer_s: time from RUNNING until its application answers; None: the application never answers
        crash_after_s: time from the first answer until the application stops answering; None: it never stops
        stop_s: time to shut down, before a restart or by `instances.stop`
        delete_s: time to shut down and disappear
        create_error: code that its creation fails with, such as ZONE_RESOURCE_POOL_EXHAUSTED
        create_error_times: number of failures before the creation succeeds; None: it never succeeds
        unanswered: names of health checks that its application never answers
        serial: lines that its start-up prints to the serial port if the application never answers
        phases: phases that its startup script writes to the guest attributes, each with its time from RUNNING
        failed: reason of the phase `failed`; then the application never answers, not even in a bound container
    """

    create_s: float = 4.0
    boot_s: float = 8.0
    answer_s: float | None = 10.0
    crash_after_s: float | None = None
    stop_s: float = 5.0
    delete_s: float = 12.0
    create_error: str = ""
    create_error_times: int | None = None
    unanswered: tuple[str, ...] = ()
    serial: tuple[str, ...] = ()
    phases: tuple[tuple[str, float], ...] = ()
    failed: str = ""


def answers_for_good(profile: Profile) -> bool:
    """Return whether an application answers at some time and never stops."""
    return profile.answer_s is not None and profile.crash_after_s is None
