"""The values that acceptance gives Packer, compared with the variables of packer/, which no unit suite mounts."""

import itertools
import re
import subprocess
from pathlib import Path

from acceptance.place import ROOT, environment_text, read_place
from acceptance.steps import Command, steps


def test_packer_takes_every_value() -> None:
    """Each -var of the step is a variable of packer/ and keeps its rule, and no variable lacks a value."""
    text = environment_text((ROOT / "environments/dev.yaml").read_text(), "disposable-1")
    place = read_place("disposable-1", Path(), text)
    (packer,) = (step for step in steps(place) if step.name == "packer")
    (commit,) = (command for command in packer.commands if command.keeps == "commit")
    done = subprocess.run(commit.arguments, capture_output=True, text=True, check=True, timeout=60)
    (build,) = (command for command in packer.commands if command.arguments[:2] == ("packer", "build"))
    pairs = (text.replace("<commit>", done.stdout.strip()).partition("=") for text in _values_of(build))
    values = {name: value for name, _, value in pairs}
    rules_text = (ROOT / "packer/variables.pkr.hcl").read_text()
    blocks = dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', rules_text, re.MULTILINE | re.DOTALL))
    assert {name for name, block in blocks.items() if "default" not in block} <= values.keys() <= blocks.keys()
    rules = {name: re.findall(r'regex\("(.+?)", var\.', blocks[name]) for name in values}
    assert {name for name, patterns in rules.items() if patterns} == {"commit", "zone"}
    assert not [name for name in values for pattern in rules[name] if not re.search(pattern, values[name])]
    assert (values["zone"], values["project_id"]) == (place.zone, place.project)


def _values_of(command: Command) -> list[str]:
    arguments = command.arguments
    return [value for option, value in itertools.pairwise(arguments) if option == "-var"]
