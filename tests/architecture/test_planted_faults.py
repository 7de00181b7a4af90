"""Every text that tests of `./daggerw` replace in a checkout stands in its file: seen here before an engine runs."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

UNREAD = "docs/origin.md"  # tests/e2e/test_keys.py changes this file because no check reads it


def replaced_texts() -> Iterator[tuple[str, str]]:
    """Yield file and original text of each literal `checkout.replace(file, old, new)` and of each row of FAULTS."""
    for path in sorted((ROOT / "tests/e2e").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="replace"),
                    args=[ast.Constant(value=str(file)), ast.Constant(value=str(old)), _],
                ) if file != UNREAD:
                    yield file, old
                case ast.Assign(targets=[ast.Name(id="FAULTS")], value=table):
                    for file, old, _, _ in ast.literal_eval(table).values():
                        yield file, old


TEXTS = sorted(set(replaced_texts()))


def test_replacements_of_both_forms_were_read() -> None:
    """A literal call and a row of the table are among them."""
    assert ("Dockerfile", 'CMD ["python", "-m", "app"]') in TEXTS
    assert ("packer/gpu-base.pkr.hcl", 'on_host_maintenance = "TERMINATE"') in TEXTS


@pytest.mark.parametrize(("file", "old"), TEXTS)
def test_text_that_a_test_replaces_stands_in_its_file(file: str, old: str) -> None:
    """A file was changed, and its planted fault was not."""
    assert old in (ROOT / file).read_text()
