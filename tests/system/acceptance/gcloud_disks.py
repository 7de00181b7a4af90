"""
A stand-in for gcloud, whose disk is a second group of the emulator: its instances take as much of the quota.

    python gcloud_disks.py ADDRESS compute disks create acceptance-filler --size 350GB …
"""

import itertools
import json
import sys
import urllib.request
from typing import Any, Final

_BOOT_DISK_GB: Final = 50  # of an instance of the seed


def ask(verb: str, url: str, body: Any = None) -> Any:
    """Send a request to the emulator; return the JSON of its answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=verb)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def main(address: str, *arguments: str) -> None:
    """Answer one command line."""
    options = dict(itertools.pairwise(arguments))
    project = f"{address}/compute/v1/projects/{options['--project']}"
    groups = f"{project}/zones/{options.get('--zone') or options.get('--zones')}/instanceGroupManagers"
    match arguments[:3]:
        case ["compute", "regions", "describe"]:
            print(json.dumps(ask("GET", f"{project}/regions/{arguments[3]}")))
        case ["compute", "disks", "list"]:
            print("\n".join(group["name"] for group in ask("GET", groups).get("items", [])))
        case ["compute", "disks", "create"]:
            (template,) = (
                template["selfLink"]
                for template in ask("GET", f"{project}/global/instanceTemplates")["items"]
                if template["name"].endswith("-seed")
            )
            size = int(options["--size"].removesuffix("GB")) // _BOOT_DISK_GB
            group = {"name": arguments[3], "baseInstanceName": arguments[3], "instanceTemplate": template}
            ask("POST", groups, {**group, "targetSize": size})
        case ["compute", "disks", "delete"]:
            ask("DELETE", f"{groups}/{arguments[3]}")
        case _:
            raise SystemExit(f"gcloud: {' '.join(arguments)} is no command of the step")


if __name__ == "__main__":
    main(*sys.argv[1:])
