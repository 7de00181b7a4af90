"""What a changed file makes the engine run anew."""

from uuid import uuid4

from tests.e2e.checkouts import Checkout


def folders_typed(checkout: Checkout) -> set[str]:
    """Return the first folder of each mypy that ran in a call of `check types`; a cached run prints nothing."""
    ran = checkout.daggerw("check", "types")
    assert ran.returncode == 0, ran.stderr
    lines = [line.split() for line in ran.stderr.splitlines()]
    commands = [fields for fields in lines if {"withExec", "mypy"} <= set(fields)]
    folders = {fields[0]: fields[fields.index("--config-file") + 2] for fields in commands}
    return {folders[fields[0]] for fields in lines if "Success:" in fields}


def test_changed_file_reruns_the_checks_that_read_it(checkout: Checkout) -> None:
    """A changed file runs the checks again that read the file, and no other check."""
    change = f'"""\n# {uuid4()}\n'  # the engine would know a change of an earlier run of this test
    folders_typed(checkout)
    checkout.replace("docs/origin.md", "\n", "\n\n")
    assert folders_typed(checkout) == set()
    checkout.replace("app/__init__.py", '"""\n', change)
    assert folders_typed(checkout) == {"app", "tests/architecture"}
    checkout.replace("lib/__init__.py", '"""\n', change)
    readers = {"acceptance", "accessory", "ci", "deploy", "emulator", "lib", "tests/architecture"}
    assert folders_typed(checkout) == readers
