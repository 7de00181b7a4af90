"""`init`: reads a group, writes its environment file, and lists everything that a deploy would refuse."""

from dataclasses import dataclass
from typing import Annotated

import typer

from deploy.call import Call
from deploy.config import Config
from deploy.doctor.adoption_findings import adoption_findings
from deploy.doctor.readings import Readings, Unread
from deploy.documents.resource import Document
from deploy.environment_file import config_of_flags, new_file, write_text
from deploy.errors import NotAllowedError
from deploy.group.update_policy import kept_settings
from deploy.new_environment import environment_text
from deploy.options import Invocation
from deploy.release import template
from deploy.release.repository_choice import UNKNOWN_REPOSITORY, RepositoryChoice, choose_repository
from deploy.report.adoption import adoption_report

Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace an existing file, its comments included")]


@dataclass(frozen=True)
class Adopted:
    """
    What was read of a group that is being adopted.

    Args:
        config: settings of the environment; the repository may be UNKNOWN_REPOSITORY.
        readings: what `doctor` judges.
        choice: repository of the group's image; None if the group's metadata was not read.
    """

    config: Config
    readings: Readings
    choice: RepositoryChoice | None = None


def init(call: Call, overwrite: Overwrite = False) -> None:
    """Write the file of a group (--project, --zone or --region, --group), and list what a deploy would refuse."""
    options = call.invocation.options
    path = new_file(options.env, options.settings, may_exist=overwrite)
    overrides = options.overrides()
    draft = config_of_flags(path, {"repository": UNKNOWN_REPOSITORY, **overrides})
    adopted = _read(call, draft)
    init_command = call.invocation.command("init", "--repository", "HOST/PATH", "--overwrite")
    findings = adoption_findings(adopted.config, adopted.readings, adopted.choice, init_command)
    if adopted.choice:
        write_text(path, environment_text(adopted.config, adopted.choice, overrides))
    is_ready = not any(finding.state == "wrong" for finding in findings)
    report = adoption_report(
        adopted.config,
        findings,
        path if adopted.choice else None,
        _next_command(call.invocation, adopted, is_ready=is_ready),
        options.format,
    )
    if not is_ready:
        call.refuse(adopted.config, report)
    call.print_report(adopted.config, report)


def _next_command(invocation: Invocation, adopted: Adopted, *, is_ready: bool) -> str:
    """Return the command to run next; the values of this call's flags stand in the file, if it was written."""
    if not adopted.choice:
        return invocation.command("init")
    image = ("--image", f"{adopted.config.repository}:TAG")
    return invocation.command_without_overrides(*(("plan", *image) if is_ready else ("doctor",)))


def _read(call: Call, draft: Config) -> Adopted:
    """Read the group, choose its repository, and read that; a login without a token is a finding."""
    try:
        session = call.open_session(draft)
        session.headers()
        reader = session.readings_reader(draft)
        readings = reader.read_group(session.account, session.member)
        group, base = readings.group, readings.template
        if isinstance(group, Unread):
            return Adopted(draft, readings)
        choice = _choice(draft, base)
        if choice is None:
            return Adopted(draft, readings)
        rollout = kept_settings(group)
        config = draft.model_copy(update={"repository": choice.repository or UNKNOWN_REPOSITORY, "rollout": rollout})
        if choice.repository:  # its registry may be another one than the draft's, so the session is a new one
            readings = call.open_session(config).readings_reader(config).read_repository(readings, choice.repository)
        return Adopted(config, readings, choice)
    except NotAllowedError as error:
        return Adopted(draft, Readings(account=Unread(error.message, error.fix)))


def _choice(draft: Config, base: Document | Unread) -> RepositoryChoice | None:
    """Return the repository of the command line, or the one that the metadata decides; None without any metadata."""
    if draft.repository != UNKNOWN_REPOSITORY:
        return RepositoryChoice(draft.repository, {})
    if isinstance(base, Unread):
        return None
    return choose_repository(template.metadata(base))
