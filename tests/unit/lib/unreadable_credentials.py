"""Credential files that are not JSON objects, and answers of token endpoints without a token."""

from tests.unit.lib.credential_files import SECRET

UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is not JSON."),
    "text": (SECRET.encode(), "is not JSON."),
    "cut": (b'{"type": "authorized_user", "client_secret": "' + SECRET.encode(), "is not JSON."),
    "not utf-8": (b'{"type": "' + b"\xff\xfe" + SECRET.encode(), "is not UTF-8."),
    "utf-16": ("{}".encode("utf-16"), "is not UTF-8."),
    "nested deep": (b"[" * 200_000, "is nested too deeply."),
    "nested deep in an object": (b'{"type": ' + b"[" * 200_000, "is nested too deeply."),
    "number of 5,000 digits": (b'{"type": ' + b"9" * 5_000 + b"}", "is not JSON."),
    "larger than 1 MiB": (b" " * (2**20 + 1), "is larger than 1 MiB."),
}


# Bodies of token endpoints with status 200 and without a valid token.
INVALID_TOKEN_BODIES = (
    "[]", "{}", "null", '"token"', "", "<html>", "[" * 100_000, '{"expires_in": 3600}',
    '{"access_token": null, "expires_in": 3600}', '{"access_token": "", "expires_in": 3600}',
    '{"access_token": 7, "expires_in": 3600}', '{"access_token": "a\\r\\nb: c", "expires_in": 3600}',
    '{"access_token": "t", "expires_in": {}}', '{"access_token": "t", "expires_in": "soon"}',
    '{"access_token": "t", "expires_in": 1e300}', '{"access_token": "t", "expires_in": NaN}',
)  # fmt: skip
