"""The autoscaler of a group, as documents name it."""

from emulator.environment.links import project_of, self_link
from emulator.environment.view import Document, View


def autoscaler_of(view: View, group_path: str) -> Document | None:
    """Return the autoscaler of a group, zonal or regional; None if it has none."""
    link = self_link(group_path)
    return next(
        (
            autoscaler
            for _, autoscalers in view.scopes(project_of(group_path), "autoscalers")
            for autoscaler in autoscalers.values()
            if autoscaler.get("target") == link
        ),
        None,
    )


def mode_of(autoscaler: Document) -> str:
    """Return the mode of an autoscaler: ON, OFF or ONLY_SCALE_OUT, which the API also calls ONLY_UP."""
    mode = str(autoscaler.get("autoscalingPolicy", {}).get("mode", "ON"))
    return "ONLY_SCALE_OUT" if mode == "ONLY_UP" else mode
