"""Methods of load balancers' parts beside create, read, change and delete: health of backends, rules, certificates."""

from emulator.api.calls import Call, serves, zonal_and_regional
from emulator.api.documents import check_fingerprint, with_fingerprint
from emulator.api.errors import invalid, invalid_parameter
from emulator.api.methods.passive_kinds import completed, existing_link
from emulator.environment.health_checks import health_check
from emulator.environment.links import canonical, self_link
from emulator.environment.operations import Operation
from emulator.environment.view import Document
from emulator.group.instance_lifecycle import health_state


@serves(*zonal_and_regional("backendServices.getHealth"))
def get_health(call: Call) -> Document:
    """
    Return the verdicts of a backend service's own health check on the instances of one of its groups.

    An instance that the group deletes or recreates receives no new connections, and is not listed. Without a health
    check there are no verdicts: `healthStatus` is "determined based on configured health checks" (REST reference of
    BackendServiceGroupHealth, read 2026-11-27).
    """
    service, link = call.document(), self_link(call.link(call.body.get("group") or ""))
    if all(backend.get("group") != link for backend in service.get("backends") or []):
        raise invalid("resource.group", link, "The group is not a backend of this backend service.")
    group_path = canonical(link).replace("/instanceGroups/", "/instanceGroupManagers/")
    ports = (call.view.get(group_path) or {}).get("namedPorts") or []
    port = next((port["port"] for port in ports if port.get("name") == service.get("portName")), None)
    checks = service.get("healthChecks")
    if not checks:
        return {"kind": "compute#backendServiceGroupHealth"}
    check = health_check(canonical(checks[0]), call.view)
    conditions = call.environment.conditions(group_path)
    group = call.view.groups.get(group_path)
    rows = []
    for instance in group.instances if group else ():
        if instance.id and instance.stage != "draining" and not instance.is_leaving:
            verdict = health_state(instance, check, conditions.container(instance), call.environment.now_s)
            row = {
                "instance": self_link(f"{call.project}/zones/{instance.zone}/instances/{instance.name}"),
                "healthState": "HEALTHY" if verdict == "HEALTHY" else "UNHEALTHY",
            }
            rows.append(row | ({"port": port} if port else {}))
    return {"kind": "compute#backendServiceGroupHealth", "healthStatus": rows}


@serves("backendServices.setSecurityPolicy")
def set_security_policy(call: Call) -> Operation:
    """Set or clear the security policy of a backend service."""
    document = {key: value for key, value in call.document().items() if key != "securityPolicy"}
    policy = call.body.get("securityPolicy")
    return _write(call, call.path, document | ({"securityPolicy": existing_link(call, policy)} if policy else {}))


@serves("securityPolicies.addRule")
def add_rule(call: Call) -> Operation:
    """Add a rule to a security policy; its priority must be free."""
    document, priority = call.document(), call.body.get("priority")
    if any(rule["priority"] == priority for rule in document["rules"]):
        raise invalid("resource.priority", priority, "Cannot have rules with the same priorities.")
    return _write(call, call.path, {**document, "rules": [*document["rules"], call.body]})


@serves("securityPolicies.patchRule", "securityPolicies.removeRule")
def change_rule(call: Call) -> Operation:
    """Patch or remove the rule of a priority."""
    document, priority = call.document(), call.query.get("priority", 0)
    others = [rule for rule in document["rules"] if rule["priority"] != priority]
    changed = [rule for rule in document["rules"] if rule["priority"] == priority]
    if not changed:
        raise invalid_parameter("priority", priority, "The security policy has no rule of this priority.")
    is_patch = call.method.name.endswith("patchRule")
    return _write(call, call.path, {**document, "rules": [*others, *([changed[0] | call.body] if is_patch else [])]})


@serves("globalForwardingRules.setLabels")
def set_labels(call: Call) -> Operation:
    """Replace the labels of a forwarding rule, if the request has the fingerprint of its last write."""
    document = call.document()
    check_fingerprint(call.body.get("labelFingerprint"), document["fingerprint"])
    return _write(call, call.path, {**document, "labels": call.body.get("labels") or {}})


@serves("targetHttpsProxies.setSslCertificates")
def set_ssl_certificates(call: Call) -> Operation:
    """Replace the certificates of a proxy; the path of this method lacks `global`."""
    path = f"{call.project}/global/targetHttpsProxies/{call.params['targetHttpsProxy']}"
    links = [existing_link(call, link) for link in call.body.get("sslCertificates") or []]
    return _write(call, path, {**call.document_at(path), "sslCertificates": links})


def _write(call: Call, path: str, document: Document) -> Operation:
    call.environment.put(path, completed(path.split("/")[-2], with_fingerprint(document)))
    return call.start(path, document["id"])
