"""The kinds of Google credential files: their fields, and how google-auth builds credentials of each."""

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


class Kind(Fields):
    """
    What all kinds have.

    Args:
        quota_project_id: project that requests are counted against.
        universe_domain: Google's only.
    """

    quota_project_id: Project | None = None
    universe_domain: Literal["googleapis.com"] = _UNIVERSE

    @property
    def account(self) -> str:
        """Address of the service account; empty where the credentials are not of one."""
        return ""

    def credentials(self, scopes: tuple[str, ...]) -> Any:
        """Return google-auth's credentials."""
        raise NotImplementedError

    def fields(self) -> dict[str, Any]:
        """Return the checked fields, and no others, as google-auth reads them."""
        return self.model_dump(exclude_none=True, exclude_defaults=True) | {"universe_domain": _UNIVERSE}


class AuthorizedUser(Kind):
    """A person's login, as `gcloud auth application-default login` writes it."""

    client_id: Text
    client_secret: Text
    refresh_token: Text
    token_uri: Url | None = None

    def credentials(self, scopes: tuple[str, ...]) -> Any:
        """Return google-auth's credentials."""
        return user.Credentials.from_authorized_user_info(self.fields(), scopes=list(scopes))


class ServiceAccount(Kind):
    """A key of a service account."""

    client_email: Text
    private_key: PrivateKey
    private_key_id: str | None = None
    project_id: str | None = None
    token_uri: Url

    @property
    def account(self) -> str:
        """Address of the service account."""
        return self.client_email

    def credentials(self, scopes: tuple[str, ...]) -> Any:
        """Return google-auth's credentials."""
        loaded = service_account.Credentials.from_service_account_info(self.fields(), scopes=list(scopes))
        return loaded.with_quota_project(self.quota_project_id)


class ExternalAccountUser(Kind):
    """A person's login through a workforce pool."""

    audience: Text
    client_id: Text
    client_secret: Text
    refresh_token: Text
    token_url: Url
    token_info_url: Url | None = None
    revoke_url: Url | None = None

    def credentials(self, scopes: tuple[str, ...]) -> Any:
        """Return google-auth's credentials; their scopes were decided at the person's login."""
        return external_account_authorized_user.Credentials.from_info(self.fields())


class Format(Fields):
    """What a source of subject tokens answers with."""

    type: Literal["text", "json"] = "text"
    subject_token_field_name: Text | None = None

    @model_validator(mode="after")
    def _names_the_field(self) -> Self:
        if self.type == "json" and self.subject_token_field_name is None:
            raise ValueError("is json without subject_token_field_name")
        return self


class Certificate(Fields):
    """Where a client certificate is."""

    certificate_config_location: File | None = None
    use_default_certificate_config: bool = False
    trust_chain_path: File | None = None


class Source(Fields):
    """Where subject tokens come from: a file, a URL or a certificate."""

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
                raise ValueError(f"{source} as the source is not supported. Fix: a file, a url or a certificate")
        return data

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        sources = [source for source in (self.file, self.url, self.certificate) if source is not None]
        if len(sources) != 1:
            raise ValueError(f"has {len(sources)} of file, url and certificate. Fix: name exactly one of them")
        return self


class Lifetime(Fields):
    """How long a token of an impersonated account lasts, in seconds."""

    token_lifetime_seconds: Annotated[int, Field(ge=600, le=43_200)] | None = None


class ExternalAccount(Kind):
    """A workload of another provider, with or without impersonation; GitHub's jobs get such a file."""

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
            raise ValueError("is only for workforce pools")
        return value

    @property
    def account(self) -> str:
        """Address of the impersonated service account, if any."""
        return impersonated_account(self.service_account_impersonation_url)

    def credentials(self, scopes: tuple[str, ...]) -> Any:
        """Return google-auth's credentials."""
        return identity_pool.Credentials.from_info(self.fields(), scopes=list(scopes))


def _source(data: Any, info: ValidationInfo) -> Kind:
    name = data.get("type") if isinstance(data, dict) else None
    kind = _SOURCES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"is of no supported type. Fix: one of {', '.join(_SOURCES)}")
    return kind.model_validate(data, context=info.context)


class ImpersonatedAccount(Kind):
    """A service account, by the token of other credentials."""

    source_credentials: Annotated[Kind, BeforeValidator(_source)]
    service_account_impersonation_url: ImpersonationUrl
    delegates: list[str] | None = None

    @property
    def account(self) -> str:
        """Address of the impersonated service account."""
        return impersonated_account(self.service_account_impersonation_url)

    def credentials(self, scopes: tuple[str, ...]) -> Any:
        """Return google-auth's credentials; its own loader knows no source of kind external_account."""
        return impersonated_credentials.Credentials(
            self.source_credentials.credentials(scopes),
            self.account,
            list(scopes),
            delegates=self.delegates,
            quota_project_id=self.quota_project_id,
            iam_endpoint_override=self.service_account_impersonation_url,
        )


_SOURCES: Final[dict[str, type[Kind]]] = {
    "authorized_user": AuthorizedUser,
    "service_account": ServiceAccount,
    "external_account": ExternalAccount,
    "external_account_authorized_user": ExternalAccountUser,
}
KINDS: Final = _SOURCES | {"impersonated_service_account": ImpersonatedAccount}
