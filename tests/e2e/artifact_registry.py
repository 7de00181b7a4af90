"""
A stand-in for Artifact Registry: a real docker-registry that requires a bearer token, and the login that issues it.

The login stands for Google's: it takes `oauth2accesstoken` and an access token, and issues the token of the registry
protocol. Source: the distribution project's specification of token authentication, and docker-registry 2.8's checks.
"""

import base64
import datetime
import math
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.loopback import FakeHandler, free_port, http_server
from tests.support.waiting import wait_until

ACCESS_TOKEN = "an-access-token"
_SHORT_S = 60
_LEEWAY_S = 60  # docker-registry accepts a token for this long after its expiry
_CONFIG = """\
version: 0.1
log: {{level: info}}
storage: {{filesystem: {{rootdirectory: {folder}/storage}}}}
http: {{addr: '127.0.0.1:{port}'}}
auth:
  token: {{realm: 'http://registry:5001/token', service: registry, issuer: login, rootcertbundle: {folder}/cert.pem}}
"""


@dataclass
class ArtifactRegistry:
    """
    A registry that is running.

    Args:
        folder: folder of the storage and the log.
        port: port of the registry, on loopback.
        login_port: port of the login, on loopback.
        lifetime_s: seconds for which the registry accepts a token of the login.
        accepts: whether an access token may push.
        logins: whether each login was accepted.
    """

    folder: Path
    port: int
    login_port: int
    lifetime_s: float = 300
    accepts: Callable[[str], bool] = lambda token: token == ACCESS_TOKEN
    logins: list[bool] = field(default_factory=list)

    def log(self) -> str:
        """Return the registry's access log."""
        return (self.folder / "registry.log").read_text()

    def uploads(self) -> int:
        """Return the number of uploads of blobs that clients have begun."""
        return self.log().count('"POST /v2/')

    def tags(self) -> list[str]:
        """Return the tags of every image in storage."""
        return sorted(path.name for path in self.folder.glob("storage/**/_manifests/tags/*"))


@contextmanager
def running(folder: Path) -> Iterator[ArtifactRegistry]:
    """Start registry and login."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = _certificate(key)
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    registry = ArtifactRegistry(folder, free_port(), free_port())
    (folder / "config.yml").write_text(_CONFIG.format(folder=folder, port=registry.port))
    with (
        http_server(_login_handler(registry, key, certificate), port=registry.login_port),
        (folder / "registry.log").open("w") as log,
    ):
        process = subprocess.Popen(["docker-registry", "serve", str(folder / "config.yml")], stdout=log, stderr=log)
        try:
            wait_until(lambda: "listening on" in registry.log(), 20)
            yield registry
        finally:
            process.kill()
            process.wait()


def _certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "login")])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


def _login_handler(
    registry: ArtifactRegistry, key: rsa.RSAPrivateKey, certificate: x509.Certificate
) -> type[FakeHandler]:
    chain = [base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()]

    class Login(FakeHandler):
        def answer(self) -> None:
            basic = self.headers.get("Authorization", "").removeprefix("Basic ")
            user, _, token = base64.b64decode(basic).decode().partition(":")
            is_accepted = user == "oauth2accesstoken" and registry.accepts(token)
            registry.logins.append(is_accepted)
            if is_accepted:
                self.reply_json({"token": self._token()})
            else:
                self.reply_json({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}, 401)

        def _token(self) -> str:
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            access = []
            for scope in query.get("scope", []):
                kind, name, actions = scope.split(":")
                access.append({"type": kind, "name": name, "actions": actions.split(",")})
            now = time.time()
            if registry.lifetime_s < _SHORT_S:  # exp is a whole second: without a wait the token ends up to 1 s earlier
                time.sleep(math.ceil(now) - now)
                now = math.ceil(now)
            claims = {
                "iss": "login",
                "sub": "",
                "aud": "registry",
                "nbf": int(now) - _LEEWAY_S,
                "iat": int(now),
                "exp": int(now + registry.lifetime_s) - _LEEWAY_S,
                "jti": "1",
                "access": access,
            }
            return jwt.encode(claims, key, algorithm="RS256", headers={"x5c": chain})

    return Login
