"""Autoscalers, which keep their group's size within bounds and follow what `emulator/autoscaler` recommends."""

from emulator.api.calls import Call, serves, shown
from emulator.api.errors import not_found
from emulator.api.lists import answer_aggregated_list, answer_list
from emulator.api.merge import fingerprint, merged
from emulator.api.methods.unsupported_fields import AUTOSCALER, check_acted_on
from emulator.environment.clock import timestamp
from emulator.environment.environment import World
from emulator.environment.links import canonical, self_link
from emulator.environment.operations import Operation
from emulator.environment.store import Document


@serves("autoscalers.get")
def get_autoscaler(call: Call) -> Document:
    """Return an autoscaler."""
    return shown(call.document())


@serves("autoscalers.list")
def list_autoscalers(call: Call) -> Document:
    """List the autoscalers of a zone."""
    return answer_list(call, "compute#autoscalerList")


@serves("autoscalers.aggregatedList")
def aggregated_list_autoscalers(call: Call) -> Document:
    """List all autoscalers of a project."""
    return answer_aggregated_list(call, "compute#autoscalerAggregatedList", {"autoscalers": None})


@serves("autoscalers.insert")
def insert_autoscaler(call: Call) -> Operation:
    """Make an autoscaler, which at once brings its group within its bounds."""
    path = call.new_path()
    check_acted_on(call.body, AUTOSCALER)
    document = {
        **call.body,
        "kind": "compute#autoscaler",
        "id": call.world.new_id(),
        "creationTimestamp": timestamp(call.world.now_s),
        "selfLink": self_link(path),
        "zone": self_link(call.scope),
        "target": self_link(call.link(call.body.get("target") or "")),
        "status": "ACTIVE",
        "_created": call.world.now_s,
    }
    call.world.put(path, document)
    scale(call.world, document)
    return call.start(path, document["id"])


@serves("autoscalers.patch")
def patch_autoscaler(call: Call) -> Operation:
    """Change an autoscaler, named in the query; its group follows at once."""
    path = f"{call.collection}/{call.query.get('autoscaler') or call.body.get('name', '')}"
    document = call.view.get(path)
    if document is None:
        raise not_found(path)
    document = merged(document, call.body)
    check_acted_on(document, AUTOSCALER)
    call.world.put(path, document)
    scale(call.world, document)
    return call.start(path, document["id"])


@serves("autoscalers.delete")
def delete_autoscaler(call: Call) -> Operation:
    """Delete an autoscaler; its group keeps its size."""
    document = call.document()
    call.world.store.remove(call.path)
    return call.start(call.path, document["id"])


def scale(world: World, autoscaler: Document, wanted: int | None = None) -> None:
    """Bring an autoscaler's group to a size within its bounds; OFF does nothing, ONLY_SCALE_OUT never shrinks it."""
    path = canonical(autoscaler["target"])
    group = world.view.get(path)
    policy = autoscaler.get("autoscalingPolicy", {})
    mode = policy.get("mode", "ON")
    if group is None or mode == "OFF":
        return
    least, most = int(policy.get("minNumReplicas", 0)), int(policy.get("maxNumReplicas", 1_000))
    size = min(max(group["targetSize"] if wanted is None else wanted, least), most)
    if mode in ("ONLY_SCALE_OUT", "ONLY_UP"):
        size = max(size, group["targetSize"])
    if size != group["targetSize"]:
        world.put(path, fingerprint({**group, "targetSize": size}))
