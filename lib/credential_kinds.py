"""The kinds of Google credential files: their fields, and how google-auth builds credentials of each."""

from abc import ABC, abstractmethod
from typing import Annotated, Any, Final, Literal, Self

from google.auth import external_account_authorized_user, identity_pool, impersonated_credentials
from google.oauth2 import credentials as user
from google.oauth2 import service_account
from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from lib.credential_fields import (
    Fields,
    File,
    Headers,
    ImpersonationUrl,
    PrivateKey,
    Project,
    Text,
    Url,
    impersonated_account,
)

CREDENTIAL_SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
NOT_SUPPORTED: Final = ("gdch_service_account",)
_UNIVERSE: Final = "googleapis.com"


class CredentialKind(Fields, ABC):
    """
    A kind of credential file.

    Args:
        quota_project_id: project whose quota the requests use.
        universe_domain: domain of Google's public cloud, the only supported one.
    """

    quota_project_id: Project | None = None
    universe_domain: Literal["googleapis.com"] = _UNIVERSE

    @property
    def account(self) -> str:
        """Email of the service account; empty for other kinds of accounts."""
        return ""

    @abstractmethod
    def credentials(self, scopes: tuple[str, ...]) -> Any:
        """Return google-auth's credentials."""

    def fields(self) -> dict[str, Any]:
        """Return the checked fields in the form that google-auth reads."""
        return self.model_dump(exclude_none=True, exclude_defaults=True) | {"universe_domain": _UNIVERSE}


class AuthorizedUser(CredentialKind):
    """A person's login, as `gcloud auth application-default login` writes it."""

    client_id: Text
    client_secret: Text
    refresh_token: Text
    token_uri: Url | None = None

    def credentials(self, scopes: tuple[str, ...]) -> Any:
        """Return google-auth's credentials."""
        return user.Credentials.from_authorized_user_info(self.fields(), scopes=list(scopes))


class ServiceAccount(CredentialKind):
    """A key of a service account."""

    client_email: Text
    private_key: PrivateKey
    private_key_id: str | None = None
    project_id: str | None = None
    token_uri: Url

    @property
    def account(self) -> str:
        """Email of the service account."""
        return self.client_email

    def credentials(self, scopes: tuple[str, ...]) -> Any:
        """Return google-auth's credentials."""
        credentials = service_account.Credentials.from_service_account_info(self.fields(), scopes=list(scopes))
        return credentials.with_quota_project(self.quota_project_id)


class ExternalAccountUser(CredentialKind):
    """A person's login through a workforce pool."""

    audience: Text
    client_id: Text
    client_secret: Text
    refresh_token: Text
    token_url: Url
    token_info_url: Url | None = None
    revoke_url: Url | None = None

    def credentials(self, scopes: tuple[str, ...]) -> Any:
        """Return google-auth's credentials; the person's login has decided their scopes."""
        return external_account_authorized_user.Credentials.from_info(self.fields())


class Format(Fields):
    """The format of a subject token."""

    type: Literal["text", "json"] = "text"
    subject_token_field_name: Text | None = None

    @model_validator(mode="after")
    def _names_the_field(self) -> Self:
        if self.type == "json" and self.subject_token_field_name is None:
            raise ValueError("needs subject_token_field_name for the type json")
        return self


class Certificate(Fields):
    """The place of a client certificate."""

    certificate_config_location: File | None = None
    use_default_certificate_config: bool = False
    trust_chain_path: File | None = None


class Source(Fields):
    """The source of subject tokens: a file, a URL or a certificate."""

    file: File | None = None
    url: Url | None = None
    certificate: Certificate | None = None
    headers: Headers | None = None
    format: Format | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_supported(cls, data: Any) -> Any:
        for key, source in (("executable", "an executable"), ("environment_id", "AWS")):
            if isinstance(data, dict) and key in data:
                raise ValueError(f"{source} as the source is not supported. Fix: use a file, a url or a certificate")
        return data

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        sources = [source for source in (self.file, self.url, self.certificate) if source is not None]
        if len(sources) != 1:
            raise ValueError(f"has {len(sources)} of file, url and certificate. Fix: set exactly one of them")
        return self


class Lifetime(Fields):
    """The lifetime of an impersonated account's token, in seconds."""

    token_lifetime_seconds: Annotated[int, Field(ge=600, le=43_200)] | None = None


class ExternalAccount(CredentialKind):
    """A workload of another provider, such as a job of GitHub, with or without impersonation."""

    audience: Text
    subject_token_type: Text
    token_url: Url
    token_info_url: Url | None = None
    credential_source: Source
    service_account_impersonation_url: ImpersonationUrl | None = None
    service_account_impersonation: Lifetime | None = None
    client_id: Text | None = None
    client_secret: Text | None = None
    workforce_pool_user_project: Text | None = None

    @field_validator("workforce_pool_user_project")
    @classmethod
    def _is_of_a_workforce(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and "/workforcePools/" not in info.data.get("audience", ""):
            raise ValueError("is valid for workforce pools only")
        return value

    @property
    def account(self) -> str:
        """Email of the impersonated service account; empty without impersonation."""
        return impersonated_account(self.service_account_impersonation_url)

    def credentials(self, scopes: tuple[str, ...]) -> Any:
        """Return google-auth's credentials."""
        return identity_pool.Credentials.from_info(self.fields(), scopes=list(scopes))


def _source(data: Any, info: ValidationInfo) -> CredentialKind:
    name = data.get("type") if isinstance(data, dict) else None
    kind = _SOURCES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"has an unsupported type. Fix: one of {', '.join(_SOURCES)}")
    return kind.model_validate(data, context=info.context)


class ImpersonatedAccount(CredentialKind):
    """A service account that other credentials impersonate."""

    source_credentials: Annotated[CredentialKind, BeforeValidator(_source)]
    service_account_impersonation_url: ImpersonationUrl
    delegates: list[str] | None = None

    @property
    def account(self) -> str:
        """Email of the impersonated service account."""
        return impersonated_account(self.service_account_impersonation_url)

    def credentials(self, scopes: tuple[str, ...]) -> Any:
        """Return google-auth's credentials, without its loader, which does not support the source external_account."""
        return impersonated_credentials.Credentials(
            self.source_credentials.credentials(scopes),
            self.account,
            list(scopes),
            delegates=self.delegates,
            quota_project_id=self.quota_project_id,
            iam_endpoint_override=self.service_account_impersonation_url,
        )


_SOURCES: Final[dict[str, type[CredentialKind]]] = {
    "authorized_user": AuthorizedUser,
    "service_account": ServiceAccount,
    "external_account": ExternalAccount,
    "external_account_authorized_user": ExternalAccountUser,
}
KINDS: Final = _SOURCES | {"impersonated_service_account": ImpersonatedAccount}
