"""What a changed file makes the engine run anew."""

from tests.e2e.checkouts import Checkout


def programs_checked(checkout: Checkout) -> set[str]:
    """Programs whose mypy ran in a call of `check types`; a cached one prints nothing."""
    ran = checkout.daggerw("check", "types")
    assert ran.returncode == 0, ran.stderr
    lines = [line.split() for line in ran.stderr.splitlines()]
    spans = {fields[0]: fields[-1] for fields in lines if {"withExec", "mypy"} <= set(fields)}
    return {spans[fields[0]] for fields in lines if "Success:" in fields}


def test_changed_file_reruns_the_checks_that_read_it(checkout: Checkout) -> None:
    """A changed file runs the checks again that read the file, and no other check."""
    programs_checked(checkout)
    checkout.replace("docs/surprises.md", "\n", "\n\n")
    checkout.replace("tests/e2e/test_keys.py", "\n", "\n\n")
    checkout.replace("app/__init__.py", '"""\n', '"""\n# changed\n')
    assert programs_checked(checkout) == {"app"}
    checkout.replace("lib/__init__.py", '"""\n', '"""\n# changed\n')
    assert programs_checked(checkout) == {"accessory", "ci", "deploy", "lib"}
