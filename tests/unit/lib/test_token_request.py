"""Requests for tokens: client certificates, redirects, proxies and errors."""

import json
from pathlib import Path

import pytest
from google.auth import exceptions

from lib.credentials_file import load
from lib.token_request import TokenRequest
from tests.unit.lib.credential_files import SECRET, external_account, without, write
from tests.unit.lib.dripping import Dripping, dripping
from tests.unit.lib.network import certificates, recorded

MTLS = "sts.mtls.googleapis.com"


def certificate_file(folder: Path, certificate: tuple[Path, Path]) -> Path:
    """A login by a client certificate, as `gcloud iam workload-identity-pools create-cred-config` writes it."""
    workload = {"cert_path": str(certificate[0]), "key_path": str(certificate[1])}
    place = write(folder / "certificate_config.json", {"cert_configs": {"workload": workload}})
    data = external_account(
        token_url=f"https://{MTLS}/v1/token",
        subject_token_type="urn:ietf:params:oauth:token-type:mtls",
        credential_source={"certificate": {"certificate_config_location": str(place)}},
    )
    return write(folder / "c.json", without(data, "service_account_impersonation_url"))


def test_a_login_by_certificate_shows_it_to_the_checked_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = certificates(tmp_path, [MTLS])
    file = load(certificate_file(tmp_path, certificate))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with recorded(monkeypatch, certificate, wants_client=True) as network:
        with pytest.raises(exceptions.TransportError):
            file.request()(f"https://{MTLS}/v1/token", method="POST", body=b"x")
        assert network.requests == []
        network.answer = b'{"access_token": "token", "expires_in": 3600}'
        file.credentials.refresh(file.request())
        assert file.credentials.token == "token"
        assert network.requests == [("POST /v1/token HTTP/1.1", MTLS)]
        assert {host for host, _ in network.lookups} == {MTLS}


def test_a_certificate_that_can_not_be_read_is_an_error_without_its_text(tmp_path: Path) -> None:
    broken = write(tmp_path / "certificate.pem", SECRET.encode())
    with pytest.raises(exceptions.RefreshError, match=r"^the client certificate can't be read: ") as caught:
        TokenRequest()(f"https://{MTLS}/v1/token", cert=(str(broken), str(broken)))
    assert SECRET not in str(caught.value)


def test_a_redirect_of_a_token_endpoint_is_not_followed() -> None:
    with dripping(Dripping(at_once=b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as other:
        location = f"location: {other.url}\r\n".encode()
        redirect = b"HTTP/1.1 307 Temporary Redirect\r\n" + location + b"content-length: 0\r\n\r\n"
        with dripping(Dripping(at_once=redirect)) as server:
            answer = TokenRequest((f"127.0.0.1:{server.port}",))(server.url, method="POST", body=b"secret")
        assert (answer.status, other.requests) == (307, [])


def test_a_token_over_plain_http_goes_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Dripping(at_once=b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
    with dripping(Dripping()) as proxy, dripping(answer) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        assert json.loads(TokenRequest((f"127.0.0.1:{server.port}",))(server.url).data) == {}
        assert (len(proxy.requests), len(server.requests)) == (0, 1)
