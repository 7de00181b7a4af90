"""No program but the application itself names it: another application needs no change of them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAMS = ("ci", "deploy", "emulator", "accessory")
# The only files of these programs that may name the application which this repository ships.
NAMED_IN = (
    "accessory/README.md",  # examples of its output
    "deploy/README.md",
    "emulator/README.md",
    "ci/defaults.py",  # names of this installation
    "emulator/seeds/dojangkok.yaml",
    "emulator/seeds/rehearsal.yaml",
)
NAME = re.compile("dojangkok", re.IGNORECASE)
# The image, the paths, the port, the Python and the services of the application: no code of the pipeline has them.
DESCRIPTION = re.compile(r"(?<![a-z])ai[-_ ]server|/livez|/readyz|\b3\.10\b|vllm|chroma|\b8000\b", re.IGNORECASE)
PIPELINE = ("ci/*.py", "ci/steps/*.py", "ci/scripts/*")
_MADE = re.compile(r"(^|/)(\.venv|__pycache__|\.\w+_cache)(/|$)")


def files(root: Path, *patterns: str) -> Iterator[tuple[str, str]]:
    """Yield the paths and the texts of the files of patterns, without those that tools make."""
    for path in sorted({path for pattern in patterns for path in root.glob(pattern) if path.is_file()}):
        name = path.relative_to(root).as_posix()
        if not _MADE.search(name):
            yield name, path.read_text(errors="replace")


def naming(root: Path) -> list[str]:
    """Return the files of the programs that name the application, and the names of files that do."""
    patterns = (f"{program}/**/*" for program in PROGRAMS)
    return [name for name, text in files(root, *patterns) if NAME.search(text) or NAME.search(name)]


def describing(root: Path) -> list[str]:
    """Return the lines of the pipeline that describe the application."""
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in files(root, *PIPELINE)
        for number, line in enumerate(text.splitlines(), 1)
        if DESCRIPTION.search(line)
    ]


def test_listed_files_alone_name_the_application() -> None:
    """Seeds, the examples of the README files and a file of defaults name it, and nothing else does."""
    assert naming(Path()) == sorted(NAMED_IN)


def test_pipeline_describes_no_application() -> None:
    """delivery.yaml and pyproject.toml have its image, its port, its paths and its Python."""
    assert describing(Path()) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("deploy/planted.py", "GROUP = 'Dojangkok'"),
        ("emulator/seeds/dojangkok-eu.yaml", ""),
        ("ci/a/b.sh", "dojangkok"),
    ],
)
def test_planted_name_is_found(file: str, text: str, tmp_path: Path) -> None:
    """A name in a file, and a file of that name, are found; what tools made is not read."""
    for name in (file, f"deploy/.venv/{Path(file).name}"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text or "dojangkok")
    assert naming(tmp_path) == [file]


@pytest.mark.parametrize(
    "line",
    [
        "PORT = 8000",
        "get('/readyz')",
        "IMAGE = 'team/ai-server'",
        "PYTHON = '3.10'",
        "# the AI server",
        "VM = 'vllm'",
        "ChromaDB()",
    ],
)
def test_planted_description_is_found(line: str, tmp_path: Path) -> None:
    """Each kind of description is found in the code of the pipeline, and not elsewhere."""
    (tmp_path / "ci/scripts").mkdir(parents=True)
    for name in ("ci/scripts/planted.py", "ci/uv.lock"):
        (tmp_path / name).write_text(f"{line}\n")
    assert describing(tmp_path) == [f"ci/scripts/planted.py:1: {line}"]
