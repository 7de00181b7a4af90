"""The VM's script hides secrets before text leaves the VM: the real script in bash."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from accessory.report import rendered
from accessory.result import add_line
from tests.unit.accessory.outcomes import STARTED

_STATE_SCRIPT = Path(__file__).parents[3] / "accessory" / "remote" / "state.sh"
BEGIN, END = (f"-----{word} RSA PRIVATE KEY-----" for word in ("BEGIN", "END"))


def masked(folder: Path, text: str, app_env: str = "", env: str = "", function: str = "masked") -> str:
    """Return the output of a function of the script for a text and environment files."""
    (folder / "app.env").write_bytes(app_env.encode())
    (folder / ".env").write_bytes(env.encode())
    script = f'run=r1 state=/var/lib/state; . "{_STATE_SCRIPT}"; app=$1; {function}'
    result = subprocess.run(["bash", "-c", script, "_", folder], input=text.encode(), capture_output=True, check=True)
    assert result.stderr == b""
    return result.stdout.decode()


@pytest.mark.parametrize(
    "entry",
    [
        "VLLM_API_KEY=hunter22",
        "VLLM_API_KEY=hunter22\n",
        "A=1\nOCR_API=hunter22",
        "ocr_api=hunter22",
        "internal_token=hunter22",
        "DB_PASSWD=hunter22",
        "PGPASSWORD=hunter22   ",
        "SECRET=hunter22\t\r\n",
        "  TOKEN='hunter22'",
        'TOKEN="hunter22" ',
        "DATABASE_URL=postgres://app:hunter22@10.0.0.3:5432/db",
        "CACHE=redis://:hunter22@10.0.0.3",
        "DATABASE_URL=postgres://app:hunter%32%32@10.0.0.3/db",
        "KEY=hunter\nTOKEN=hunter22",
    ],
)
def test_value_of_the_environment_file_is_hidden(tmp_path: Path, entry: str) -> None:
    """A value with the name of a secret in app.env or .env is replaced."""
    text = 'FATAL: password "hunter22" was refused\n'
    assert masked(tmp_path, text, app_env=entry) == 'FATAL: password "…" was refused\n'
    assert masked(tmp_path, text, env=entry) == 'FATAL: password "…" was refused\n'


def test_files_without_a_final_newline_are_read_separately(tmp_path: Path) -> None:
    """Both files are read completely."""
    assert masked(tmp_path, "hunter22 hunter33\n", app_env="TOKEN=hunter22", env="API_KEY=hunter33") == "… …\n"


def test_settings_and_short_values_stay(tmp_path: Path) -> None:
    """Values without the name of a secret, and values of less than 4 characters, are not replaced."""
    settings = "LEVEL=info\nCHROMADB_IMAGE=host/a@sha256:1\nAPI_KEY=abc\nURL=http://10.0.0.3:8000/x\n# TOKEN=hunter22\n"
    text = "info host/a@sha256:1 abc http://10.0.0.3:8000/x hunter22\n"
    assert masked(tmp_path, text, app_env=settings) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a\n{BEGIN}\nMIIEow\n{END}\nb\n", "a\n…\nb\n"),
        (f"a\n{BEGIN}\nMIIEow\nabc\n", "a\n…\n"),
        (f"MIIEow\nabc\n{END}\nb\n", "…\nb\n"),
        (f"a\n{BEGIN}\nM\n{END}\nb\nM\n{END}\nc\n", "a\n…\n…\nc\n"),
    ],
)
def test_private_key_is_hidden(tmp_path: Path, text: str, expected: str) -> None:
    """A key with or without its first or last line is replaced."""
    assert masked(tmp_path, text) == expected


def test_key_is_hidden_before_the_text_is_cut(tmp_path: Path) -> None:
    """The last 12 lines contain no part of a key that starts earlier."""
    body = "\n".join(f"MIIEow{number}" for number in range(30))
    assert masked(tmp_path, f"a\n{BEGIN}\n{body}\n", function="diagnostics") == "line\ta\nline\t…\n"


def test_long_text_is_cut_between_lines(tmp_path: Path) -> None:
    """The output consists of complete lines."""
    shown_lines = masked(tmp_path, "".join(f"line {number}\n" for number in range(20_000))).splitlines()
    assert shown_lines[-1] == "line 19999"
    assert shown_lines == [f"line {number}" for number in range(20_000 - len(shown_lines), 20_000)]


def test_long_line_is_omitted_with_the_key_that_begins_in_it(tmp_path: Path) -> None:
    """A line of more than 8,192 characters becomes a note, and its key stays hidden."""
    long = "x" * 9_000
    assert masked(tmp_path, f"a\n{long}\nb\n") == "a\n… (9000 characters left out)\nb\n"
    assert masked(tmp_path, f"a\n{long}{BEGIN}\nMIIEow\n{END}\nb\n") == "a\n…\nb\n"


@pytest.mark.parametrize("shape", ["text", "json", "markdown"])
def test_report_hides_other_secrets(shape: str) -> None:
    """The report replaces secrets by their form, without the environment files."""
    outcome = STARTED
    for line in (
        "note\tcould not reach redis://:hunter22@10.0.0.3",
        f"line\t{BEGIN}",
        "line\thunter22",
        f"line\t{END}",
        "line\tocr_api=hunter22",
        "end\t7\tdocker: login with -H 'x-api-key: hunter22' failed.\tset API_KEY=hunter22",
    ):
        outcome = add_line(outcome, line)
    report = rendered(outcome, shape)  # type: ignore[arg-type]
    assert "hunter22" not in report
    assert "ocr_api=…" in report.replace("\\u2026", "…")


def test_message_of_this_program_is_not_redacted() -> None:
    """The program's own error is printed unchanged."""
    message = "credentials: /tmp/login.json: token_url: 'https://a1b2.test' is not allowed."
    assert message in rendered(replace(STARTED, exit_code=4, message=message), "text")
