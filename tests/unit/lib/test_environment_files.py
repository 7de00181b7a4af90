"""Files of environments/ are read within limits, or refused with the line."""

import time
from pathlib import Path

import pytest

from lib.environment_files import EnvironmentFileError, load, locate, shown

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))


def refusal(path: Path) -> str:
    """Return the text of the error for a file that must be refused."""
    with pytest.raises(EnvironmentFileError) as error:
        load(path)
    return f"{error.value.message} Fix: {error.value.fix}."


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"project: caf\xe9\n", "line 1: byte 0xe9 is not UTF-8. Fix: save the file as UTF-8."),
        (b"a: 1\nproject: \xff\xfe", "line 2: byte 0xff is not UTF-8."),
        (b"project: a\x00b\n", "special characters are not allowed."),
        (b'project: "a\\0b"\n', "line 1: a text has a control character. Fix: remove it."),
        (b"a: " + b"[" * 5_000 + b"]" * 5_000, "line 1: is nested deeper than 32."),
        (b"".join(b" " * n + b"a:\n" for n in range(600)), "line 33: is nested deeper than 32."),
        (BOMB.encode(), "line 4: has more than 20 aliases. Fix: write the values out."),
        (b"a: 1\n" * 100_000, "is larger than 256 KiB."),
        (b"surge: " + b"9" * 5_000, "a value cannot be read: Exceeds the limit (4300 digits)"),
        (b"since: 2026-99-99", "a value cannot be read: month must be in 1..12"),
        (b"a: !!int ''", "a value cannot be read: "),
        (b"a: !!bool maybe", "a value cannot be read: "),
        (b"a: !!python/object/apply:os.system [id]", "line 1: could not determine a constructor for the tag"),
        (b"? [a]\n: 1", "line 1: found unhashable key."),
        (b"1: 2", "key '1' is not a text."),
        (b"a: [", "line 1: expected the node content, but found '<stream end>'."),
        (b"- a", "got list, must be keys with values. Fix: write lines of 'KEY: VALUE'."),
        (b"", "got NoneType, must be keys with values."),
    ],
)
def test_invalid_file_is_refused_with_its_line(tmp_path: Path, content: bytes, text: str) -> None:
    """The error has the path, the line and the reason, in 300 characters and within 5 s of processor time."""
    path = tmp_path / "dev.yaml"
    path.write_bytes(content)
    began_s = time.process_time()
    message = refusal(path)
    assert message.startswith(f"{path}: ")
    assert text in message
    assert len(message) < len(str(path)) + 300
    assert time.process_time() - began_s < 5


def test_folder_device_and_file_without_permission_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a readable regular file is read."""
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "device.yaml").symlink_to("/dev/zero")
    assert "is not a regular file. Fix: " in refusal(tmp_path / "folder.yaml")
    assert "is not a regular file. Fix: " in refusal(tmp_path / "device.yaml")
    (tmp_path / "closed.yaml").write_text("a: 1")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # The tests may run as root, who can read every file.
    monkeypatch.setattr(Path, "open", denied)
    assert "closed.yaml: cannot be read: Permission denied. Fix: correct its permissions." in refusal(
        tmp_path / "closed.yaml"
    )


def test_file_with_aliases_and_any_script_is_read(tmp_path: Path) -> None:
    """YAML aliases and non-ASCII text are allowed."""
    path = tmp_path / "dev.yaml"
    path.write_text("a: &a {b: [1, 2.5, yes]}\nc: *a\nd: 프로젝트\n")
    assert load(path) == {"a": {"b": [1, 2.5, True]}, "c": {"b": [1, 2.5, True]}, "d": "프로젝트"}


@pytest.mark.parametrize("name", ["staging", "../dev", "", "/etc/passwd", "dev.yaml", "a\x1b[31m"])
def test_environment_is_one_of_the_files_in_the_folder(tmp_path: Path, name: str) -> None:
    """A name that is not a file of the folder is refused with the known names."""
    folder = tmp_path / "environments"
    folder.mkdir()
    for known in ("prod", "dev"):
        (folder / f"{known}.yaml").write_text("a: 1")
    (tmp_path / "dev.yaml").write_text("a: 1")
    assert locate("dev", folder) == folder / "dev.yaml"
    with pytest.raises(EnvironmentFileError) as error:
        locate(name, folder)
    assert error.value.message == f"--env: got {shown(name)}, and {folder} has no such file."
    assert error.value.fix == "one of: dev, prod"
    assert "\x1b" not in error.value.message


def test_value_is_quoted_on_one_short_line() -> None:
    """A value has at most 60 characters without control characters."""
    assert shown("x") == "'x'"
    assert shown("a\nb\x1b") == "'a�b�'"
    assert shown("x" * 1_000) == f"'{'x' * 60}…'"
    assert shown(16**5_000) == "a value of type int that is too long to print"
