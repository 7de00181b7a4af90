"""What a rollout came to, and what a run of a verb did: frozen data, kept as JSON, shown by report/."""

from dataclasses import dataclass
from datetime import datetime

from deploy.documents.group_state import Version
from deploy.endpoints import EndpointOverride
from deploy.errors import DeployError


@dataclass(frozen=True)
class Phase:
    """
    A part of a rollout that took time.

    Args:
        name: Such as `first healthy`: what was reached at its end.
        seconds: Since the end of the one before; those of all phases add up to the rollout's.
    """

    name: str
    seconds: float


@dataclass(frozen=True)
class Life:
    """
    When a machine was what, in seconds from the start of the rollout; None for what was not seen.

    Args:
        name: Of the instance.
        template: That it is, or was, meant to have.
        release: First 12 digits of its image's digest, where the version's name says so; else empty.
        is_new: Whether it is of the release that was rolled out.
        state: As it was last seen: verifying, healthy, deleting, gone …
        since_s: When it was first seen in that state.
        seen_s: When it was first seen.
        running_s: When it was first seen RUNNING.
        healthy_s: When it was first seen HEALTHY.
        gone_s: When it was first missed.
    """

    name: str
    template: str
    release: str
    is_new: bool
    state: str
    since_s: float
    seen_s: float
    running_s: float | None = None
    healthy_s: float | None = None
    gone_s: float | None = None


@dataclass(frozen=True)
class Result:
    """
    What a rollout came to, as far as it got.

    Args:
        changed: False if the release served already.
        version: That the group was to have.
        before: That it had.
        phases: In order.
        machines: Everyone that was seen, in the order of first sight.
        pruned: Templates that were deleted.
        warnings: What to know.
        requests: Made in all.
        prunable: How many more templates a later prune may delete.
        is_empty: Whether the group had no instances in the end, so that nothing proves its version.
    """

    changed: bool
    version: Version
    before: Version
    phases: tuple[Phase, ...] = ()
    machines: tuple[Life, ...] = ()
    pruned: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    requests: int = 0
    prunable: int = 0
    is_empty: bool = False


@dataclass(frozen=True)
class Pruned:
    """
    What a prune did.

    Args:
        templates: Names of the templates that it deleted, oldest first.
        remaining: How many more a later prune may delete.
        error: Why it ended early; None if it did not.
    """

    templates: tuple[str, ...] = ()
    remaining: int = 0
    error: DeployError | None = None


@dataclass(frozen=True)
class Serving:
    """
    What a template serves.

    Args:
        template: Its name.
        reference: Of the image in its script, HOST/PATH@sha256:… or HOST/PATH:TAG; empty where that can't be told.
        commit: Of the sources, if it says.
    """

    template: str
    reference: str = ""
    commit: str = ""


@dataclass(frozen=True)
class Outcome:
    """
    One run of a verb that writes.

    Args:
        verb: deploy, rollback or reconcile.
        environment: As `--env` says.
        project: Of the group.
        zone: Of the group.
        group: Its name.
        run: Of the process.
        began_at: UTC.
        seconds: From there to the end.
        exit_code: None while it has not ended, or if nobody saw its end.
        was: What the group was told to serve before; None if that was not read.
        wanted: What it was to serve.
        result: Of the rollout; None if none was begun.
        message: Of what went wrong.
        fix: One way to mend that.
        evidence: What the machine that failed had to say, line by line, without secrets.
        undo: Command that brings back what was; empty where there is nothing to undo.
        is_rebuilt: Whether this was told from the group, because the run itself left nothing.
        compute_url: Compute endpoint of the group.
        endpoints: Endpoints that are not the environment file's.
    """

    verb: str
    environment: str
    project: str
    zone: str
    group: str
    run: str
    began_at: datetime
    seconds: float = 0.0
    exit_code: int | None = None
    was: Serving | None = None
    wanted: Serving | None = None
    result: Result | None = None
    message: str = ""
    fix: str = ""
    evidence: tuple[str, ...] = ()
    undo: str = ""
    is_rebuilt: bool = False
    compute_url: str = ""
    endpoints: tuple[EndpointOverride, ...] = ()
