"""Autoscalers: they keep the size of a group within bounds, and follow the recommendations of `emulator/autoscaler`."""

from emulator.api.calls import Call, serves, shown, zonal_and_regional
from emulator.api.documents import merged, with_fingerprint
from emulator.api.errors import invalid, not_found
from emulator.api.lists import answer_aggregated_list, answer_list
from emulator.api.methods.unsupported_fields import AUTOSCALER, check_supported
from emulator.environment.autoscaling import mode_of
from emulator.environment.clock import timestamp
from emulator.environment.environment import Environment
from emulator.environment.links import canonical, self_link
from emulator.environment.location import location_member
from emulator.environment.operations import Operation
from emulator.environment.view import Document


@serves(*zonal_and_regional("autoscalers.get"))
def get_autoscaler(call: Call) -> Document:
    """Return an autoscaler."""
    return shown(call.document())


@serves(*zonal_and_regional("autoscalers.list"))
def list_autoscalers(call: Call) -> Document:
    """List the autoscalers of a zone or region."""
    return answer_list(call, "compute#autoscalerList")


@serves("autoscalers.aggregatedList")
def aggregated_list_autoscalers(call: Call) -> Document:
    """List all autoscalers of a project."""
    return answer_aggregated_list(call, "compute#autoscalerAggregatedList", {"autoscalers": None})


@serves(*zonal_and_regional("autoscalers.insert"))
def insert_autoscaler(call: Call) -> Operation:
    """Create an autoscaler; its group is within its bounds at once."""
    path = call.new_path()
    check_supported(call.body, AUTOSCALER)
    document = {
        **call.body,
        "kind": "compute#autoscaler",
        "id": call.environment.new_id(),
        "creationTimestamp": timestamp(call.environment.now_s),
        "selfLink": self_link(path),
        **location_member(call.scope),
        "target": self_link(call.link(call.body.get("target") or "")),
        "status": "ACTIVE",
        "_created": call.environment.now_s,
    }
    return _apply(call, path, document)


@serves(*zonal_and_regional("autoscalers.patch"))
def patch_autoscaler(call: Call) -> Operation:
    """Change an autoscaler, named in the query; its group follows at once."""
    path = f"{call.collection}/{call.query.get('autoscaler') or call.body.get('name', '')}"
    document = call.view.get(path)
    if document is None:
        raise not_found(path)
    document = merged(document, call.body)
    check_supported(document, AUTOSCALER)
    return _apply(call, path, document)


@serves(*zonal_and_regional("autoscalers.delete"))
def delete_autoscaler(call: Call) -> Operation:
    """Delete an autoscaler; its group keeps its size."""
    document = call.document()
    call.environment.store.remove(call.path)
    return call.start(call.path, document["id"])


def _apply(call: Call, path: str, autoscaler: Document) -> Operation:
    """Store an autoscaler and scale its group to its bounds, if its target is a group that it may scale."""
    _check_target(call, autoscaler)
    call.environment.put(path, autoscaler)
    scale(call.environment, autoscaler)
    return call.start(path, autoscaler["id"])


def _check_target(call: Call, autoscaler: Document) -> None:
    """
    Check that the group of an autoscaler that also scales in redistributes its instances, if it is regional.

    Source: see `group_validation`, which checks the group.
    """
    group = call.view.get(canonical(autoscaler["target"])) or {}
    redistribution = group.get("updatePolicy", {}).get("instanceRedistributionType")
    if mode_of(autoscaler) == "ON" and redistribution == "NONE":
        why = "The instances of an autoscaled group must be redistributed proactively."
        raise invalid("resource.target", autoscaler["target"], why)


def scale(environment: Environment, autoscaler: Document, recommended: int | None = None) -> None:
    """
    Bring an autoscaler's group to a size within its bounds; OFF does nothing, ONLY_SCALE_OUT never shrinks the group.

    Args:
        environment: environment of the group
        autoscaler: document of the autoscaler
        recommended: recommended size; None: the present size
    """
    path = canonical(autoscaler["target"])
    group = environment.view.get(path)
    policy = autoscaler.get("autoscalingPolicy", {})
    mode = mode_of(autoscaler)
    if group is None or mode == "OFF":
        return
    least, most = int(policy.get("minNumReplicas", 0)), int(policy.get("maxNumReplicas", 1_000))
    size = min(max(group["targetSize"] if recommended is None else recommended, least), most)
    if mode == "ONLY_SCALE_OUT":
        size = max(size, group["targetSize"])
    if size != group["targetSize"]:
        environment.put(path, with_fingerprint({**group, "targetSize": size}))
