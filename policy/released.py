"""
Check iac/ and packer/ with the released provider and plugin, which `init` downloads from their registries.

`python -m policy.released [FOLDER]`: FOLDER has the folders iac, environments, compose and packer; by default it is
this repository. Nothing logs in to Google. Exit code 1: a tool refused a file, or a file uses an argument that the
provider does not have as it is used.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import hcl2

ROOT: Final = Path(__file__).parents[1]
ENVIRONMENTS: Final = ("dev", "prod")
GOOGLE: Final = "registry.terraform.io/hashicorp/google"
_COPIED: Final = ("iac", "environments", "compose", "packer")
_META: Final = ("for_each", "count", "lifecycle", "depends_on", "provider")  # arguments of Terraform itself
_INVENTED: Final = ("-var", "project_id=example-project", "-var", "subnetwork=example-subnetwork")
_TOOL_S: Final = 600
Schema = Mapping[str, Any]


class CheckError(Exception):
    """A check that failed; the text is the report."""


def findings(modules: Path, schemas: Mapping[str, Schema]) -> list[str]:
    """
    Compare every resource of the modules with the schemas of a provider.

    Args:
        modules: folder of the modules.
        schemas: schema of each resource by its type, as `terraform providers schema -json` prints it.

    Returns:
        A sentence for each argument that is unknown, deprecated, read-only, or required and absent.
    """
    differences = []
    for path in sorted(modules.glob("*/*.tf")):
        for kind, name, body in _resources(path):
            where = f"{path.relative_to(modules.parent)}: {kind}.{name}"
            if kind not in schemas:
                differences.append(f"{where}: the provider has no such resource")
            else:
                differences += [f"{where}: {text}" for text in _compare(body, schemas[kind]["block"])]
    return differences


def _resources(path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    parsed: Any = hcl2.loads(path.read_text())
    for block in parsed.get("resource", []):
        for kind, named in block.items():
            for name, body in named.items():
                yield kind, name, body


def _compare(body: dict[str, Any], block: Schema, prefix: str = "") -> Iterator[str]:
    attributes, blocks = block.get("attributes", {}), block.get("block_types", {})
    body = _expanded(body)
    if block.get("deprecated"):
        yield f"{prefix.rstrip('.')} is deprecated"
    present = [name for name in body if name not in _META and not name.startswith("__")]
    for name in present:
        if name in blocks:
            for nested in body[name]:
                yield from _compare(nested, blocks[name]["block"], f"{prefix}{name}.")
        elif name not in attributes:
            yield f"{prefix}{name} is unknown"
        elif attributes[name].get("deprecated"):
            yield f"{prefix}{name} is deprecated"
        elif not attributes[name].get("optional") and not attributes[name].get("required"):
            yield f"{prefix}{name} is read-only"
    required = {name for name, attribute in attributes.items() if attribute.get("required")}
    required |= {name for name, nested in blocks.items() if nested.get("min_items", 0) > 0}
    for name in sorted(required - set(present)):
        yield f"{prefix}{name} is required and absent"


def _expanded(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body with the blocks that its dynamic blocks generate."""
    expanded = {name: value for name, value in body.items() if name != "dynamic"}
    for dynamic in body.get("dynamic", []):
        for name, generator in dynamic.items():
            expanded[name] = [*expanded.get(name, []), *generator["content"]]
    return expanded


def check_terraform(folder: Path) -> str:
    """
    Run init and validate in each environment, and compare the modules with the schema; return the provider's version.

    Raises:
        CheckError: a command failed, or the comparison found something.
    """
    for environment in ENVIRONMENTS:
        place = folder / "iac/environments" / environment
        _run(place, "terraform", "init", "-backend=false", "-input=false", "-upgrade", "-no-color")
        _run(place, "terraform", "validate", "-no-color")
    versions: Any = json.loads(_run(place, "terraform", "version", "-json"))
    schemas: Any = json.loads(_run(place, "terraform", "providers", "schema", "-json"))
    differences = findings(folder / "iac/modules", schemas["provider_schemas"][GOOGLE]["resource_schemas"])
    if differences:
        raise CheckError("\n".join(differences))
    return str(versions["provider_selections"][GOOGLE])


def check_packer(folder: Path) -> None:
    """
    Run init and validate over packer/.

    Raises:
        CheckError: a command failed.
    """
    _run(folder, "packer", "init", "packer")
    _run(folder, "packer", "validate", *_INVENTED, "packer")


def _run(folder: Path, *command: str) -> str:
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1", "GOOGLE_OAUTH_ACCESS_TOKEN": "invented"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=_TOOL_S, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise CheckError(f"{command[0]}: not found on PATH. Fix: install it, see iac/README.md") from error
    if done.returncode != 0:
        raise CheckError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def main(source: Path) -> int:
    """Run both checks over a copy of a folder, so that init writes nothing there; return the exit code."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in _COPIED:
            shutil.copytree(source / name, folder / name, ignore=shutil.ignore_patterns(".terraform*", "backend.tf"))
        try:
            version = check_terraform(folder)
            check_packer(folder)
        except CheckError as error:
            print(error, file=sys.stderr)
            return 1
    print(f"iac/ fits hashicorp/google {version}, and packer/ its plugin")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else ROOT))
