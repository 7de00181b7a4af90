"""Settings from environment variables, checked before the server opens its port."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, AnyHttpUrl, Field, FiniteFloat, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.callers import read_tokens


def _without_version(url: AnyHttpUrl) -> AnyHttpUrl:
    if str(url).rstrip("/").endswith("/v1"):
        raise ValueError("must not end in '/v1', because the callbacks have no version in their path")
    return url


def _header_value(secret: SecretStr) -> SecretStr:
    if not re.fullmatch("[!-~]*", secret.get_secret_value()):
        raise ValueError("must be ASCII without blanks or line breaks, because it is sent in a header")
    return secret


def _token_list(secret: SecretStr) -> SecretStr:
    read_tokens(secret.get_secret_value())
    return secret


_Key = Annotated[SecretStr, AfterValidator(_header_value)]


class SettingsError(ValueError):
    """Missing or wrong variables; the text has a line for each of them."""


class Settings(BaseSettings):
    """
    The settings; the name of a variable is the field's name in capitals.

    Raises:
        ValidationError: a variable is missing or wrong.
    """

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    app_env: Literal["local", "dev", "prod"]
    vllm_base_url: AnyHttpUrl = Field(description="Ends in /v1.")
    vllm_api_key: _Key
    vllm_model: str = "LGAI-EXAONE/EXAONE-3.5-2.4B-Instruct"
    vllm_lora_adapter_checklist: str = Field(
        default="", description="Adapter that is called instead of the model, if vLLM serves it."
    )
    vllm_lora_adapter_easycontract: str = Field(default="", description="Adapter for easy contracts; may be empty.")
    chromadb_url: AnyHttpUrl | None = Field(default=None, description="If set, its heartbeat becomes a metric.")
    backend_callback_base_url: Annotated[AnyHttpUrl, AfterValidator(_without_version)]
    backend_internal_token: _Key = SecretStr("")
    ai_server_tokens: Annotated[SecretStr, AfterValidator(_token_list)] = Field(
        default=SecretStr(""), description="One or two tokens of callers; if empty, no caller needs a token."
    )
    ocr_api: _Key = Field(description="Key of the OCR service.")
    ocr_url: AnyHttpUrl = AnyHttpUrl("https://api.upstage.ai/v1/document-digitization")
    http_timeout_sec: FiniteFloat = Field(default=300, gt=0, description="Longest wait for another service's answer.")
    drain_sec: FiniteFloat = Field(default=5, ge=0, description="Seconds from SIGTERM to the closed port.")
    finish_sec: FiniteFloat = Field(default=60, ge=0, description="Seconds from then until jobs are handed back.")
    keep_alive_sec: FiniteFloat = Field(
        default=15, gt=0, description="Longest time of a connection between an answer and the next request."
    )
    pii_redaction: bool = Field(default=True, description="Replaces personal data in texts for the LLM.")
    pii_names: bool = Field(default=False, description="Replaces names too, after 임차인, 임대인 and 예금주.")
    lease_guard: bool = Field(default=False, description="Refuses documents that are not a lease.")
    contract_max_pages: int = Field(default=30, ge=1, description="Pages of all other files of a request.")
    registry_max_pages: int = Field(default=30, ge=1, description="Pages of all registries of a request.")
    ai_server_image: str = Field(default="unknown", description="Image reference of this server.")

    def caller_tokens(self) -> tuple[str, ...]:
        """Return the tokens of callers; none if the server accepts every caller."""
        return read_tokens(self.ai_server_tokens.get_secret_value())

    def secrets(self) -> list[str]:
        """Return the values that no log may contain."""
        fields = (self.vllm_api_key, self.backend_internal_token, self.ocr_api)
        return [*(value for field in fields if (value := field.get_secret_value())), *self.caller_tokens()]


def read_settings() -> Settings:
    """
    Return the settings.

    Raises:
        SettingsError: a variable is missing or wrong; the text has a line for each, without its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            variable = str(problem["loc"][0]).upper()
            text = "is missing" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
            lines.append(f"{variable}: {text}")
        raise SettingsError("\n".join(lines)) from None
