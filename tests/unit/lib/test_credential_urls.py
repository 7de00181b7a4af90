"""The one rule for URLs of credential files: what is refused reaches no resolver and no socket."""

from collections.abc import Iterator
from pathlib import Path
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
from tests.unit.lib.credential_urls import GOOD, HOSTILE, LISTED
from tests.unit.lib.depth import EXAMPLES
from tests.unit.lib.network import Network, certificates, recorded

FIELDS = {
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
    return certificates(tmp_path_factory.mktemp("tls"), {host for host, _, _ in GOOD.values()})


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, certificate: tuple[Path, Path]) -> Iterator[Network]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with recorded(monkeypatch, certificate) as network:
        yield network


def test_the_table_has_forty_hostile_urls_and_the_good_ones() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 40
    assert not set(HOSTILE) & set(GOOD)


@pytest.mark.parametrize("url", HOSTILE, ids=ascii)
def test_a_hostile_url_reaches_no_resolver_and_no_socket(url: str, network: Network, tmp_path: Path) -> None:
    for name, data in FIELDS.items():
        with pytest.raises(CredentialsFileError) as caught:
            load(write(tmp_path / "c.json", data(url)), LISTED)
        assert caught.value.field == name
        assert "evil" not in str(caught.value)
    with pytest.raises(exceptions.RefreshError):
        TokenRequest(LISTED)(url, method="POST", body=b"secret", headers={"authorization": "secret"})
    assert (network.lookups, network.connections) == ([], [])


@pytest.mark.parametrize("url", GOOD)
def test_a_good_url_is_looked_up_once_and_sent_as_it_stands(url: str, network: Network, tmp_path: Path) -> None:
    host, port, target = GOOD[url]
    assert load(write(tmp_path / "c.json", external_account(token_url=url)), LISTED).kind == "external_account"
    answer = TokenRequest(LISTED)(url, method="POST", body=b"x=1")
    assert (answer.status, answer.data) == (200, b"{}")
    is_address = host.replace(".", "").isdigit()
    assert network.lookups == ([] if is_address else [(host, port)])
    assert network.connections == [(host if is_address else "127.0.0.1", port)]
    authority = host if port == 443 else urlsplit(url).netloc
    assert network.requests == [(f"POST {target} HTTP/1.1", authority)]


@pytest.mark.parametrize("url", [url for url in GOOD if "googleapis" not in url and "github" not in url])
def test_hosts_of_the_environment_are_refused_without_it(url: str) -> None:
    if "accounts.google.com" in url:
        assert endpoint(url).host == "accounts.google.com"
        return
    with pytest.raises(UrlError, match="nor listed in `token_hosts`"):
        endpoint(url)


@pytest.mark.parametrize("url", [None, 7, b"https://sts.googleapis.com/", ["https://sts.googleapis.com/"]])
def test_what_is_no_text_is_no_url(url: object) -> None:
    with pytest.raises(UrlError):
        endpoint(url)


@pytest.mark.parametrize("entry", ["emulator:8080", "sts.example", "127.0.0.1:1", "a-b.c-d:65535"])
def test_an_entry_of_token_hosts_is_a_host_with_or_without_a_port(entry: str) -> None:
    assert token_host(entry) == entry


@pytest.mark.parametrize(
    "entry",
    [
        "", " ", "http://emulator:8080", "emulator:8080/", "Emulator:8080", "emulator:", "emulator:0", "emulator:65536",
        "emulator:x", "a@b", "*.example", ".example", "example.", "a..b", "-a.b", "a b", "a\n", "[::1]:80", "a:1:2",
    ],
)  # fmt: skip
def test_an_entry_of_token_hosts_of_another_form_is_refused(entry: str) -> None:
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
    try:
        parts = endpoint(url, LISTED)
    except UrlError:
        return
    split, other = urlsplit(url), httpx.URL(url)
    assert (split.scheme, split.hostname, split.port) == (parts.scheme, parts.host, parts.port)
    assert (other.scheme, other.host, other.port) == (parts.scheme, parts.host, parts.port)
    assert parts.host in ("sts.googleapis.com", "emulator") or parts.host.endswith(".actions.githubusercontent.com")
