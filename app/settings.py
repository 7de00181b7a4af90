"""What the server takes from its environment, checked before it listens."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, AnyHttpUrl, Field, FiniteFloat, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


def _without_version(url: AnyHttpUrl) -> AnyHttpUrl:
    if str(url).rstrip("/").endswith("/v1"):
        raise ValueError("must not end in '/v1', the callbacks have no version in their path")
    return url


def _sendable(secret: SecretStr) -> SecretStr:
    if not re.fullmatch("[!-~]*", secret.get_secret_value()):
        raise ValueError("must be ASCII without blanks or line breaks, it is sent in a header")
    return secret


_Key = Annotated[SecretStr, AfterValidator(_sendable)]


class SettingsError(ValueError):
    """A variable is missing or has a value that cannot be used; the text names every one of them."""


class Settings(BaseSettings):
    """
    The server's environment variables; a field's name in capitals is the variable's.

    Raises:
        ValidationError: A variable is missing or wrong. `read_settings` turns it into a text for people.
    """

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    app_env: Literal["local", "dev", "prod"]
    vllm_base_url: AnyHttpUrl = Field(description="Ends in /v1.")
    vllm_api_key: _Key
    vllm_model: str = "LGAI-EXAONE/EXAONE-3.5-2.4B-Instruct"
    vllm_lora_adapter_checklist: str = Field(default="", description="Asked instead of the model, where it is served.")
    vllm_lora_adapter_easycontract: str = Field(default="", description="The same, for easy contracts.")
    chromadb_url: AnyHttpUrl | None = Field(default=None, description="Where given, its heartbeat is watched.")
    backend_callback_base_url: Annotated[AnyHttpUrl, AfterValidator(_without_version)]
    backend_internal_token: _Key = SecretStr("")
    ocr_api: _Key = Field(description="Key of the OCR service.")
    ocr_url: AnyHttpUrl = AnyHttpUrl("https://api.upstage.ai/v1/document-digitization")
    http_timeout_sec: FiniteFloat = Field(default=300, gt=0, description="Longest wait for any other service's answer.")
    drain_sec: FiniteFloat = Field(
        default=5, ge=0, description="From 'not ready' on SIGTERM until nothing is accepted."
    )
    finish_sec: FiniteFloat = Field(default=60, ge=0, description="From then until what still runs is handed back.")
    pii_redaction: bool = Field(default=True, description="Takes personal data out of what the LLM gets.")
    lease_guard: bool = Field(default=False, description="Refuses documents that are no lease.")
    contract_max_pages: int = Field(default=30, ge=1, description="Of all files of a request that are no registry.")
    registry_max_pages: int = Field(default=30, ge=1, description="Of all files of a request with doc_type registry.")
    ai_server_image: str = Field(default="unknown", description="Reference that this server was started as.")

    def secrets(self) -> list[str]:
        """Every value that must not be seen anywhere."""
        fields = (self.vllm_api_key, self.backend_internal_token, self.ocr_api)
        return [value for field in fields if (value := field.get_secret_value())]


def read_settings() -> Settings:
    """
    Read the environment.

    Raises:
        SettingsError: With one line for each variable that is missing or wrong. No value is repeated: it may be secret.
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
