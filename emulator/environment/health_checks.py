"""What probes the instances of a group, its own health check and those of load balancers; and what drains them."""

from collections.abc import Iterator

from emulator.environment.links import canonical, project_of, self_link
from emulator.environment.location import location_of
from emulator.environment.view import Document, View
from emulator.group.health import HealthCheck


def checking_documents(path: str, view: View) -> list[Document]:
    """Return all documents that health checks of a group, given its path, may depend on."""
    return [
        document
        for collection in ("healthChecks", "backendServices")
        for document in _documents(path, view, collection)
    ]


def own_check(path: str, group: Document, view: View) -> HealthCheck | None:
    """Return the health check by which a group heals its instances; None if it has none."""
    healing = next(iter(group.get("autoHealingPolicies") or []), None) or {}
    if not healing.get("healthCheck"):
        return None
    lifecycle = group.get("instanceLifecyclePolicy", {})
    on_failed = lifecycle.get("onFailedHealthCheck", "DEFAULT_ACTION")
    repairs = lifecycle.get("defaultActionOnFailure", "REPAIR") == "REPAIR"
    return health_check(
        canonical(healing["healthCheck"], project_of(path)),
        view,
        initial_delay_s=float(healing.get("initialDelaySec", 0)),
        repairs=repairs if on_failed == "DEFAULT_ACTION" else on_failed == "REPAIR",
    )


def balancer_checks(path: str, group: Document, view: View) -> tuple[HealthCheck, ...]:
    """Return the health checks of the backend services that have a group as a backend, without the group's own."""
    own = own_check(path, group, view)
    checks = {
        canonical(check): None
        for service in _backend_services(path, view)
        for check in service.get("healthChecks") or []
    }
    return tuple(health_check(check, view) for check in checks if own is None or check != own.path)


def drain_s(path: str, view: View) -> float:
    """
    Return for how many seconds load balancers delay the deletion of an instance of a group.

    Source: docs.cloud.google.com/load-balancing/docs/enabling-connection-draining, read on 2026-11-27: of several
    backend services the longest timeout counts, and the deletion of an instance is delayed by at least this time.
    """
    timeouts = [
        (service.get("connectionDraining") or {}).get("drainingTimeoutSec") for service in _backend_services(path, view)
    ]
    return max((float(timeout or 0) for timeout in timeouts), default=0.0)


def _backend_services(path: str, view: View) -> Iterator[Document]:
    """Yield the backend services that have a group as a backend."""
    link = self_link(path.replace("/instanceGroupManagers/", "/instanceGroups/"))
    for service in _documents(path, view, "backendServices"):
        if any(backend.get("group") == link for backend in service.get("backends") or []):
            yield service


def _documents(path: str, view: View, collection: str) -> Iterator[Document]:
    """Yield the global documents of a collection, and those of the region of a group."""
    project = project_of(path)
    for scope in ("global", f"regions/{location_of(path, {}).region}"):
        yield from view.collections.get(f"{project}/{scope}/{collection}", {}).values()


def health_check(path: str, view: View, *, initial_delay_s: float = 0.0, repairs: bool = False) -> HealthCheck:
    """Return a health check, given its path; by default one that repairs no instance, as those of load balancers."""
    document = view.get(path) or {}
    return HealthCheck(
        path=path,
        interval_s=float(document.get("checkIntervalSec", 5)),
        healthy_threshold=int(document.get("healthyThreshold", 2)),
        unhealthy_threshold=int(document.get("unhealthyThreshold", 2)),
        initial_delay_s=initial_delay_s,
        repairs=repairs,
    )
