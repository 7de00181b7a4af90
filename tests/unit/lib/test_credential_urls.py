"""The rule for URLs of credential files: a refused URL causes no lookup and no connection."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from google.auth import exceptions
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.credential_urls import UrlError, endpoint, token_host
from lib.credentials_file import CredentialsFileError, load
from lib.token_request import TokenRequest
from tests.unit.lib.credential_files import external_account, impersonated, service_account, workforce_user, write
from tests.unit.lib.credential_urls import ALLOWED, HOSTILE, LISTED
from tests.unit.lib.depth import EXAMPLES
from tests.unit.lib.network import Network, record_network, write_certificates

FIELDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "token_url": lambda url: external_account(token_url=url),
    "token_info_url": lambda url: external_account(token_info_url=url),
    "service_account_impersonation_url": lambda url: external_account(service_account_impersonation_url=url),
    "credential_source.url": lambda url: external_account(credential_source={"url": url}),
    "token_uri": lambda url: service_account() | {"token_uri": url},
    "revoke_url": lambda url: workforce_user() | {"revoke_url": url},
    "source_credentials.token_url": lambda url: impersonated(external_account(token_url=url)),
    "source_credentials.credential_source.url": lambda url: impersonated(
        external_account(credential_source={"url": url})
    ),
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for all allowed hosts, and its key."""
    return write_certificates(tmp_path_factory.mktemp("tls"), {host for host, _, _ in ALLOWED.values()})


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, certificate: tuple[Path, Path]) -> Iterator[Network]:
    """A network that records and leads all connections to one server."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with record_network(monkeypatch, certificate) as network:
        yield network


def test_tables_of_urls_are_distinct() -> None:
    """There are at least forty hostile URLs, and none of them is allowed."""
    assert len(set(HOSTILE)) == len(HOSTILE) >= 40
    assert not set(HOSTILE) & set(ALLOWED)


@pytest.mark.parametrize("url", HOSTILE, ids=ascii)
def test_hostile_url_causes_no_lookup_and_no_connection(url: str, network: Network, tmp_path: Path) -> None:
    """Neither a credential file nor a request can use a hostile URL."""
    for name, data in FIELDS.items():
        with pytest.raises(CredentialsFileError) as caught:
            load(write(tmp_path / "c.json", data(url)), LISTED)
        assert caught.value.field == name
        assert "evil" not in str(caught.value)
    with pytest.raises(exceptions.RefreshError):
        TokenRequest(LISTED)(url, method="POST", body=b"secret", headers={"authorization": "secret"})
    assert (network.lookups, network.connections) == ([], [])


@pytest.mark.parametrize("url", ALLOWED)
def test_allowed_url_is_looked_up_once_and_sent_unchanged(url: str, network: Network, tmp_path: Path) -> None:
    """A request for an allowed URL goes to the host and target in its text."""
    host, port, target = ALLOWED[url]
    assert load(write(tmp_path / "c.json", external_account(token_url=url)), LISTED).kind == "external_account"
    response = TokenRequest(LISTED)(url, method="POST", body=b"x=1")
    assert (response.status, response.data) == (200, b"{}")
    is_address = host.replace(".", "").isdigit()
    assert network.lookups == ([] if is_address else [(host, port)])
    assert network.connections == [(host if is_address else "127.0.0.1", port)]
    authority = host if port == 443 else urlsplit(url).netloc
    assert network.requests == [(f"POST {target} HTTP/1.1", authority)]


@pytest.mark.parametrize("url", [url for url in ALLOWED if "googleapis" not in url and "github" not in url])
def test_listed_host_is_refused_without_the_list(url: str) -> None:
    """A host of `token_hosts` is refused if the environment does not list it."""
    if "accounts.google.com" in url:
        assert endpoint(url).host == "accounts.google.com"
        return
    with pytest.raises(UrlError, match="nor is listed in `token_hosts`"):
        endpoint(url)


@pytest.mark.parametrize("url", [None, 7, b"https://sts.googleapis.com/", ["https://sts.googleapis.com/"]])
def test_value_that_is_not_a_text_is_refused(url: object) -> None:
    """Other types than text raise UrlError."""
    with pytest.raises(UrlError):
        endpoint(url)


@pytest.mark.parametrize("entry", ["emulator:8080", "sts.example", "127.0.0.1:1", "a-b.c-d:65535"])
def test_entry_of_token_hosts_is_a_host_with_or_without_a_port(entry: str) -> None:
    """Valid entries are returned unchanged."""
    assert token_host(entry) == entry


@pytest.mark.parametrize(
    "entry",
    [
        "", " ", "http://emulator:8080", "emulator:8080/", "Emulator:8080", "emulator:", "emulator:0", "emulator:65536",
        "emulator:x", "a@b", "*.example", ".example", "example.", "a..b", "-a.b", "a b", "a\n", "[::1]:80", "a:1:2",
    ],
)  # fmt: skip
def test_entry_of_token_hosts_of_another_form_is_refused(entry: str) -> None:
    """Other forms raise ValueError."""
    with pytest.raises(ValueError, match="must be HOST or HOST:PORT"):
        token_host(entry)


PARTS = (
    "https://",
    "http://",
    "//",
    "sts.googleapis.com",
    "emulator:8080",
    "evil.test",
    "x.actions.githubusercontent.com",
)
MARKS = (*"\\@:/?#[]%.;,&= \t\r\n\x00\x7f", "\uff0f", "\u3002", "%2f", "..")


@settings(max_examples=3 * EXAMPLES)
@given(
    st.tuples(
        st.sampled_from(["https://", "http://", "https:"]),
        st.lists(st.sampled_from([*PARTS, *MARKS]), max_size=1).map("".join),
        st.sampled_from(PARTS[3:]),
        st.lists(st.sampled_from([*PARTS, *MARKS, "/a", "/a"]), max_size=4).map("".join),
    ).map("".join)
)
def test_parsers_agree_about_every_url_that_passes(url: str) -> None:
    """For each URL that the rule allows, urlsplit and httpx find the same scheme, host and port."""
    try:
        parts = endpoint(url, LISTED)
    except UrlError:
        return
    split, other = urlsplit(url), httpx.URL(url)
    assert (split.scheme, split.hostname, split.port) == (parts.scheme, parts.host, parts.port)
    assert (other.scheme, other.host, other.port) == (parts.scheme, parts.host, parts.port)
    assert parts.host in ("sts.googleapis.com", "emulator") or parts.host.endswith(".actions.githubusercontent.com")
