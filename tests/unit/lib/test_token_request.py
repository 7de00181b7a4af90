"""Requests for tokens: client certificates, redirects, proxies and errors."""

import json
from pathlib import Path

import pytest
from google.auth import exceptions

from lib.credentials_file import load
from lib.token_request import TokenRequest
from tests.unit.lib.credential_files import SECRET, external_account, without, write
from tests.unit.lib.network import record_network, write_certificates
from tests.unit.lib.slow_server import SlowServer, serve_slowly

MTLS = "sts.mtls.googleapis.com"


def certificate_file(folder: Path, certificate: tuple[Path, Path]) -> Path:
    """Write a login by a client certificate, as `gcloud iam workload-identity-pools create-cred-config` does."""
    workload = {"cert_path": str(certificate[0]), "key_path": str(certificate[1])}
    configuration = write(folder / "certificate_config.json", {"cert_configs": {"workload": workload}})
    data = external_account(
        token_url=f"https://{MTLS}/v1/token",
        subject_token_type="urn:ietf:params:oauth:token-type:mtls",
        credential_source={"certificate": {"certificate_config_location": str(configuration)}},
    )
    return write(folder / "c.json", without(data, "service_account_impersonation_url"))


def test_login_by_certificate_sends_it_to_the_checked_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """google-auth sends the client certificate to the host that passed the check, and to no other."""
    certificate = write_certificates(tmp_path, [MTLS])
    file = load(certificate_file(tmp_path, certificate))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with record_network(monkeypatch, certificate, requires_client_certificate=True) as network:
        with pytest.raises(exceptions.TransportError):
            file.request()(f"https://{MTLS}/v1/token", method="POST", body=b"x")
        assert network.requests == []
        network.answer = b'{"access_token": "token", "expires_in": 3600}'
        file.credentials.refresh(file.request())
        assert file.credentials.token == "token"
        assert network.requests == [("POST /v1/token HTTP/1.1", MTLS)]
        assert {host for host, _ in network.lookups} == {MTLS}


def test_unreadable_certificate_is_an_error_without_its_text(tmp_path: Path) -> None:
    """The error has the reason, and no content of the certificate."""
    broken = write(tmp_path / "certificate.pem", SECRET.encode())
    with pytest.raises(exceptions.RefreshError, match=r"^the client certificate is unreadable: ") as caught:
        TokenRequest()(f"https://{MTLS}/v1/token", cert=(str(broken), str(broken)))
    assert SECRET not in str(caught.value)


def test_redirect_of_a_token_endpoint_is_not_followed() -> None:
    """The request with the secret goes to the checked host only."""
    with serve_slowly(SlowServer(at_once=b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as other:
        location = f"location: {other.url}\r\n".encode()
        redirect = b"HTTP/1.1 307 Temporary Redirect\r\n" + location + b"content-length: 0\r\n\r\n"
        with serve_slowly(SlowServer(at_once=redirect)) as server:
            answer = TokenRequest((f"127.0.0.1:{server.port}",))(server.url, method="POST", body=b"secret")
        assert (answer.status, other.requests) == (307, [])


def test_token_over_plain_http_bypasses_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request to loopback over plain HTTP ignores the proxy of the environment."""
    answer = SlowServer(at_once=b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
    with serve_slowly(SlowServer()) as proxy, serve_slowly(answer) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        assert json.loads(TokenRequest((f"127.0.0.1:{server.port}",))(server.url).data) == {}
        assert (len(proxy.requests), len(server.requests)) == (0, 1)
