"""What the server takes from its environment, checked before it listens."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


def _without_version(url: AnyHttpUrl) -> AnyHttpUrl:
    if str(url).rstrip("/").endswith("/v1"):
        raise ValueError("must not end in '/v1', the callbacks have no version in their path")
    return url


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
    vllm_api_key: SecretStr
    vllm_model: str = "LGAI-EXAONE/EXAONE-3.5-2.4B-Instruct"
    vllm_lora_adapter_checklist: str = ""
    vllm_lora_adapter_easycontract: str = ""
    backend_callback_base_url: Annotated[AnyHttpUrl, AfterValidator(_without_version)]
    backend_internal_token: SecretStr = SecretStr("")
    ocr_api: SecretStr = Field(description="Key of the OCR service.")
    http_timeout_sec: float = Field(default=300, gt=0, description="For every request to another service.")
    drain_sec: float = Field(default=5, ge=0, description="From 'not ready' on SIGTERM until no more is accepted.")
    ai_server_image: str = Field(default="unknown", description="Reference that this server was started as.")


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
