"""The load balancer before the AI servers: who reaches it, what it reaches, and what its times must fit to."""

from pathlib import Path
from typing import Any

import pytest

from policy.app_settings import constants, defaults, shutdown_s
from policy.running import run
from policy.terraform import ENVIRONMENTS, Plan, Terraform, resources, scripts
from policy.vm import Vm

_CALLERS = ("192.0.2.7/32", "198.51.100.0/24")
_VALUES: dict[str, str | tuple[str, ...]] = {
    "domain": "ai.example.com",
    "ai_server_tokens_secret": "dojangkok-ai-server-tokens",
    "ingress_source_ranges": _CALLERS,
}
# The proxies of an external Application Load Balancer keep an idle connection to a backend for this fixed time. Source:
# docs.cloud.google.com/load-balancing/docs/https/request-distribution, read 2026-11-27.
_PROXY_KEEP_ALIVE_S = 600
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
    """
    The load balancer waits for an easy contract with all its pages, beside others of that size, without repeated calls.

    Downloads and PDFs come one after the other, each within its limit; then Upstage reads the pages of all contracts at
    its rate, and the model gets two calls, first of all pages at once. Upstage is taken to answer within its period.
    """
    _, service = _times(plan)
    settings, jobs = defaults(), constants("jobs")
    pages = settings["CONTRACT_MAX_PAGES"] + settings["REGISTRY_MAX_PAGES"]
    read_s = jobs["easy_contracts"] * pages * constants("clients/ocr")["period_s"]
    file_s = constants("clients/downloads")["timeout_s"] + constants("easycontracts/pages")["timeout_s"]
    files_s = constants("easycontracts/schemas")["MOST_FILES"] * file_s
    assert service["timeout_sec"] >= files_s + read_s + 2 * float(settings["HTTP_TIMEOUT_SEC"])


def _variables(plan: Plan, folder: Path) -> dict[str, str]:
    """Return the variables of the server on a VM that ran the startup script of a plan."""
    vm = Vm(folder)
    for name in ("ai-server-tokens", "backend-internal-token", "ocr-api", "vllm-api-key"):
        vm.set_secret(f"dojangkok-{name}", "canary")
    result = vm.boot(scripts(plan)["ai-server"])
    assert result.returncode == 0, result.stderr
    return vm.variables("app.env")


def test_server_keeps_connections_longer_than_the_proxies(plan: Plan, tmp_path: Path) -> None:
    """The server never closes an idle connection that a proxy may send a request on: the answer would be a 502."""
    assert float(_variables(plan, tmp_path)["KEEP_ALIVE_SEC"]) > _PROXY_KEEP_ALIVE_S


def test_server_without_a_load_balancer_keeps_its_default(plans: dict[str, Plan], tmp_path: Path) -> None:
    """Without a domain the server ends idle connections as early as silent ones."""
    assert "KEEP_ALIVE_SEC" not in _variables(plans["dev"], tmp_path)
    assert float(defaults()["KEEP_ALIVE_SEC"]) == constants("connections")["silent_s"]
