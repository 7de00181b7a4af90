"""
The check of check.yml's job `providers`, run here with the provider and the plugin that can be built.

The built provider is of early 2022. A mirror on the disk offers it as 8.0.0, so `init` accepts it; the modules whose
resources it lacks are stubs.
"""

import json
import platform
import shutil
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from policy.released import GOOGLE, findings, main
from policy.running import ROOT, run_checked, tool_path
from policy.terraform import UNSUPPORTED_ARGUMENTS, Terraform, copy_iac

_PLATFORM: Final = f"linux_{'arm64' if platform.machine() == 'aarch64' else 'amd64'}"
_PLUGIN: Final = "packer-plugin-googlecompute"
_GROUP: Final = "google_compute_instance_group_manager"


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Offer the built provider under a version, and the built plugin, in place of their registries."""

    def offer(version: str) -> None:
        folder = tmp_path / "mirror" / GOOGLE / version / _PLATFORM
        folder.mkdir(parents=True)
        shutil.copy(tool_path("terraform-provider-google"), folder / f"terraform-provider-google_v{version}")
        configuration = tmp_path / "terraform.rc"
        configuration.write_text(
            f'provider_installation {{\n  filesystem_mirror {{ path = "{tmp_path / "mirror"}" }}\n}}\n'
        )
        monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(configuration))
        monkeypatch.setenv("PACKER_CONFIG_DIR", str(tmp_path))
        monkeypatch.setenv("PACKER_PLUGIN_PATH", str(tmp_path / "plugins"))
        run_checked("packer", "plugins", "install", "--path", tool_path(_PLUGIN), "github.com/hashicorp/googlecompute")

    return offer


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the files, with stubs of the modules that the built provider lacks."""
    folder = copy_iac(tmp_path / "copy").folder
    shutil.copytree(ROOT / "packer", folder / "packer")
    return folder


@pytest.fixture(scope="module")
def schemas(terraform: Terraform) -> Mapping[str, Any]:
    """The schemas of the built provider's resources."""
    printed = json.loads(terraform.run_checked("environments/dev", "providers", "schema", "-json"))
    resources: dict[str, Any] = printed["provider_schemas"][GOOGLE]["resource_schemas"]
    return resources


def test_check_passes_with_the_released_tools(
    copy: Path, mirror: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The check downloads by `init`, validates both environments and both builds, and prints the provider's version."""
    mirror("8.0.0")
    assert main(copy) == 0, capsys.readouterr().err
    assert capsys.readouterr().out == "iac/ fits hashicorp/google 8.0.0, and packer/ its plugin\n"
    assert not list(copy.rglob(".terraform"))


def test_another_major_version_of_the_provider_is_refused(
    copy: Path, mirror: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Provider 7 is not what the files require."""
    mirror("7.46.0")
    assert main(copy) == 1
    printed = " ".join(capsys.readouterr().err.split())
    assert "hashicorp/google: no available releases match the given constraints ~> 8.0" in printed


@pytest.mark.parametrize(
    ("file", "old", "new", "error"),
    [
        ("iac/modules/networking/main.tf", "MANUAL_ONLY", "SOMETIMES", "nat_ip_allocate_option"),
        ("packer/vm.pkr.hcl", "use_iap ", "use_ipa ", "use_ipa"),
    ],
)
def test_refusal_of_a_tool_fails_the_check(
    copy: Path,
    mirror: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
    file: str,
    old: str,
    new: str,
    error: str,
) -> None:
    """The exit code is 1, and the tool's text is printed."""
    mirror("8.0.0")
    path = copy / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert main(copy) == 1
    assert error in capsys.readouterr().err


def test_missing_tool_is_named(copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without Terraform the check fails with its name."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(copy) == 1
    assert capsys.readouterr().err.startswith("terraform: not found on PATH. Fix: ")


def test_modules_fit_the_built_provider_but_for_its_gaps(copy: Path, schemas: Mapping[str, Any]) -> None:
    """Stubs have no resources, and every other resource fits; unchanged modules have the gaps and newer arguments."""
    assert findings(copy / "iac/modules", schemas) == []
    gaps = findings(ROOT / "iac/modules", schemas)
    modules = {gap.split("/")[1] for gap in gaps if not any(name in gap for name in UNSUPPORTED_ARGUMENTS)}
    assert modules == {"artifact-registry", "workload-identity"}
    assert all(any(name in gap for gap in gaps) for name in UNSUPPORTED_ARGUMENTS)


def _change(schemas: Mapping[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    changed = {**schemas, _GROUP: deepcopy(schemas[_GROUP])}
    change(changed[_GROUP]["block"])
    return changed


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda block: block["attributes"].pop("target_size"), "target_size is unknown"),
        (lambda block: block["attributes"]["zone"].update(deprecated=True), "zone is deprecated"),
        (lambda block: block["attributes"].update(zone={"computed": True}), "zone is read-only"),
        (lambda block: block["attributes"].update(team={"required": True}), "team is required and absent"),
        (lambda block: block["block_types"].update(policy={"min_items": 1}), "policy is required and absent"),
        (lambda block: block["block_types"]["version"]["block"].update(deprecated=True), "version is deprecated"),
        (
            lambda block: block["block_types"]["update_policy"]["block"]["attributes"].pop("minimal_action"),
            "update_policy.minimal_action is unknown",
        ),
    ],
)
def test_difference_from_the_schema_is_found(
    copy: Path, schemas: Mapping[str, Any], change: Callable[[dict[str, Any]], object], finding: str
) -> None:
    """Each planted difference is found once, with the file and the resource."""
    where = f"modules/compute-mig/main.tf: {_GROUP}.this: "
    assert findings(copy / "iac/modules", _change(schemas, change)) == [where + finding]


def test_difference_in_a_dynamic_block_is_found(tmp_path: Path) -> None:
    """A dynamic block is compared as the block that it generates."""
    (tmp_path / "modules/one").mkdir(parents=True)
    (tmp_path / "modules/one/main.tf").write_text(
        'resource "policy" "this" {\n dynamic "rule" {\n  for_each = [1]\n  content {\n   actoin = "deny"\n  }\n }\n}\n'
    )
    rule = {"min_items": 1, "block": {"attributes": {"action": {"optional": True}}}}
    schemas = {"policy": {"block": {"block_types": {"rule": rule}}}}
    assert findings(tmp_path / "modules", schemas) == ["modules/one/main.tf: policy.this: rule.actoin is unknown"]
