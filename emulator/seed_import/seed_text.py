"""The text of an imported seed: YAML below comments that name its source and what was left out. Pure."""

from typing import Any

import yaml

from emulator.seed_import.conversion import ImportedSeed
from emulator.seed_import.live_group import Place
from lib.output import inline


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as a block, and repeats equal values instead of referring to them."""

    def ignore_aliases(self, data: Any) -> bool:
        """Return True: an alias in place of a value is hard to read."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def seed_text(imported: ImportedSeed, place: Place, group: str, date: str) -> str:
    """
    Return the text of a seed file.

    Args:
        imported: the seed, and what was left out
        place: where the live group is
        group: name of the live group
        date: date of the import, for the first line
    """
    head = [
        f"Group '{group}' of {place.scope}, read by `emulator import` on {date}. seeds/example.yaml explains each key.",
        "Compute Engine has no times of instances: `instance_rules` sets how long theirs take to boot and to answer.",
    ]
    if imported.left_out:
        head += ["Left out:", *(f"  {inline(str(part))}" for part in imported.left_out)]
    body = yaml.dump(imported.seed, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return "".join(f"# {line}\n" for line in head) + body
