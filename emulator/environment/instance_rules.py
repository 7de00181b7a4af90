"""Instance rules: which instances get which profile, by their name, template or image."""

import re
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from emulator.group.boot_phases import NAMESPACE, usual_times
from emulator.group.instances import Instance
from emulator.group.profile import Profile

Seconds = Annotated[float, Field(ge=0)]
Phase = Literal["booted", "login", "secrets", "pulled", "started", "failed"]
Time = Seconds | Annotated[tuple[Seconds, Seconds], Field(description="drawn evenly from this range")]
_TIMES: Final = ("create_s", "boot_s", "answer_s", "crash_after_s", "stop_s", "delete_s")
# What a startup script that writes phases has in it: `phase NAME`, a function such as that of iac/scripts/phases.sh.
_PHASE: Final = re.compile(r"(?m)^\s*phase (\w+)")
_WRITES_PHASES: Final = f"/guest-attributes/{NAMESPACE}/"
_SELECTORS: Final = {"instance", "template", "image"}


class InstanceRule(BaseModel):
    """
    How the instances of a name, template or image behave; an unset field comes from the next rule that applies.

    A rule with an instance's name comes before a rule with its template, that before a rule with an image, and that
    before a rule for all instances; among equals the newest comes first. `Profile` has the defaults.
    """

    # The text below a key is its meaning in the schema of seeds and in docs/reference.md.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    instance: str = ""
    """name of the instance that the rule is for; empty for any"""
    template: str = ""
    """name of the template of the instances that the rule is for; empty for any"""
    image: str = ""
    """full reference in the metadata of the instances that the rule is for; empty for any"""
    create_s: Time | None = None
    """time from the request until the instance exists and boots, or [from, to]"""
    boot_s: Time | None = None
    """time from then until it is RUNNING, or [from, to]"""
    answer_s: Time | None = None
    """time from RUNNING until its application answers, or [from, to]"""
    crash_after_s: Time | None = None
    """time from the first answer until the application stops answering, or [from, to]"""
    stop_s: Time | None = None
    """time to shut down, before a restart or by `instances.stop`, or [from, to]"""
    delete_s: Time | None = None
    """time to shut down and disappear, or [from, to]"""
    never_healthy: bool | None = None
    """whether its application never answers"""
    create_error: str | None = None
    """code that its creation fails with, such as ZONE_RESOURCE_POOL_EXHAUSTED"""
    create_error_times: Annotated[int, Field(ge=1)] | None = None
    """number of failures before the creation succeeds; absent: it never succeeds"""
    unanswered: tuple[str, ...] | None = None
    """names of health checks that its application never answers"""
    serial: tuple[str, ...] | None = None
    """lines that its start-up prints to the serial port if the application never answers"""
    phases: dict[Phase, Time] | None = None
    """time from RUNNING until its startup script writes each phase to the guest attributes, or [from, to]; needs the
    metadata enable-guest-attributes=TRUE"""
    failed: Annotated[str, Field(max_length=1_000)] | None = None
    """reason of the phase failed, with which its startup script ends; its application never answers"""

    @property
    def rank(self) -> int:
        """Rank of the rule's selector; the highest comes first."""
        return 3 if self.instance else 2 if self.template else 1 if self.image else 0

    def applies_to(self, instance: Instance, metadata: str) -> bool:
        """Return whether the rule is for an instance, given all metadata of its template."""
        return (
            self.instance in ("", instance.name)
            and self.template in ("", instance.intended.template.rpartition("/")[2])
            and (not self.image or mentions(metadata, self.image))
        )


def drawn_profile(
    rules: list[InstanceRule], instance: Instance, metadata: str, seed: int, *, has_attributes: bool = False
) -> Profile:
    """
    Return the profile of an instance's present incarnation.

    Args:
        rules: instance rules, oldest first
        instance: instance whose name and incarnation seed the random numbers
        metadata: all metadata of its template
        seed: random seed of the environment
        has_attributes: whether its template enables guest attributes
    """
    random = Random(f"{seed}/{instance.name}/{instance.incarnation}")  # noqa: S311 - simulated times, no secret
    fields: dict[str, Any] = {}
    for rule in sorted(rules, key=lambda rule: rule.rank):
        if rule.applies_to(instance, metadata):
            fields |= rule.model_dump(exclude_none=True, exclude=_SELECTORS)
    is_never_healthy, phases = fields.pop("never_healthy", False), fields.pop("phases", None)
    times = _drawn({name: value for name, value in fields.items() if name in _TIMES}, random)
    profile = replace(Profile(), **(fields | times))
    if phases is None and has_attributes and _WRITES_PHASES in metadata:
        phases = usual_times(profile.answer_s, _PHASE.findall(metadata), fails=bool(profile.failed))
    if phases and has_attributes:
        ordered = sorted(_drawn(phases, random).items(), key=lambda phase: phase[1])
        profile = replace(profile, phases=tuple(ordered))
    return replace(profile, answer_s=None) if is_never_healthy or profile.failed else profile


def _drawn(times: Mapping[str, Any], random: Random) -> dict[str, float]:
    return {name: random.uniform(*value) if isinstance(value, tuple) else value for name, value in times.items()}


def mentions(text: str, image: str) -> bool:
    """Return whether a text refers to exactly this image, not to a longer name that contains it."""
    begins = r"(?:(?<![\w./:@-])|(?<=:-)|(?<=docker://))"  # also as the default of a variable, and behind its scheme
    return re.search(rf"{begins}{re.escape(image)}(?![\w.:@/-])", text) is not None
