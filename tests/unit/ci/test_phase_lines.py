"""
The three shell functions that write phases of a boot to the guest attributes: deploy reads what each of them sends.

That of iac/scripts/phases.sh repeats its write; those of docs/adopt.md and ci/local_seed.py are one and the same, short
enough to be copied.
"""

import re
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
import yaml

from ci import local_seed
from ci.application import Application
from ci.environments import Environment

_FUNCTION: Final = re.compile(r"^phase\(\) \{\n.*?^\}\n", re.MULTILINE | re.DOTALL)
_SHORT: Final = re.compile(rf"{_FUNCTION.pattern}trap .*\nphase booted\n", re.MULTILINE | re.DOTALL)
_CALLS: Final = "phase pulled\nphase failed 'a reason (exit code 1)'\n"
_BOOT: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# Arguments of curl that decide what the metadata server gets; the others decide how long an attempt takes.
_SENT: Final = ("--request", "--header")
# Prints the arguments, one a line, and what is sent: the value of --data-raw, or the input.
_CURL: Final = r"""#!/bin/bash
printf '%s\n' "$@" >>"$SENT"
case " $* " in *" --data-binary @- "*) printf -- '--data-raw\n%s\n' "$(cat; echo .)" >>"$SENT" ;; esac
exit 28
"""


def _seed_script() -> str:
    environment = Environment("registry:5000/team/web", "p", "europe-west1-b", "web")
    seed = yaml.safe_load(local_seed.text(environment, Application(image="web", port=8080)))
    [template] = seed["resources"]["instanceTemplates"]
    return str({item["key"]: item["value"] for item in template["properties"]["metadata"]["items"]}["startup-script"])


TEXTS: Final = {
    "iac": Path("iac/scripts/phases.sh").read_text(),
    "page": Path("docs/adopt.md").read_text(),
    "seed": _seed_script(),
}


def sent(text: str, shell: str, folder: Path) -> list[tuple[str, ...]]:
    """Return what the function of a text sends for two calls: URL, method, header and body of each."""
    (match,) = _FUNCTION.findall(text)
    (folder / "curl").write_text(_CURL)
    (folder / "curl").chmod(0o755)
    log = folder / "sent"
    script = f"set -e\nPATH={folder}:$PATH\nexport SENT={log}\n{match}{_CALLS}echo done\n"
    result = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == "done\n"
    return [_request(words) for words in re.split(r"^(?=--silent$)", log.read_text(), flags=re.MULTILINE)[1:]]


def _request(text: str) -> tuple[str, ...]:
    words = text.splitlines()
    values = {word: value for word, value in pairwise(words) if word.startswith("--")}
    body = re.fullmatch(rf"{_BOOT} [0-9]+\.[0-9]{{2}} (.*?)\.?", values["--data-raw"])
    assert body, values
    (url,) = (word for word in words if word.startswith("http"))
    return (url, *(values[flag] for flag in _SENT), body[1])


def test_page_and_seed_have_the_same_lines() -> None:
    """What a person copies from the page is what the group of the local environment runs."""
    (page,), (seed,) = (_SHORT.findall(TEXTS[name]) for name in ("page", "seed"))
    assert page == seed


@pytest.mark.parametrize(("name", "shell"), [("iac", "bash"), ("page", "bash"), ("page", "sh"), ("seed", "bash")])
def test_function_sends_a_phase_as_deploy_reads_it(name: str, shell: str, tmp_path: Path) -> None:
    """Boot id, seconds since the start and the reason; a metadata server that does not answer ends no script."""
    url = "http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes/release"
    assert sent(TEXTS[name], shell, tmp_path) == [
        (f"{url}/pulled", "PUT", "Metadata-Flavor: Google", ""),
        (f"{url}/failed", "PUT", "Metadata-Flavor: Google", "a reason (exit code 1)"),
    ]
