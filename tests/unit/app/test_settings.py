"""Settings and the errors of wrong variables."""

import pytest

from app.settings import SettingsError, read_settings

REQUIRED = {
    "APP_ENV": "prod",
    "VLLM_BASE_URL": "http://vllm.internal:8001/v1",
    "VLLM_API_KEY": "key-of-vllm",
    "BACKEND_CALLBACK_BASE_URL": "https://backend.internal/api",
    "OCR_API": "key-of-ocr",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the required variables."""
    for name in ("AI_SERVER_IMAGE", "AI_SERVER_TOKENS", "DRAIN_SEC", "HTTP_TIMEOUT_SEC"):
        monkeypatch.delenv(name, raising=False)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)


def test_required_variables_are_enough() -> None:
    """Other variables have defaults."""
    settings = read_settings()
    assert settings.app_env == "prod"
    assert settings.http_timeout_sec == 300
    assert settings.ai_server_image == "unknown"
    assert settings.caller_tokens() == ()


def test_every_missing_variable_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has a line for each missing variable."""
    for name in REQUIRED:
        monkeypatch.delenv(name)
    with pytest.raises(SettingsError) as error:
        read_settings()
    assert str(error.value).splitlines() == [
        f"{name}: is missing"
        for name in ("APP_ENV", "VLLM_BASE_URL", "VLLM_API_KEY", "BACKEND_CALLBACK_BASE_URL", "OCR_API")
    ]


def test_empty_variable_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty value counts as missing."""
    monkeypatch.setenv("VLLM_API_KEY", "")
    with pytest.raises(SettingsError, match=r"^VLLM_API_KEY: is missing$"):
        read_settings()


@pytest.mark.parametrize(
    ("variable", "value", "text"),
    [
        ("APP_ENV", "production", "APP_ENV: Input should be 'local', 'dev' or 'prod'"),
        ("HTTP_TIMEOUT_SEC", "0", "HTTP_TIMEOUT_SEC: Input should be greater than 0"),
        ("FINISH_SEC", "inf", "FINISH_SEC: Input should be a finite number"),
        ("VLLM_API_KEY", "키", "VLLM_API_KEY: must be ASCII without blanks or line breaks"),
        ("OCR_API", "key\n", "OCR_API: must be ASCII without blanks or line breaks"),
        ("BACKEND_INTERNAL_TOKEN", "two words", "BACKEND_INTERNAL_TOKEN: must be ASCII without blanks or line breaks"),
        ("AI_SERVER_TOKENS", "key-of-a-caller", "AI_SERVER_TOKENS: token 1 is shorter than 32 characters. Fix: "),
        ("BACKEND_CALLBACK_BASE_URL", "https://b.internal/v1", "BACKEND_CALLBACK_BASE_URL: must not end in '/v1'"),
    ],
)
def test_wrong_value_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, text: str) -> None:
    """The error has the variable and the reason."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as error:
        read_settings()
    assert str(error.value).startswith(text)
    assert "key-of" not in str(error.value)


def test_no_secret_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the settings nor the error have a secret."""
    tokens = ("key-of-a-caller-" + "a" * 20, "key-of-a-caller-" + "b" * 20)
    monkeypatch.setenv("AI_SERVER_TOKENS", ",".join(tokens))
    assert read_settings().caller_tokens() == tokens
    assert "key-of" not in repr(read_settings())
    assert set(tokens) < set(read_settings().secrets())
    monkeypatch.setenv("APP_ENV", "key-of-something")
    with pytest.raises(SettingsError) as error:
        read_settings()
    assert "key-of" not in str(error.value)
