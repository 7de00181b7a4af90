"""Bindings: containers whose health the emulator reports for the instances of an image."""

from dataclasses import dataclass, replace
from typing import Final

_START_S: Final = 10.0  # that a new container may take to start where the previous container of the binding answered


@dataclass(frozen=True)
class Binding:
    """
    A container that is bound to every instance whose template mentions an image, or to a single instance.

    Args:
        image: image of the instances
        url: health URL of the container; empty for an answer that stays, and with a hook
        answers: whether the container answers
        since_s: virtual time of the first answer, or of the first silence
        is_probed: whether the URL is probed; if not, the last answer stays
        before_s: virtual time at which the previous state began
        starts_until_s: time until which the silence of a container that replaces an answering one counts as its start
        hook: URL on loopback that starts, stops and kills a container of its own for each instance of the image, and
            answers a start with the health URL of that container; empty: all instances share the container of `url`
        instance: name of the only instance that the container is bound to, which a hook has started; empty: every
            instance of the image
    """

    image: str
    url: str
    answers: bool = False
    since_s: float = 0.0
    is_probed: bool = True
    before_s: float = 0.0
    starts_until_s: float = 0.0
    hook: str = ""
    instance: str = ""

    @property
    def key(self) -> str:
        """What tells bindings apart: the image, or the instance; no image begins with a slash."""
        return f"/instances/{self.instance}" if self.instance else self.image


def probed(binding: Binding, now_s: float, *, answers: bool) -> Binding:
    """Return a binding after a probe of its container."""
    if not answers and now_s < binding.starts_until_s:
        return binding
    if answers == binding.answers:
        return replace(binding, starts_until_s=0.0)
    return replace(binding, answers=answers, since_s=now_s, before_s=binding.since_s, starts_until_s=0.0)


def rebound(previous: Binding | None, image: str, url: str, answers: bool | None, now_s: float) -> Binding:
    """
    Return the binding of an image to a new container.

    Args:
        previous: binding of the image until now; its answer holds until the new container has started, because the
            instances did not restart
        image: image of the instances
        url: health URL of the container; empty for an answer that stays
        answers: answer of the container; None: probes decide
        now_s: the present
    """
    if previous is None:
        return Binding(image, url, bool(answers), now_s, is_probed=bool(url))
    binding = replace(previous, url=url, is_probed=bool(url))
    if answers is not None:
        return probed(replace(binding, starts_until_s=0.0), now_s, answers=answers)
    return replace(binding, starts_until_s=now_s + _START_S) if previous.answers else binding
