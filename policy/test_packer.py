"""VM images: packer/ follows the decisions, and Packer with its real plugin accepts it."""

import re
from pathlib import Path
from typing import Any, Final

import hcl2
import pytest
import yaml

from policy.running import ROOT, run, run_checked, tool_path

PACKER: Final = ROOT / "packer"
PLUGIN: Final = "packer-plugin-googlecompute"
SCRIPTS: Final = sorted((PACKER / "scripts").glob("*.sh"))
BUILDS: Final = ("cpu-base", "gpu-base")

# The VM images of the design document: source, machine type, disk, GPU.
TABLE: Final = {
    "cpu-base": {
        "source_image_family": "ubuntu-2204-lts",
        "source_image_project_id": ["ubuntu-os-cloud"],
        "machine_type": "e2-medium",
        "disk_size": 50,
        "disk_type": "${var.cpu_disk_type}",
    },
    "gpu-base": {
        "source_image_family": "ubuntu-accelerator-2204-amd64-with-nvidia-580",
        "source_image_project_id": ["ubuntu-os-accelerator-images"],
        "machine_type": "g2-standard-4",
        "accelerator_type": "projects/${var.project_id}/zones/${var.zone}/acceleratorTypes/nvidia-l4",
        "accelerator_count": 1,
        "on_host_maintenance": "TERMINATE",
        "disk_size": 200,
        "disk_type": "${var.gpu_disk_type}",
    },
}


def _attributes(block: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a block; the parser gives each as a list with one item."""
    return {key: value[0] for key, value in block.items() if not key.startswith("__")}


def _parsed(name: str) -> dict[str, Any]:
    with (PACKER / name).open() as file:
        return dict(hcl2.load(file))


def _vm() -> dict[str, Any]:
    (source,) = _parsed("vm.pkr.hcl")["source"]
    return _attributes(source["googlecompute"]["vm"])


def _build(name: str) -> dict[str, Any]:
    (build,) = _parsed(f"{name}.pkr.hcl")["build"]
    (source,) = build["source"]
    assert build["name"] == [name], f"packer/{name}.pkr.hcl: the build must have the name '{name}', as in README.md"
    return _attributes(source["googlecompute.vm"])


def _variables() -> dict[str, dict[str, Any]]:
    return {name: block for blocks in _parsed("variables.pkr.hcl")["variable"] for name, block in blocks.items()}


@pytest.fixture(scope="session")
def packer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Packer's environment with only the pinned plugin."""
    home = tmp_path_factory.mktemp("packer")
    environment = {
        "CHECKPOINT_DISABLE": "1",
        "PACKER_CONFIG_DIR": str(home),
        "PACKER_PLUGIN_PATH": str(home / "plugins"),
    }
    plugin = tool_path(PLUGIN)
    run_checked(
        "packer", "plugins", "install", "--path", plugin, "github.com/hashicorp/googlecompute", environment=environment
    )
    return environment


def test_templates_are_formatted(packer: dict[str, str]) -> None:
    """Each template is as `packer fmt packer` writes it."""
    run_checked("packer", "fmt", "-check", "-diff", "-recursive", PACKER, environment=packer)


def test_pinned_plugin_fits_the_required_version(packer: dict[str, str]) -> None:
    """`packer init` finds the plugin that policy/tools pins, and downloads nothing."""
    run_checked("packer", "init", PACKER, environment=packer)


def test_plugin_accepts_both_builds(packer: dict[str, str]) -> None:
    """`packer validate` accepts both builds for an invented project; with `-only` a missing build would pass."""
    invented = ("-var", "project_id=example-project", "-var", "subnetwork=example-subnetwork")
    run_checked("packer", "validate", *invented, PACKER, environment=packer)


def test_versions_of_the_plugin_agree() -> None:
    """plugins.pkr.hcl requires the version that policy/tools builds."""
    required = re.search(r'version = "= ([\d.]+)"', (PACKER / "plugins.pkr.hcl").read_text())
    built = re.search(
        r"hashicorp/packer-plugin-googlecompute v([\d.]+)", (ROOT / f"policy/tools/{PLUGIN}/go.mod").read_text()
    )
    assert required, "packer/plugins.pkr.hcl: the plugin's version must be exact, '= 1.2.3'"
    assert built, f"policy/tools/{PLUGIN}/go.mod: requires no plugin"
    assert required[1] == built[1], f"packer/plugins.pkr.hcl: requires {required[1]}, policy/tools builds {built[1]}"
    # Secure Boot refuses the images of 1.2.5, and before 1.2.5 one concurrent import of an OS Login key ended a build.
    # Source: packer-plugin-googlecompute, commits 724721e (2026-04-29) and 0f97da5 (2025-12-26).
    assert tuple(map(int, required[1].split("."))) >= (1, 2, 6), f"packer/plugins.pkr.hcl: {required[1]} is too old"


@pytest.mark.parametrize("build", BUILDS)
def test_build_is_that_of_the_table(build: str) -> None:
    """Source, machine type, disk and GPU of each build are those of the design."""
    actual = _build(build)
    for name, value in TABLE[build].items():
        assert actual.get(name) == value, f"packer/{build}.pkr.hcl: {name} is {actual.get(name)!r}, must be {value!r}"


@pytest.mark.parametrize(
    ("disk", "value", "is_accepted"),
    [
        ("cpu_disk_type", "pd-standard", True),
        ("gpu_disk_type", "pd-balanced", True),
        ("gpu_disk_type", "pd-standard", False),
    ],
)
def test_disk_types_are_variables(packer: dict[str, str], disk: str, value: str, is_accepted: bool) -> None:
    """The disks of the design are pd-ssd; a build can take another type, but a G2 machine takes no pd-standard."""
    assert _variables()[disk]["default"] == ["pd-ssd"]
    invented = ("-var", "project_id=example-project", "-var", "subnetwork=example-subnetwork")
    result = run("packer", "validate", *invented, "-var", f"{disk}={value}", PACKER, environment=packer)
    assert (result.returncode == 0) is is_accepted, result.stdout + result.stderr


@pytest.mark.parametrize("build", BUILDS)
def test_image_has_its_family_and_a_unique_name(build: str) -> None:
    """The name ends in the time of the build, because iac/ names one image and not the family."""
    attributes = _build(build)
    where = f"packer/{build}.pkr.hcl"
    assert attributes["image_family"] == f"dojangkok-{build}", f"{where}: family {attributes['image_family']!r}"
    assert attributes["image_name"] == f"dojangkok-{build}-${{local.built_at}}", (
        f"{where}: image_name is {attributes['image_name']!r}"
    )
    (times,) = _parsed("vm.pkr.hcl")["locals"]
    assert "YYYYMMDDhhmmss" in times["built_at"][0], "packer/vm.pkr.hcl: built_at must be digits to the second"


def test_build_is_reachable_through_iap_only() -> None:
    """The build has no public address, no project-wide key, and no account or scope for its processes."""
    attributes = _vm()
    for name in (
        *("use_iap", "omit_external_ip", "use_internal_ip", "use_os_login", "disable_default_service_account"),
        *("enable_secure_boot", "enable_vtpm", "enable_integrity_monitoring"),
    ):
        assert attributes.get(name) is True, f"packer/vm.pkr.hcl: {name} is {attributes.get(name)!r}, must be true"
    for build in BUILDS:
        repeated = attributes.keys() & _build(build).keys()
        assert not repeated, f"packer/{build}.pkr.hcl: {sorted(repeated)} belongs to vm.pkr.hcl"
        for name in ("service_account_email", "scopes", "address", "network", "preemptible"):
            assert name not in _build(build), f"packer/{build}.pkr.hcl: {name} must be absent"


def test_versions_are_exact_package_versions() -> None:
    """Each version is a complete package version for the Ubuntu of the source image."""
    versions = {name: block["default"][0] for name, block in _variables().items() if name.endswith("_version")}
    assert versions, "packer/variables.pkr.hcl: has no *_version"
    for name, version in versions.items():
        suffix = "~ubuntu.22.04~jammy" if name.startswith("docker_") else ""
        pattern = rf"(5:)?\d+\.\d+\.\d+-\d+{re.escape(suffix)}"
        assert re.fullmatch(pattern, version), (
            f"packer/variables.pkr.hcl: {name} is {version!r}, must be like 1.2.3-1{suffix}"
        )
    compose = tuple(map(int, versions["docker_compose_version"].split("-")[0].split(".")))
    assert compose >= (2, 30, 0), "packer/variables.pkr.hcl: env_file with 'format: raw' needs compose 2.30"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    """Shellcheck checks each script with the files that it sources."""
    run_checked("shellcheck", "--external-sources", "--source-path=SCRIPTDIR", script)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_stops_at_the_first_failure(script: Path) -> None:
    """Each script has `set -euo pipefail`; verify.sh continues to report every difference, and apt.sh is sourced."""
    lines = script.read_text().splitlines()
    if script.name == "apt.sh":
        return
    expected = "set -uo pipefail" if script.name == "verify.sh" else "set -euo pipefail"
    assert expected in lines, f"packer/scripts/{script.name}: must have the line '{expected}'"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_download_is_executed(script: Path) -> None:
    """No download is piped into an interpreter, and certificates and signatures are checked."""
    text = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*$", "", script.read_text(), flags=re.MULTILINE))
    for problem, pattern in {
        "pipes a download into an interpreter": r"\b(curl|wget)\b[^\n]*\|\s*(sudo\s+)?(ba|da)?(sh|python3?|perl)\b",
        "runs a download": r"\b((ba|da)?sh\s+(-c\s+)?|source\s+|\.\s+|eval\s+)[\"']?(\$|<)\((curl|wget)",
        "accepts any certificate": r"\b(curl|wget)\b[^\n]*\s(--insecure|-k|--no-check-certificate)\b",
        "accepts unsigned packages": r"--allow-unauthenticated|trusted=yes|AllowInsecureRepositories|--force-yes",
        "trusts a key for every repository": r"\bapt-key\b|/etc/apt/trusted\.gpg",
    }.items():
        match = re.search(pattern, text)
        assert not match, f"packer/scripts/{script.name}: {problem}: {match and match[0].strip()!r}"


def test_third_party_repositories_are_added_by_apt_sh() -> None:
    """Only apt.sh writes sources, each with a pinned key, and their packages are held."""
    for script in SCRIPTS:
        if script.name != "apt.sh":
            assert "sources.list" not in script.read_text(), f"packer/scripts/{script.name}: must call add_repository"
    for name in ("docker", "nvidia"):
        text = (PACKER / f"scripts/{name}.sh").read_text()
        assert "install_held" in text, f"packer/scripts/{name}.sh: must call install_held"
        assert not re.search(r"\bapt(-get)?\s+install", text), f"packer/scripts/{name}.sh: installs without a hold"
    fingerprints = re.findall(r"_KEY_FINGERPRINT=([0-9A-F]{40})\"", (PACKER / "vm.pkr.hcl").read_text())
    assert len(fingerprints) == 2, "packer/vm.pkr.hcl: each repository needs the whole fingerprint of its key"


def test_docker_keeps_its_logs_small_and_stops_its_containers() -> None:
    """
    daemon.json limits the log of each container, and dockerd stops its containers at a shutdown.

    With live-restore dockerd leaves its containers to systemd's last SIGTERM: github.com/moby/moby, 31547.
    """
    settings = yaml.safe_load((PACKER / "scripts/daemon.json").read_text())
    assert settings["live-restore"] is False
    assert settings["log-driver"] == "json-file", "packer/scripts/daemon.json: promtail and alloy read json-file"
    assert settings["log-opts"].keys() >= {"max-file", "max-size"}, "packer/scripts/daemon.json: a log has no limit"


def test_vm_is_verified_before_the_clean_up() -> None:
    """provision.sh ends with verify.sh and clean.sh, so an unverified VM becomes no image."""
    lines = [line for line in (PACKER / "scripts/provision.sh").read_text().splitlines() if line.strip()]
    assert lines[-2:] == ['bash verify.sh "$kind"', "bash clean.sh"], (
        f"packer/scripts/provision.sh: ends in {lines[-2:]}"
    )
    for build in BUILDS:
        text = (PACKER / f"{build}.pkr.hcl").read_text()
        assert f'"bash /tmp/scripts/provision.sh {build}"' in text, (
            f"packer/{build}.pkr.hcl: must run provision.sh {build}"
        )
