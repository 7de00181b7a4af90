"""
List what an image holds: `python installed.py FOLDER` runs inside the image, by a Python that is mounted there.

FOLDER/python.txt has the version of the image's own Python, and is empty without one. FOLDER/debian.tsv has name,
version and architecture of each Debian package, with tabs between them, and is empty for another distribution.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_STATUS = Path("/var/lib/dpkg/status")
_STATUS_FOLDER = Path("/var/lib/dpkg/status.d")  # of images without a package manager
_INSTALLED = "install ok installed"


def interpreter() -> str:
    """Return the output of `python --version`; empty where the image has no Python."""
    program = shutil.which("python") or shutil.which("python3")
    if program is None:
        return ""
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout


def debian_packages(texts: Iterator[str]) -> list[str]:
    """Return the lines of the installed packages, by the texts of dpkg's status files."""
    lines = set()
    for text in texts:
        for paragraph in text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
            if "Package" in fields and fields.get("Status", _INSTALLED) == _INSTALLED:
                lines.add("\t".join(fields.get(name, "") for name in ("Package", "Version", "Architecture")))
    return sorted(lines)


def status_texts() -> Iterator[str]:
    """Yield the texts of dpkg's status files."""
    files = [_STATUS, *sorted(_STATUS_FOLDER.glob("*"))]
    yield from (file.read_text(errors="replace") for file in files if file.is_file() and file.suffix != ".md5sums")


def main(folder: Path) -> None:
    """Write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "python.txt").write_text(interpreter())
    (folder / "debian.tsv").write_text("".join(f"{line}\n" for line in debian_packages(status_texts())))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
