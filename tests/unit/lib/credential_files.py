"""Valid and invalid credential files of every kind."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ACCOUNT = "deployer@dojangkok-dev.iam.gserviceaccount.com"
IMPERSONATION = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
SECRET = "hidden-in-the-file"
SOURCE_FILE = str(Path(__file__))  # a file that exists on every computer with these tests


def _pem(key: Any, passphrase: bytes | None = None) -> str:
    protection = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return str(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection).decode("ascii")
    )


@functools.cache
def rsa_key(passphrase: bytes | None = None) -> str:
    """Return an RSA key in PEM, which one test run creates once."""
    return _pem(rsa.generate_private_key(65_537, 2_048), passphrase)


@functools.cache
def elliptic_key() -> str:
    """Return an elliptic key in PEM."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def person() -> dict[str, Any]:
    """Return a person's login."""
    return {"type": "authorized_user", "client_id": "id", "client_secret": SECRET, "refresh_token": f"1//{SECRET}"}


def service_account() -> dict[str, Any]:
    """Return a key file of a service account."""
    return {
        "type": "service_account",
        "project_id": "dojangkok-dev",
        "private_key_id": "0123456789abcdef",
        "private_key": rsa_key(),
        "client_email": ACCOUNT,
        "client_id": "1234567890",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/x",
    }


def external_account(**fields: Any) -> dict[str, Any]:
    """Return a file as google-github-actions/auth writes it."""
    return {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url": IMPERSONATION,
        "credential_source": {
            "url": "https://run-actions-1-azure-eastus.actions.githubusercontent.com/1//idtoken/2?api-version=2.0"
            "&audience=https%3A%2F%2Fiam.googleapis.com%2Fprojects%2F1",
            "headers": {"Authorization": f"Bearer {SECRET}"},
            "format": {"type": "json", "subject_token_field_name": "value"},
        },
        **fields,
    }


def workforce_user() -> dict[str, Any]:
    """Return a login through a workforce pool."""
    return {
        "type": "external_account_authorized_user",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/p/providers/q",
        "client_id": "id",
        "client_secret": SECRET,
        "refresh_token": SECRET,
        "token_url": "https://sts.googleapis.com/v1/oauthtoken",
        "token_info_url": "https://sts.googleapis.com/v1/introspect",
    }


def impersonated(source: dict[str, Any]) -> dict[str, Any]:
    """Return an impersonation by other credentials."""
    return {
        "type": "impersonated_service_account",
        "service_account_impersonation_url": IMPERSONATION,
        "source_credentials": source,
        "delegates": [],
    }


def source(**fields: Any) -> dict[str, Any]:
    """Return an external account with another source of subject tokens."""
    return external_account(credential_source=fields)


def without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a file without some fields."""
    return {name: value for name, value in data.items() if name not in names}


# Files that google-auth loads, and impersonation over an external account, which its own loader does not support.
VALID: dict[str, Callable[[], dict[str, Any]]] = {
    "person": person,
    "person with nulls": lambda: person() | {"quota_project_id": None, "account": ""},
    "service account": service_account,
    "external account": external_account,
    "external account without impersonation": lambda: without(external_account(), "service_account_impersonation_url"),
    "external account with a lifetime": lambda: external_account(
        service_account_impersonation={"token_lifetime_seconds": 900}
    ),
    "external account with a file": lambda: source(file=SOURCE_FILE),
    "workforce user": workforce_user,
    "impersonated by a person": lambda: impersonated(person()),
    "impersonated by a service account": lambda: impersonated(service_account()),
    "impersonated by an external account": lambda: impersonated(external_account()),
    "impersonated by a workforce user": lambda: impersonated(workforce_user()),
}

Invalid = tuple[Callable[[], Any], str]
# name: (content of the file, text of the error after `credentials: FILE: `)
INVALID: dict[str, Invalid] = {
    "list": (lambda: [person()], "is a list, not a JSON object."),
    "null": (lambda: None, "is null, not a JSON object."),
    "string": (lambda: SECRET, "is a string, not a JSON object."),
    "no type": (lambda: without(person(), "type"), "type: is missing."),
    "type is a list": (lambda: {"type": [SECRET]}, "type: is not a known kind of credential file."),
    "unknown type": (lambda: {"type": SECRET}, "type: is not a known kind of credential file."),
    "gdch": (lambda: {"type": "gdch_service_account"}, "type: 'gdch_service_account' is not supported."),
    "no refresh token": (lambda: without(person(), "refresh_token"), "refresh_token: is missing."),
    "empty refresh token": (lambda: person() | {"refresh_token": ""}, "refresh_token: string should have at least 1"),
    "client id is a number": (lambda: person() | {"client_id": 7}, "client_id: should be a valid string."),
    "no key": (lambda: without(service_account(), "private_key"), "private_key: is missing."),
    "no account": (lambda: without(service_account(), "client_email"), "client_email: is missing."),
    "cut key": (
        lambda: service_account() | {"private_key": rsa_key()[: len(rsa_key()) // 2]},
        "private_key: is not a whole RSA key in PEM without a passphrase.",
    ),
    "literal line breaks": (
        lambda: service_account() | {"private_key": rsa_key().replace("\n", "\\n")},
        "private_key: contains \\n instead of line breaks.",
    ),
    "key of another kind": (
        lambda: service_account() | {"private_key": elliptic_key()},
        "private_key: is not a whole RSA",
    ),
    "key with a passphrase": (
        lambda: service_account() | {"private_key": rsa_key(b"word")},
        "private_key: is not a whole RSA",
    ),
    "no source": (source, "credential_source: has 0 of file, url and certificate."),
    "source is a list": (lambda: external_account(credential_source=[]), "credential_source: should be a valid dict"),
    "source is missing": (lambda: without(external_account(), "credential_source"), "credential_source: is missing."),
    "two sources": (
        lambda: source(file=SOURCE_FILE, url="https://sts.googleapis.com/"),
        "credential_source: has 2 of file, url and certificate.",
    ),
    "executable": (
        lambda: source(executable={"command": f"/bin/sh {SECRET}"}),
        "credential_source: an executable as the source is not supported.",
    ),
    "aws": (
        lambda: source(environment_id="aws1", regional_cred_verification_url="https://sts.aws.example/"),
        "credential_source: AWS as the source is not supported.",
    ),
    "source file is absent": (
        lambda: source(file=f"/{SECRET}"),
        "credential_source.file: no such file.",
    ),
    "source file with a null": (lambda: source(file="/a\0b"), "credential_source.file: no such file."),
    "json without a field": (
        lambda: source(url="https://sts.googleapis.com/", format={"type": "json"}),
        "credential_source.format: needs subject_token_field_name for the type json.",
    ),
    "format of another type": (
        lambda: source(url="https://sts.googleapis.com/", format={"type": SECRET}),
        "credential_source.format.type: should be 'text' or 'json'.",
    ),
    "header with a line break": (
        lambda: source(url="https://sts.googleapis.com/", headers={"Authorization": f"{SECRET}\r\nX: y"}),
        "credential_source.headers: is not an object with HTTP headers.",
    ),
    "header that is a number": (
        lambda: source(url="https://sts.googleapis.com/", headers={SECRET: 7}),
        "credential_source.headers: is not an object with HTTP headers.",
    ),
    "impersonation without an account": (
        lambda: external_account(service_account_impersonation_url="https://iamcredentials.googleapis.com/v1/x"),
        "service_account_impersonation_url: does not end in /serviceAccounts/ACCOUNT:generateAccessToken.",
    ),
    "lifetime is a text": (
        lambda: external_account(service_account_impersonation={"token_lifetime_seconds": SECRET}),
        "service_account_impersonation.token_lifetime_seconds: should be a valid integer.",
    ),
    "workforce project for a workload": (
        lambda: external_account(workforce_pool_user_project="p"),
        "workforce_pool_user_project: is valid for workforce pools only.",
    ),
    "impersonation without a source": (
        lambda: without(impersonated({}), "source_credentials"),
        "source_credentials: is",
    ),
    "impersonation over a list": (
        lambda: impersonated([]),  # type: ignore[arg-type]
        "source_credentials: has an unsupported type.",
    ),
    "impersonation over an impersonation": (
        lambda: impersonated(impersonated(person())),
        "source_credentials: has an unsupported type.",
    ),
    "impersonation over a broken file": (
        lambda: impersonated(source(executable={})),
        "source_credentials.credential_source: an executable as the source is not supported.",
    ),
    "another universe": (
        lambda: person() | {"universe_domain": f"{SECRET}.example"},
        "universe_domain: should be 'googleapis.com'.",
    ),
    "quota project with a line break": (
        lambda: person() | {"quota_project_id": f"p\r\n{SECRET}: y"},
        "quota_project_id: string should match pattern",
    ),
}


# name: (bytes of the file, text of the error after `credentials: FILE: `)
def write(path: Path, content: Any) -> Path:
    """Write a file with bytes or JSON, and return its path."""
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path
