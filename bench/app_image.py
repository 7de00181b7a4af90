"""
Disk space of the AI server's image beyond its base image, with its largest parts; ./daggerw builds the image.

    python3 bench/app_image.py
"""

import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
BUDGET_MB: Final = 250
_IMAGE: Final = ("call", "build")
_BASE: Final = ("core", "container", "from", "--address", "python:3.10-slim")
_PARTS: Final = ("/app/.venv/lib/python3.10/site-packages/*", "/app/app")
_LARGEST: Final = 8


def disk_bytes(container: tuple[str, ...], *paths: str) -> dict[str, int]:
    """Return the disk space of files by path."""
    script = f"du --one-file-system --summarize --block-size=1 {' '.join(paths)}"
    arguments = ["with-user", "--name", "root", "with-exec", "--args", f"sh,-c,{script}", "stdout"]
    output = subprocess.run(
        ["./daggerw", *container, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    return {path: int(size) for size, path in (line.split("\t") for line in output.splitlines() if "\t" in line)}


def main() -> None:
    """Measure, and print a table."""
    beyond_bytes = disk_bytes(_IMAGE, "/")["/"] - disk_bytes(_BASE, "/")["/"]
    parts = disk_bytes(_IMAGE, *_PARTS)
    print(f"| | MB |\n|---|---|\n| beyond the base image, of at most {BUDGET_MB} | {beyond_bytes / 1e6:.1f} |")
    for path in sorted(parts, key=lambda path: parts[path], reverse=True)[:_LARGEST]:
        print(f"| including {Path(path).name} | {parts[path] / 1e6:.1f} |")


if __name__ == "__main__":
    main()
