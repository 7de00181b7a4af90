"""Reads of Compute Engine for an import: GET alone, with a token that is sent only to hosts of the rule in `lib`."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from lib.credential_urls import UrlError, endpoint, is_local
from lib.redaction import redacted

COMPUTE_URL: Final = "https://compute.googleapis.com/compute/v1"
# The variable of terraform-provider-google. Source: its provider reference, `access_token`, read on 2026-11-27.
TOKEN_VARIABLE: Final = "GOOGLE_OAUTH_ACCESS_TOKEN"  # noqa: S105 - the name of a variable
_HOSTS: Final = ("compute.googleapis.com", "www.googleapis.com")
_MAX_TOKEN_BYTES: Final = 16_384
_MAX_PAGES: Final = 200
_EXCHANGE_S: Final = 30.0
_FIX: Final = f"set {TOKEN_VARIABLE}, or pass --access-token-file FILE, such as of 'gcloud auth print-access-token'"


class ImportRefusedError(Exception):
    """An import that cannot be made; the text has the place, the reason and the fix."""


@dataclass(frozen=True)
class Absent:
    """
    A resource that could not be read.

    Args:
        reason: text of the answer.
    """

    reason: str


@dataclass(frozen=True)
class ComputeReader:
    """
    Reads of one project.

    Args:
        client: HTTP client without redirects
        url: URL of Compute v1
        token: access token; empty for an emulator that needs none
    """

    client: httpx.Client
    url: str
    token: str

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """
        Read a resource.

        Args:
            path: path of the resource, `projects/P/…`
            query: parameters of the query

        Raises:
            ImportRefusedError: the resource cannot be read
        """
        document = self.find(path, query)
        if isinstance(document, Absent):
            fix = "correct --project, --zone, --region or --group, or use an account with roles/compute.viewer"
            raise ImportRefusedError(f"GET {path}: {document.reason}. Fix: {fix}.")
        return document

    def find(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any] | Absent:
        """Read a resource, or return why it cannot be read."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = self.client.get(f"{self.url}/{path}", params=dict(query or {}), headers=headers)
            document: Any = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            return Absent(f"{type(error).__name__}: {redacted(str(error))[:200].rstrip('.')}")
        if answer.status_code != httpx.codes.OK or not isinstance(document, dict):
            return Absent(f"{answer.status_code} {_message(document)}".strip())
        return document

    def items(self, path: str) -> Iterator[dict[str, Any]]:
        """
        Yield the items of a list, page by page.

        Raises:
            ImportRefusedError: a page cannot be read
        """
        query: dict[str, str] = {}
        for _ in range(_MAX_PAGES):
            page = self.get(path, query)
            yield from page.get("items") or []
            if not page.get("nextPageToken"):
                return
            query = {"pageToken": str(page["nextPageToken"])}
        raise ImportRefusedError(f"GET {path}: more than {_MAX_PAGES} pages.")


def checked_url(url: str) -> str:
    """
    Return the URL of Compute v1, to which the token may be sent.

    Raises:
        ImportRefusedError: the host is neither Compute Engine's nor local
    """
    address = urlsplit(url)
    local = (address.netloc,) if is_local(address.hostname or "") else ()
    try:
        endpoint(url, (*_HOSTS, *local))
    except UrlError as error:
        fix = f"one of {', '.join(_HOSTS)} by https, or a loopback address or local service"
        raise ImportRefusedError(f"--compute-url: no token may be sent to this URL. Fix: {fix}.") from error
    return url.rstrip("/")


def read_token(file: Path | None, environ: Mapping[str, str], url: str) -> str:
    """
    Return the access token of a file, or else, for https alone, of the environment; a local emulator may need none.

    Raises:
        ImportRefusedError: the file cannot be read or has no token, or Google's host needs one
    """
    token = environ.get(TOKEN_VARIABLE, "") if url.startswith("https://") else ""  # plain HTTP is an emulator
    if file:
        try:
            with file.open("rb") as opened:
                token = opened.read(_MAX_TOKEN_BYTES).decode("ascii")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not ASCII"
            raise ImportRefusedError(
                f"--access-token-file: {file}: {reason}. Fix: a file with the token alone."
            ) from error
    token = token.strip()
    if not token and (file or url.startswith("https://")):
        raise ImportRefusedError(f"access token: none was given. Fix: {_FIX}.")
    if not token.isprintable() or " " in token or not token.isascii():
        raise ImportRefusedError(f"access token: has characters that a header cannot have. Fix: {_FIX}.")
    return token


def new_reader(url: str, token_file: Path | None) -> ComputeReader:
    """
    Return the reader of a Compute Engine.

    Raises:
        ImportRefusedError: the URL is not allowed, or there is no token
    """
    from lib.deadline import client  # noqa: PLC0415 - `checked_url` and its tests do without

    checked = checked_url(url)
    token = read_token(token_file, os.environ, checked)
    return ComputeReader(client(_EXCHANGE_S, trust_env=checked.startswith("https://")), checked, token)


def _message(document: Any) -> str:
    error = document.get("error") if isinstance(document, dict) else None
    return redacted(str(error.get("message", "")))[:300].rstrip(".") if isinstance(error, dict) else ""
