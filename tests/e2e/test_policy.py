"""Each tool of policy reports a planted fault with its own message."""

from tests.e2e.checkouts import Checkout

# File, original text, fault in its place, and the expected output: a tool's message, or a test's name.
FAULTS = {
    "compose-config": (
        "compose/ai-server/docker-compose.yml",
        "mem_limit: 6g",
        "mem_limits: 6g",
        "additional properties 'mem_limits' not allowed",
    ),
    "a rule on stacks": (
        "compose/chromadb/docker-compose.yml",
        "chromadb/chroma:1.5.9",
        "chromadb/chroma:latest",
        "'chromadb/chroma:latest' can move",
    ),
    "alloy-syntax": ("compose/config.alloy", '"syslog",', '"syslog"', "test_alloys_configuration_has_its_syntax"),
    "packer fmt": (
        "packer/cpu-base.pkr.hcl",
        "disk_size    = 50",
        "disk_size = 50",
        "test_templates_are_formatted",
    ),
    "packer validate": (
        "packer/gpu-base.pkr.hcl",
        'on_host_maintenance = "TERMINATE"',
        'on_host_maintenance = "SOMETIMES"',
        "'on_host_maintenance' must be set to 'TERMINATE'",
    ),
    "shellcheck": (
        "packer/scripts/registry.sh",
        'configure-docker "$REGISTRY_HOST"',
        "configure-docker $REGISTRY_HOST",
        "SC2086",
    ),
    "terraform fmt": (
        "iac/modules/fleet/main.tf",
        'name    = "dojangkok-ai"',
        'name = "dojangkok-ai"',
        "test_files_are_formatted",
    ),
    "terraform validate": (
        "iac/environments/prod/main.tf",
        "cpu_image  ",
        "cpu_imagf  ",
        "FAILED policy/test_iac.py::test_configuration_is_valid[environments/prod]",
    ),
    "terraform test": (
        "iac/modules/firewall/variables.tf",
        ">= 8, false",
        ">= 0, false",
        "Missing expected failure",
    ),
    "checkov": (
        "iac/modules/compute-mig/main.tf",
        "enable_vtpm                 = true",
        "enable_vtpm                 = false",
        "CKV_GCP_39",
    ),
    "a rule on the login": (
        "iac/modules/workload-identity/main.tf",
        "/attribute.repository_id/${var.repository_id}",
        "/*",
        "admits other repositories",
    ),
    "actionlint": (
        ".github/workflows/deliver.yml",
        "name: ${{ inputs.verb ||",
        "name: ${{ inputs.verbe ||",
        'property "verbe" is not defined',
    ),
    "zizmor": (
        ".github/workflows/deliver.yml",
        " # the checkout; keyless login and signature; attestations",
        "",
        "undocumented-permissions",
    ),
    "check-jsonschema": (
        ".github/workflows/check.yml",
        "timeout-minutes: 60",
        "timeout-minutes: [60]",
        "[60] is not of type 'number'",
    ),
    "hadolint": (
        "Dockerfile",
        "\nFROM python:3.10-slim\n",
        "\nFROM python:latest\n",
        "DL3007",
    ),
}


def test_every_tool_finds_the_fault_that_is_planted_for_it(checkout: Checkout) -> None:
    """Each tool of policy reports the fault that is planted for the tool."""
    for file, old, new, _ in FAULTS.values():
        checkout.replace(file, old, new)
    ran = checkout.daggerw("call", "policy")
    assert ran.returncode == 6, ran.stderr[-3000:]
    assert ran.stdout == ""
    silent = [tool for tool, (_, _, _, message) in FAULTS.items() if message not in ran.stderr]
    assert silent == [], ran.stderr[-20000:]
