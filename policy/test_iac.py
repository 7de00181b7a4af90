"""Terraform's files: formatted, valid, tested, scanned, and the same in both environments."""

import json
import re
from pathlib import Path
from typing import Any

import hcl2
import pytest

from policy.running import ROOT, passes
from policy.terraform import ENVIRONMENTS, UNKNOWN, Terraform

_IAC = ROOT / "iac"
_MODULES = sorted(path.name for path in (_IAC / "modules").iterdir())
_TESTED = sorted({path.parents[1].name for path in (_IAC / "modules").glob("*/tests/*.tftest.hcl")})
# Every line that one environment has otherwise than the other: (file, what is set) -> values.
_DIFFERENCES = {
    ("environment.tf", "environment"): {"dev": '"dev"', "prod": '"prod"'},
    ("environment.tf", "chromadb_disk_gib"): {"dev": "50", "prod": "100"},
    ("environment.tf", "is_protected"): {"dev": "false", "prod": "true"},
    ("backend.tf", "prefix"): {"dev": '"v2/dev"', "prod": '"v2/prod"'},
}


def test_files_are_formatted() -> None:
    """As `terraform fmt -recursive iac` writes them."""
    passes("terraform", "fmt", "-check", "-diff", "-recursive", _IAC, environment={"CHECKPOINT_DISABLE": "1"})


@pytest.mark.parametrize(
    "place", [*(f"environments/{name}" for name in ENVIRONMENTS), *(f"modules/{name}" for name in _MODULES)]
)
def test_configuration_is_valid(terraform: Terraform, place: str) -> None:
    """With the provider's schema; of the modules that it does not know only their variables are checked here."""
    terraform.passes(place, "get")
    terraform.passes(place, "validate")


@pytest.mark.parametrize("module", _TESTED)
def test_module_behaves(terraform: Terraform, module: str) -> None:
    """Its own tests pass, with a provider that makes nothing."""
    told = terraform.passes(f"modules/{module}", "test")
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", told), told


@pytest.mark.parametrize("name", sorted({path.name for path in _IAC.glob("environments/*/*.tf")}))
def test_environments_are_the_same_but_for_the_table(name: str) -> None:
    """Whatever is tried in dev is what comes to prod."""
    dev, prod = ((_IAC / "environments" / one / name).read_text().splitlines() for one in ENVIRONMENTS)
    assert len(dev) == len(prod), f"iac/environments/*/{name}: not the same number of lines"
    found = {}
    for one, other in zip(dev, prod, strict=True):
        if one == other or (one.lstrip().startswith("#") and other.lstrip().startswith("#")):
            continue
        key, _, value = re.sub(r"\s*#.*", "", one).partition("=")
        found[name, key.strip()] = {
            "dev": value.strip(),
            "prod": re.sub(r"\s*#.*", "", other).partition("=")[2].strip(),
        }
    assert found == {key: values for key, values in _DIFFERENCES.items() if key[0] == name}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_state_is_remote_and_locked(environment: str) -> None:
    """The gcs backend locks by itself; the states of two environments never meet."""
    parsed: Any = hcl2.loads((_IAC / "environments" / environment / "backend.tf").read_text())
    backend = parsed["terraform"][0]["backend"][0]["gcs"]
    assert backend["bucket"] == ["dojangkok-ai-iac-backend"]
    assert backend["prefix"] == [f"v2/{environment}"]


@pytest.mark.parametrize("path", sorted(_IAC.rglob("variables.tf")), ids=lambda path: str(path.relative_to(_IAC)))
def test_variables_are_typed_described_and_in_order(path: Path) -> None:
    """A caller reads what a variable is, with its unit, and finds it."""
    parsed: Any = hcl2.loads(path.read_text())
    names = [name for block in parsed["variable"] for name in block]
    assert names == sorted(names), f"{path.relative_to(ROOT)}: in alphabetical order: {sorted(names)}"
    for block in parsed["variable"]:
        for name, body in block.items():
            assert body.get("type"), f"{path.relative_to(ROOT)}: variable '{name}' has no type"
            (text,) = body.get("description", [""])
            assert len(text) > 10, f"{path.relative_to(ROOT)}: variable '{name}' is not described"


def test_every_module_is_used_and_complete() -> None:
    """A module is main.tf, variables.tf and outputs.tf, and some environment calls it."""
    called = {
        Path(source).name
        for path in (_IAC / "environments/dev").glob("*.tf")
        for source in re.findall(r'source\s*= "(\.\./[^"]+)"', path.read_text())
    }
    assert called == set(_MODULES)
    for module in _MODULES:
        files = {path.name for path in (_IAC / "modules" / module).glob("*.tf")}
        assert {"main.tf", "variables.tf", "outputs.tf"} <= files, f"iac/modules/{module}: has only {sorted(files)}"


def test_checkov_finds_nothing() -> None:
    """Its rules for Terraform, offline."""
    # Its own update check is a request to a host that nobody named.
    passes(
        "checkov", "-d", _IAC, "--framework", "terraform", "--skip-download", "--quiet", "--compact",
        environment={"CHECKOV_RUN_SCA_PACKAGE_SCAN_V2": "false"},
    )  # fmt: skip


def test_whatever_checkov_may_not_say_has_its_reason() -> None:
    """A suppression without a reason is a rule that nobody looked at."""
    found = 0
    for path in _IAC.rglob("*.tf"):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if "checkov:skip" in line:
                found += 1
                where = f"{path.relative_to(ROOT)}:{number}"
                assert re.search(r"# checkov:skip=CKV2?_GCP_\d+: ?\S.{15,}", line), (
                    f"{where}: no reason behind the rule's id"
                )
    assert found
    assert not list(ROOT.glob(".checkov*")), (
        "rules are switched off where they are broken, with the reason, and not for all"
    )


@pytest.mark.parametrize("module", UNKNOWN)
def test_what_the_provider_does_not_know_has_documented_arguments(module: str) -> None:
    """Each resource has only arguments that policy/schema has from the documentation, and all that are required."""
    parsed: Any = hcl2.loads((_IAC / "modules" / module / "main.tf").read_text())
    seen = 0
    for block in parsed["resource"]:
        for kind, named in block.items():
            schema = ROOT / "policy/schema" / f"{kind}.json"
            assert schema.exists(), f"policy/schema/{kind}.json: not there, and nothing else checks it"
            known = json.loads(schema.read_text())
            for name, body in named.items():
                where = f"iac/modules/{module}/main.tf: {kind}.{name}"
                assert _undocumented(body, known["arguments"]) == [], (
                    f"{where}: {schema.relative_to(ROOT)} does not know them"
                )
                missing = [one for one in known["required"] if one not in body]
                assert missing == [], f"{where}: lacks what is required"
                seen += 1
    assert seen


def test_cleanup_deletes_nothing_that_a_template_may_name() -> None:
    """Whatever has a tag stays; and the newest besides, because a second run of one commit moves its tag."""
    parsed: Any = hcl2.loads((_IAC / "modules/artifact-registry/main.tf").read_text())
    (registry,) = (
        one["this"] for block in parsed["resource"] for kind, one in block.items() if kind.endswith("_repository")
    )
    policies = registry["cleanup_policies"]
    deleted = [one["condition"][0]["tag_state"] for one in policies if one["action"] == ["DELETE"]]
    assert deleted == [["UNTAGGED"]], f"iac/modules/artifact-registry/main.tf: deletes {deleted}, and not only UNTAGGED"
    kept = [one for one in policies if one["action"] == ["KEEP"]]
    assert [one["condition"][0]["tag_state"] for one in kept if "condition" in one] == [["TAGGED"]]
    assert [one for one in kept if "most_recent_versions" in one]


def _undocumented(body: dict[str, Any], known: dict[str, Any], above: str = "") -> list[str]:
    found = []
    for name, value in body.items():
        if name.startswith("__") or name in ("for_each", "count", "lifecycle", "depends_on"):
            continue
        if name not in known:
            found.append(above + name)
        elif isinstance(known[name], dict):
            for one in value:
                found += _undocumented(one, known[name], f"{above}{name}.")
    return found
