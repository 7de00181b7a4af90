"""Terraform's files: formatted, valid, tested, scanned, and with one structure in both environments."""

import json
import re
from pathlib import Path
from typing import Any

import hcl2
import pytest

from policy.running import ROOT, run_checked
from policy.terraform import ENVIRONMENTS, EXAMPLE_VALUES, UNSUPPORTED_ARGUMENTS, UNSUPPORTED_MODULES, Terraform

_IAC = ROOT / "iac"
_MODULES = sorted(path.name for path in (_IAC / "modules").iterdir())
_TESTED = sorted({path.parents[1].name for path in (_IAC / "modules").glob("*/tests/*.tftest.hcl")})
# Arguments that the repository decides, and not an operator.
_DIFFERENCES = {
    "dev": {"environment": "dev", "chromadb_disk_gib": 50, "is_protected": False},
    "prod": {"environment": "prod", "chromadb_disk_gib": 100, "is_protected": True},
}
_MOST_LINES = 30


def test_files_are_formatted() -> None:
    """Every file is as `terraform fmt -recursive iac` writes it."""
    run_checked("terraform", "fmt", "-check", "-diff", "-recursive", _IAC, environment={"CHECKPOINT_DISABLE": "1"})


@pytest.mark.parametrize(
    "place", [*(f"environments/{name}" for name in ENVIRONMENTS), *(f"modules/{name}" for name in _MODULES)]
)
def test_configuration_is_valid(terraform: Terraform, place: str) -> None:
    """Each folder fits the provider's schema; of the modules that the provider lacks only the variables are checked."""
    terraform.run_checked(place, "get")
    terraform.run_checked(place, "validate")


@pytest.mark.parametrize("module", _TESTED)
def test_tests_of_the_module_pass(terraform: Terraform, module: str) -> None:
    """Each module's own tests pass, with a mock of the provider."""
    report = terraform.run_checked(f"modules/{module}", "test")
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", report), report


def _arguments(environment: str) -> dict[str, Any]:
    parsed: Any = hcl2.loads((_IAC / "environments" / environment / "main.tf").read_text())
    (module,) = parsed["module"]
    return {name: value[0] for name, value in module["fleet"].items() if not name.startswith("__")}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environment_calls_the_fleet_with_its_own_values(environment: str) -> None:
    """An environment sets its name, sizes, protection and the values that only its operators know."""
    arguments = _arguments(environment)
    expected = {"source", *_DIFFERENCES[environment], *EXAMPLE_VALUES}
    assert expected <= arguments.keys(), f"iac/environments/{environment}: lacks {sorted(expected - arguments.keys())}"
    assert arguments["source"] == "../../modules/fleet"
    settings = {name: arguments[name] for name in _DIFFERENCES[environment]}
    assert settings == _DIFFERENCES[environment], f"iac/environments/{environment}/main.tf: differs from the table"


def test_environments_differ_in_the_arguments_of_the_module_alone() -> None:
    """Everything outside the module call is equal in dev and prod, so a change that works in dev works in prod."""
    dev, prod = (_outside_the_call(environment) for environment in ENVIRONMENTS)
    assert dev == prod
    for environment in ENVIRONMENTS:
        folder = _IAC / "environments" / environment
        assert {path.name for path in folder.glob("*.tf")} == {"backend.tf", "main.tf"}
        assert _arguments(environment).keys() == _arguments("dev").keys(), f"{folder}: other arguments than dev"
    backends = {(_IAC / "environments" / name / "backend.tf").read_text().replace(name, "ENV") for name in ENVIRONMENTS}
    assert len(backends) == 1


def _outside_the_call(environment: str) -> str:
    text = (_IAC / "environments" / environment / "main.tf").read_text()
    text, count = re.subn(r'(?ms)^module "fleet" \{.*?^\}\n', "", text)
    assert count == 1, f"iac/environments/{environment}/main.tf: must call the module fleet once"
    return text.replace(environment, "ENV")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environment_stays_short(environment: str) -> None:
    """An environment has fewer than 30 lines: what both have in common belongs in the module fleet."""
    files = (_IAC / "environments" / environment).glob("*.tf")
    lines = [line for path in files for line in path.read_text().splitlines()]
    code = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert len(code) < _MOST_LINES, f"iac/environments/{environment}: has {len(code)} lines"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_state_is_remote_and_separate(environment: str) -> None:
    """Each state is in the bucket, whose backend locks it, under the name of its environment."""
    parsed: Any = hcl2.loads((_IAC / "environments" / environment / "backend.tf").read_text())
    backend = parsed["terraform"][0]["backend"][0]["gcs"]
    assert backend["bucket"] == ["dojangkok-ai-iac-backend"]
    assert backend["prefix"] == [f"v2/{environment}"]


@pytest.mark.parametrize("path", sorted(_IAC.rglob("variables.tf")), ids=lambda path: str(path.relative_to(_IAC)))
def test_variables_are_typed_described_and_in_order(path: Path) -> None:
    """Each variable has a type and a description, and the variables are in alphabetical order."""
    parsed: Any = hcl2.loads(path.read_text())
    names = [name for block in parsed["variable"] for name in block]
    assert names == sorted(names), f"{path.relative_to(ROOT)}: the alphabetical order is {sorted(names)}"
    for block in parsed["variable"]:
        for name, body in block.items():
            assert body.get("type"), f"{path.relative_to(ROOT)}: variable '{name}' has no type"
            (text,) = body.get("description", [""])
            assert len(text) > 10, f"{path.relative_to(ROOT)}: variable '{name}' has no description"


def test_every_module_is_used_and_complete() -> None:
    """A module has main.tf, variables.tf and outputs.tf, and the fleet or an environment calls it."""
    callers = (*(_IAC / "modules/fleet").glob("*.tf"), *(_IAC / "environments/dev").glob("*.tf"))
    called = {
        Path(source).name for path in callers for source in re.findall(r'source\s*= "(\.\./[^"]+)"', path.read_text())
    }
    assert called == set(_MODULES)
    for module in _MODULES:
        files = {path.name for path in (_IAC / "modules" / module).glob("*.tf")}
        assert {"main.tf", "variables.tf", "outputs.tf"} <= files, f"iac/modules/{module}: has only {sorted(files)}"


def test_checkov_finds_nothing() -> None:
    """Checkov's rules for Terraform pass, offline."""
    # The variable stops checkov's update check, which is a request over the network.
    run_checked(
        "checkov", "-d", _IAC, "--framework", "terraform", "--skip-download", "--quiet", "--compact",
        environment={"CHECKOV_RUN_SCA_PACKAGE_SCAN_V2": "false"},
    )  # fmt: skip


def test_every_suppression_of_checkov_has_a_reason() -> None:
    """A suppression stands in the file that it is for, with the reason behind the rule's id."""
    suppressions = 0
    for path in _IAC.rglob("*.tf"):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if "checkov:skip" in line:
                suppressions += 1
                assert re.search(r"# checkov:skip=CKV2?_GCP_\d+: ?\S.{15,}", line), (
                    f"{path.relative_to(ROOT)}:{number}: a suppression without a reason"
                )
    assert suppressions
    assert not list(ROOT.glob(".checkov*")), "a file suppresses rules for the whole repository"


@pytest.mark.parametrize("module", UNSUPPORTED_MODULES)
def test_resources_that_the_provider_lacks_have_documented_arguments(module: str) -> None:
    """Each resource has only arguments of policy/schema, a copy of the documentation, and all the required ones."""
    parsed: Any = hcl2.loads((_IAC / "modules" / module / "main.tf").read_text())
    resources = 0
    for block in parsed["resource"]:
        for kind, named in block.items():
            schema = ROOT / "policy/schema" / f"{kind}.json"
            assert schema.exists(), f"policy/schema/{kind}.json: missing, and no other test checks this resource"
            known = json.loads(schema.read_text())
            for name, body in named.items():
                where = f"iac/modules/{module}/main.tf: {kind}.{name}"
                assert _undocumented(body, known["arguments"]) == [], f"{where}: {schema.relative_to(ROOT)} lacks them"
                missing = [argument for argument in known["required"] if argument not in body]
                assert missing == [], f"{where}: lacks required arguments"
                resources += 1
    assert resources


def test_group_states_what_deploy_sets_and_google_has_no_default_for() -> None:
    """An apply would remove what deploy sets and the files do not state; the built provider lacks this argument."""
    parsed: Any = hcl2.loads((ROOT / "iac/modules/compute-mig/main.tf").read_text())
    managers = [body for block in parsed["resource"] for kind, body in block.items() if kind.endswith("group_manager")]
    (stated,) = managers[0]["this"]["update_policy"]
    assert {name: stated.get(name) for name in UNSUPPORTED_ARGUMENTS} == {"most_disruptive_allowed_action": ["REPLACE"]}
    text = (ROOT / "deploy/group/update_policy.py").read_text()
    assert '"mostDisruptiveAllowedAction": "REPLACE"' in text


def test_cleanup_keeps_every_image_that_a_template_may_contain() -> None:
    """Tagged versions stay, and the newest ones without a tag, because a second run of a commit moves its tag."""
    parsed: Any = hcl2.loads((_IAC / "modules/artifact-registry/main.tf").read_text())
    (registry,) = (
        body["this"] for block in parsed["resource"] for kind, body in block.items() if kind.endswith("_repository")
    )
    policies = registry["cleanup_policies"]
    deleted = [policy["condition"][0]["tag_state"] for policy in policies if policy["action"] == ["DELETE"]]
    assert deleted == [["UNTAGGED"]], f"iac/modules/artifact-registry/main.tf: deletes {deleted}, not only UNTAGGED"
    kept = [policy for policy in policies if policy["action"] == ["KEEP"]]
    assert [policy["condition"][0]["tag_state"] for policy in kept if "condition" in policy] == [["TAGGED"]]
    assert [policy for policy in kept if "most_recent_versions" in policy]


def _undocumented(body: dict[str, Any], known: dict[str, Any], prefix: str = "") -> list[str]:
    names = []
    for name, value in body.items():
        if name.startswith("__") or name in ("for_each", "count", "lifecycle", "depends_on"):
            continue
        if name not in known:
            names.append(prefix + name)
        elif isinstance(known[name], dict):
            for nested in value:
                names += _undocumented(nested, known[name], f"{prefix}{name}.")
    return names
