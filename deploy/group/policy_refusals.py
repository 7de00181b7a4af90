"""The refusals for a group's update policy, and for the numbers of instances that a rollout would set in it: pure."""

from collections.abc import Iterator
from typing import Final

from deploy.config import Config
from deploy.documents.group_state import Group
from deploy.errors import RefusedError
from deploy.group.gcloud_commands import group_command
from deploy.group.replacement import count_refusals

_ACTIONS_BY_DISRUPTION: Final = ("NONE", "REFRESH", "RESTART", "REPLACE")


def update_policy_refusals(config: Config, group: Group) -> Iterator[RefusedError]:
    """Yield every refusal for the update policy."""
    yield from policy_action_refusals(config, group)
    yield from method_refusals(config, group)
    yield from count_refusals(config, group)


def policy_action_refusals(config: Config, group: Group) -> Iterator[RefusedError]:
    """Yield every refusal for what the group does by its update policy: nothing by itself, or too little."""
    where, policy = f"group '{config.group}'", group.raw.get("updatePolicy") or {}
    policy_type = policy.get("type")
    if policy_type != "PROACTIVE":
        fact = f"the type of its update policy is {policy_type}" if policy_type else "its update policy has no type"
        yield RefusedError(
            f"{where}: {fact}, and a release needs PROACTIVE.",
            f"run '{group_command(config, 'update', '--update-policy-type', 'proactive')}'",
        )
    allowed = policy.get("mostDisruptiveAllowedAction", "REPLACE")
    if allowed in _ACTIONS_BY_DISRUPTION and allowed != "REPLACE":
        yield RefusedError(
            f"{where}: mostDisruptiveAllowedAction is {allowed}, and a release replaces instances.",
            f"run '{group_command(config, 'update', '--update-policy-most-disruptive-action', 'replace')}'",
        )


def replaced_policy_warnings(config: Config, group: Group) -> tuple[str, ...]:
    """Return what a release would be refused for, and what the PATCH of a rollback replaces."""
    refusals = policy_action_refusals(config, group)
    return tuple(f"{refusal.message.rstrip('.')}: this rollback sets it" for refusal in refusals)


def method_refusals(config: Config, group: Group) -> Iterator[RefusedError]:
    """Yield the refusal for a replacement method that is not the environment file's."""
    method = (group.raw.get("updatePolicy") or {}).get("replacementMethod", config.rollout.method)
    if method != config.rollout.method:
        flags = ["--update-policy-replacement-method", config.rollout.method.lower()]
        if config.rollout.method == "RECREATE":  # without a surge, which Compute Engine refuses beside RECREATE
            flags += ["--update-policy-max-surge", "0"]
            flags += ["--update-policy-max-unavailable", str(config.rollout.unavailable_count)]
        yield RefusedError(
            f"group '{config.group}': replacementMethod is '{method}', and `rollout.method` of the environment file is"
            f" '{config.rollout.method}'.",
            f"run '{group_command(config, 'update', *flags)}', or set `replacement_method` in Terraform's"
            " `update_policy`",
        )
