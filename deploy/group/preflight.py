"""The refusals: every precondition that must hold before anything is written."""

from collections.abc import Collection, Iterator
from typing import Final

from deploy.config import Config
from deploy.documents.canary import Canary, Target, serving_version, target_of
from deploy.documents.group_state import Group, health_check_of
from deploy.documents.resource import Document, name_of
from deploy.errors import NotAllowedError, RefusedError
from deploy.group.all_instances_config import metadata_overrides
from deploy.group.gcloud_commands import group_command
from deploy.group.observation import Observation
from deploy.group.policy_refusals import method_refusals, policy_action_refusals
from deploy.group.replacement import count_refusals, surge_instances
from deploy.group.step_rollout import StepRollout
from deploy.group.version_refusal import refuse_lost_step, versions_refusal
from deploy.release import secret_scan
from deploy.release.template import image_entries, metadata

_SSHD: Final = {22: "sshd"}  # it answers on every instance, whether or not the application runs


def refuse_unmet_preconditions(
    config: Config, observation: Observation, rollout: StepRollout | None = None, *, is_rollback: bool = False
) -> None:
    """
    Check every precondition of a rollout or a rollback.

    Args:
        config: names and update policy of the environment.
        observation: the group and its surroundings.
        rollout: rollout with steps that is continued; None if the group must have one version.
        is_rollback: whether an earlier release is restored.

    Raises:
        RefusedError: a precondition does not hold; the error names the first such one.
        NotAllowedError: the account lacks a permission; the error names every such one.
    """
    if observation.missing_permissions:
        raise NotAllowedError(
            f"project '{config.project}': missing {', '.join(observation.missing_permissions)}.",
            "grant them to the deployer's account",
        )
    if rollout is None:
        refuse_lost_step(config, observation)
    base, canary = (rollout.template, rollout.canary) if rollout else (observation.template, None)
    entries = image_entries(base, config.repository, config.image_in)
    refuse_group_settings(
        config, observation.group, observation.health_check, entries, planned=canary, is_rollback=is_rollback
    )
    if not observation.template:
        raise foreign_template(config, observation.group)


def foreign_template(config: Config, group: Group) -> RefusedError:
    """Return the refusal of a group whose template is neither a global one of its project nor one of its region."""
    region, serving = config.location.region, serving_version(group)
    link = serving.link if serving else ""
    return RefusedError(
        f"group '{config.group}': its template '{link}' is neither a global one of"
        f" project '{config.project}' nor one of its region {region}.",
        "use a template of that project",
    )


def refuse_group_settings(
    config: Config,
    group: Group,
    health_check: Document | None,
    image_entries: Collection[str],
    planned: Target | None = None,
    *,
    is_rollback: bool = False,
) -> None:
    """
    Check the preconditions on the group's own document: at preflight, and on the document that is about to be patched.

    Args:
        config: names and update policy of the environment.
        group: the group.
        health_check: health check that the group repairs by; None if the group has none, or the check is absent.
        image_entries: metadata entries of the template that hold the image.
        planned: canary that the group may be set to; every other group must have one version.
        is_rollback: whether an earlier release is restored. Then no value is checked that its PATCH sets itself: a
            group whose rollout was stopped by OPPORTUNISTIC, or that has become too small, can still be rolled back.

    Raises:
        RefusedError: a precondition does not hold; the error names the first such one.
    """
    for refusal in group_refusals(config, group, health_check, image_entries, planned, is_rollback=is_rollback):
        raise refusal


def group_refusals(
    config: Config,
    group: Group,
    health_check: Document | None,
    image_entries: Collection[str],
    planned: Target | None = None,
    *,
    is_rollback: bool = False,
) -> Iterator[RefusedError]:
    """Yield every precondition on the group's own document that does not hold; arguments of `refuse_group_settings`."""
    yield from setting_refusals(config, group, image_entries, planned)
    if not is_rollback:
        yield from policy_action_refusals(config, group)
    yield from method_refusals(config, group)
    if not (is_rollback or isinstance(planned, Canary)):
        yield from count_refusals(config, group)
    yield from health_check_refusals(config, group, health_check)


def setting_refusals(
    config: Config, group: Group, image_entries: Collection[str], planned: Target | None = None
) -> Iterator[RefusedError]:
    """Yield every refusal for the kind of the group, its versions and its `allInstancesConfig`."""
    where = f"group '{config.group}'"
    status = group.raw.get("status") or {}
    if (status.get("stateful") or {}).get("hasStatefulConfig") or group.raw.get("statefulPolicy"):
        yield RefusedError(
            f"{where}: is stateful, so its instances can't be replaced by new ones.", "remove its stateful policy"
        )
    if len(group.versions) != 1 and (planned is None or target_of(group) != planned):
        yield versions_refusal(config, group)
    for key, override in metadata_overrides(config, group, image_entries).items():
        yield RefusedError(
            f"{where}: allInstancesConfig has {override}.",
            f"run '{group_command(config, 'all-instances-config delete', '--metadata', key)}'",
        )


def health_check_refusals(config: Config, group: Group, health_check: Document | None) -> Iterator[RefusedError]:
    """Yield every refusal for the health check, or for what the group does when it fails."""
    where = f"group '{config.group}'"
    link = health_check_of(group.raw)
    if not link:
        yield RefusedError(
            f"{where}: no autohealing health check, so an instance counts as healthy as soon as it runs.",
            f"run '{group_command(config, 'update', '--health-check', 'CHECK', '--initial-delay', '300')}' with a CHECK"
            " that asks the application",
        )
    elif health_check is None:
        yield RefusedError(f"{where}: its health check '{name_of(link)}' is absent.", "create it, or name another one")
    else:
        _, port = health_check_probe(health_check)
        others = _SSHD | config.other_services
        if port in others:
            yield RefusedError(
                f"{where}: its health check '{name_of(link)}' asks port {port}, where {others[port]} answers"
                " whether or not the application does.",
                "let it ask the application",
            )
    lifecycle = group.raw.get("instanceLifecyclePolicy") or {}
    on_failed_check = lifecycle.get("onFailedHealthCheck", "DEFAULT_ACTION")
    ignored = f"{where}: ignores instances that fail their health check: "
    if on_failed_check == "DO_NOTHING":
        yield RefusedError(f"{ignored}onFailedHealthCheck is DO_NOTHING.", "set onFailedHealthCheck to REPAIR")
    if on_failed_check == "DEFAULT_ACTION" and lifecycle.get("defaultActionOnFailure") == "DO_NOTHING":
        yield RefusedError(
            f"{ignored}defaultActionOnFailure is DO_NOTHING.",
            f"run '{group_command(config, 'update', '--default-action-on-vm-failure', 'repair')}'",
        )


def health_check_probe(health_check: Document) -> tuple[str, int]:
    """Return the type of a health check, such as HTTP, and the port that it asks; 0 if the group names the port."""
    check_type = str(health_check.get("type", "HTTP"))
    key = f"{check_type.lower()}healthcheck"
    probe = next((member for name, member in health_check.items() if name.lower() == key), health_check)
    return check_type, int(probe.get("port") or 0)


def quota_shortages(config: Config, observation: Observation) -> dict[str, str]:
    """
    Return what each quota of the region lacks for the surge, by metric; empty if they have room or are not known.

    A rollout replaces each instance once, so that its surge is at most the target size.
    """
    surge = surge_instances(config, observation.group)
    texts = {check.metric: check.shortage(surge, observation.surplus) for check in observation.quota_checks}
    return {metric: text for metric, text in texts.items() if text}


def refuse_quota_shortage(config: Config, observation: Observation) -> None:
    """
    Refuse a new release if a quota has no room for its surge; a rollback is not refused for that.

    Raises:
        RefusedError: a quota has too little room; the error names every such one.
    """
    shortages = quota_shortages(config, observation)
    if shortages:
        raise RefusedError(
            f"group '{config.group}': {'; '.join(shortages.values())}.",
            f"raise {', '.join(shortages)} in region {config.location.region}, or lower `rollout.surge`",
        )


def refuse_secrets(config: Config, base: Document) -> None:
    """
    Refuse a template whose metadata holds what looks like a secret, because a copy would spread the secret.

    Raises:
        RefusedError: the metadata holds such values; the error has the entry, line and name of each, never the value.
    """
    refused, _ = secret_scan.divide_leaks(metadata(base), config.allowed_secrets)
    if refused:
        first = refused[0]
        raise RefusedError(
            f"template '{base['name']}': its metadata holds what looks like a secret: {', '.join(map(str, refused))}.",
            "keep it in Secret Manager, and let the instance fetch it; if it is no secret, set"
            f" `allowed_secrets: {{{first.entry}: ['{first.name}']}}` in the environment file",
        )
