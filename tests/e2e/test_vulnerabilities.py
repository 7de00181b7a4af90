"""Releases of an application with an old package: stopped by its vulnerability, and shipped where nothing answers."""

import json
import re
import subprocess

from tests.e2e.checkouts import Checkout
from tests.support.advisories import advisory_service, lock_old_package

EXAMPLE = "examples/flask"
BLOCKED = "http://127.0.0.1:9"  # in the container of the search, where nothing listens


def bridge_address() -> str:
    """Return the address of this computer in the private network of an engine's containers."""
    shown = subprocess.run(["ip", "-4", "-json", "address"], capture_output=True, text=True, check=True)
    addresses = {link["ifname"]: link["addr_info"][0]["local"] for link in json.loads(shown.stdout)}
    return str(next(address for name, address in addresses.items() if name.startswith("djk")))


def search_at(checkout: Checkout, url: str) -> None:
    """Let the search ask the service at a URL."""
    local = checkout.path / EXAMPLE / "environments/local.yaml"
    text = local.read_text().partition("vulnerabilities:")[0]
    local.write_text(f"{text}vulnerabilities: {{service_url: '{url}'}}\n")


def test_release_with_a_blocked_service_is_not_run_and_goes_on(checkout: Checkout) -> None:
    """Then the service answers, and the vulnerability stops the next release."""
    planted = checkout.path / EXAMPLE / "planted"
    planted.mkdir()
    lock_old_package(planted)
    checkout.replace(
        f"{EXAMPLE}/delivery.yaml", "bill_of_materials: requirements.txt", "bill_of_materials: planted/uv.lock"
    )
    search_at(checkout, BLOCKED)
    shipped = checkout.daggerw("call", "release", "--source", EXAMPLE)
    assert shipped.returncode == 0, shipped.stderr
    reason = r"not run: http://127\.0\.0\.1:9 gave no result: Connection refused \(os error 111\)"
    assert re.search(rf"^vulnerabilities +\d+\.\d s  {reason}$", shipped.stdout, re.MULTILINE)

    with advisory_service(bridge_address()) as service:
        search_at(checkout, service.url)
        stopped = checkout.daggerw("call", "publish", "--source", EXAMPLE)
        assert (stopped.returncode, stopped.stdout) == (6, ""), stopped.stderr
        found = "jinja2 2.10: GHSA-462w-v97r-4m45 (CVE-2019-10906, PYSEC-2019-217): high; fixed in 2.10.1"
        assert f"  {found}\n" in stopped.stderr
        assert "nothing was pushed; failed: vulnerabilities" in stopped.stderr
