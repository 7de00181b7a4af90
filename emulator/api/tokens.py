"""
The endpoints of a keyless login: GitHub's OIDC token, the STS exchange, and service-account impersonation.

Source: google-auth 2.62.2, identity_pool.py and sts.py; RFC 8693; GitHub, "OpenID Connect reference". Tokens live in
real time, because the clients that hold them look at real clocks.
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs

import jwt

from emulator.api.errors import ApiError, unauthenticated

_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_OIDC_LIFE_S: Final = 300
_FEDERATED_LIFE_S: Final = 3_600
_ISSUER: Final = "https://token.actions.githubusercontent.com"


class OAuthError(ApiError):
    """A refused exchange, in the shape of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(400, error, description)

    def body(self) -> dict[str, Any]:
        """Return the JSON of the answer."""
        return {"error": self.reason, "error_description": self.message}


@dataclass
class Tokens:
    """
    All issued tokens.

    Args:
        request_token: bearer token of a job on GitHub, for its OIDC token (ACTIONS_ID_TOKEN_REQUEST_TOKEN)
        clock: returns real seconds since 1970, moved by a skew
    """

    request_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    clock: Callable[[], float] = time.time
    _key: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    _issued: dict[str, float] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)

    def oidc(self, query: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """Return the OIDC token of a job: `{"value": JWT}`."""
        if authorization != f"Bearer {self.request_token}":
            raise unauthenticated("of the job is unknown")
        now = int(self.clock())
        claims = {
            "iss": _ISSUER, "aud": query.get("audience", ""), "sub": "repo:owner/name:environment:prod",
            "repository": "owner/name", "ref": "refs/heads/main", "iat": now, "exp": now + _OIDC_LIFE_S,
        }  # fmt: skip
        return {"value": jwt.encode(claims, self._key, algorithm="HS256")}

    def exchange(self, body: bytes) -> dict[str, Any]:
        """Exchange an OIDC token for a federated access token, as STS does."""
        form = {key: values[0] for key, values in parse_qs(body.decode(errors="replace")).items()}
        if form.get("grant_type") != _EXCHANGE:
            raise OAuthError("unsupported_grant_type", "the grant type is not a token exchange")
        try:
            claims = jwt.decode(
                form.get("subject_token", ""), self._key, algorithms=["HS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
            )  # fmt: skip
        except jwt.InvalidTokenError as error:
            raise OAuthError("invalid_grant", str(error)) from error
        if claims["exp"] <= self.clock():
            raise OAuthError("invalid_grant", "the subject token has expired")
        audience = form.get("audience", "")
        if claims["aud"] not in (audience, f"https:{audience}"):
            raise OAuthError("invalid_grant", "the audience of the subject token is not that of the provider")
        return {
            "access_token": self.issue(_FEDERATED_LIFE_S),
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer",
            "expires_in": _FEDERATED_LIFE_S,
        }

    def impersonate(self, body: bytes, authorization: str) -> dict[str, Any]:
        """Answer `generateAccessToken` of IAM Credentials, also for a token that `expire_all` has expired."""
        self.check(authorization, takes_refused=True)
        try:
            lifetime_s = int(json.loads(body or b"{}").get("lifetime", "3600s").removesuffix("s"))
        except (ValueError, AttributeError) as error:
            raise ApiError(400, "invalid", "Invalid lifetime.") from error
        if not 0 < lifetime_s <= 43_200:
            raise ApiError(400, "invalid", f"Lifetime of {lifetime_s} s is not from 1 to 43200 s.")
        until = datetime.fromtimestamp(self.clock() + lifetime_s, UTC)
        return {"accessToken": self.issue(lifetime_s), "expireTime": until.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def issue(self, lifetime_s: float) -> str:
        """Return a new access token."""
        token = f"ya29.{secrets.token_urlsafe(32)}"
        self._issued[token] = self.clock() + lifetime_s
        return token

    def check(self, authorization: str, *, takes_refused: bool = False) -> None:
        """
        Check a request's Authorization header.

        Args:
            authorization: value of the header
            takes_refused: whether a token that `expire_all` has expired is accepted

        Raises:
            ApiError: 401, if the token is missing, unknown or expired
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthenticated("missing")
        if token not in self._issued:
            raise unauthenticated("unknown")
        if self._issued[token] <= self.clock() or (token in self._refused and not takes_refused):
            raise unauthenticated("expired")

    def expire_all(self) -> None:
        """Expire every token now; a client that impersonates an account gets a new token by its old token."""
        self._refused |= self._issued.keys()
