"""The load balancer before the AI servers: who reaches it, what it reaches, and what its times must fit to."""

from typing import Any

import pytest

from policy.app_settings import defaults, shutdown_s
from policy.running import run
from policy.terraform import ENVIRONMENTS, Plan, Terraform, resources

_CALLERS = ("192.0.2.7/32", "198.51.100.0/24")
_VALUES: dict[str, str | tuple[str, ...]] = {
    "domain": "ai.example.com",
    "ai_server_tokens_secret": "dojangkok-ai-server-tokens",
    "ingress_source_ranges": _CALLERS,
}
_KINDS = (
    "google_compute_global_address", "google_compute_global_forwarding_rule", "google_compute_backend_service",
    "google_compute_security_policy", "google_compute_target_http_proxy", "google_compute_target_https_proxy",
)  # fmt: skip


@pytest.fixture(scope="module")
def plan(terraform: Terraform) -> Plan:
    """The plan of dev with a domain."""
    return terraform.plan("dev", **_VALUES)


def _one(plan: Plan, kind: str) -> dict[str, Any]:
    (body,) = resources(plan, kind).values()
    return body


def _times(plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the load balancer's health check and its backend service."""
    (check,) = (
        body
        for address, body in resources(plan, "google_compute_health_check").items()
        if address.startswith("module.ingress[0].")
    )
    return check, _one(plan, "google_compute_backend_service")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_way_in_without_a_domain(plans: dict[str, Plan], environment: str) -> None:
    """Without a domain there is no load balancer, no address for one, and no rule for its proxies."""
    assert not [address for kind in _KINDS for address in resources(plans[environment], kind)]
    assert not [address for address in resources(plans[environment]) if "load-balancer" in address]


def _refusal(terraform: Terraform, unset: str) -> str:
    """Return Terraform's error for a plan with a domain and without one of the other values."""
    given = {name: value if isinstance(value, str) else list(value) for name, value in _VALUES.items()}
    terraform.set_values("dev", **given | {unset: "" if isinstance(given[unset], str) else []})
    command = ("plan", "-input=false", "-refresh=false", "-no-color")
    refused = run("terraform", *command, folder=terraform.path("dev"), environment=terraform.variables)
    assert refused.returncode == 1
    return " ".join(refused.stderr.replace("│", " ").split())


def test_domain_without_tokens_is_refused(terraform: Terraform) -> None:
    """While the secret with the callers' tokens is not named, Terraform plans no load balancer, and prints the fix."""
    text = _refusal(terraform, "ai_server_tokens_secret")
    assert "domain: the AI servers would accept every caller, because ai_server_tokens_secret is empty. Fix:" in text


def test_domain_without_callers_is_refused(terraform: Terraform) -> None:
    """A domain that no address may call is refused before anything is created."""
    assert "because ingress_source_ranges is empty. Fix:" in _refusal(terraform, "ingress_source_ranges")


def test_only_listed_callers_reach_the_servers(plan: Plan) -> None:
    """The policy admits the listed ranges, to the paths of the API; port 80 has no backend and only redirects."""
    rules = {rule["priority"]: rule for rule in _one(plan, "google_compute_security_policy")["rule"]}
    allowed, last = rules[1000], rules[2_147_483_647]
    assert rules.keys() == {100, 1000, 2_147_483_647}
    assert rules[100]["action"] == "deny(404)"
    assert rules[100]["match"][0]["expr"][0]["expression"] == "!request.path.startsWith('/api/')"
    assert (allowed["action"], set(allowed["match"][0]["config"][0]["src_ip_ranges"])) == ("allow", set(_CALLERS))
    assert (last["action"], last["match"][0]["config"][0]["src_ip_ranges"]) == ("deny(403)", ["*"])
    ports = {body["port_range"] for body in resources(plan, "google_compute_global_forwarding_rule").values()}
    assert ports == {"80", "443"}
    redirects = [body["default_url_redirect"] for body in resources(plan, "google_compute_url_map").values()]
    assert sorted(map(len, redirects)) == [0, 1]


def test_servers_admit_the_proxies_and_stay_private(plan: Plan) -> None:
    """The ranges of Google's proxies reach the application's port, and no instance has a public address."""
    (rule,) = (
        body
        for body in resources(plan, "google_compute_firewall").values()
        if body["name"] == "dojangkok-dev-allow-load-balancer"
    )
    assert set(rule["source_ranges"]) == {"35.191.0.0/16", "130.211.0.0/22"}
    assert (rule["target_tags"], rule["allow"][0]["ports"]) == (["ai-server"], ["8000"])
    template = _one(plan, "google_compute_instance_template")
    assert not template["network_interface"][0].get("access_config")


def test_draining_outlasts_the_server(plan: Plan) -> None:
    """A request that was accepted before the draining ends at the latest when the server would have to end it."""
    _, service = _times(plan)
    needed_s = shutdown_s({})
    assert service["connection_draining_timeout_sec"] > needed_s, f"the server takes {needed_s} s to stop"


def test_load_balancer_notices_a_draining_server_in_time(plan: Plan) -> None:
    """The check on /readyz fails before a server that got SIGTERM closes its port; the group's own check is /health."""
    check, _ = _times(plan)
    assert check["http_health_check"][0]["request_path"] == "/readyz"
    assert check["check_interval_sec"] * check["unhealthy_threshold"] < float(defaults()["DRAIN_SEC"])
    (group,) = resources(plan, "google_compute_instance_group_manager").values()
    assert group["named_port"][0] == {"name": "http", "port": 8000}


def test_load_balancer_waits_for_the_longest_answer(plan: Plan) -> None:
    """The load balancer waits longer for an answer than the server waits for the model and for the pages before it."""
    _, service = _times(plan)
    assert service["timeout_sec"] >= float(defaults()["HTTP_TIMEOUT_SEC"]) + 60
