"""
Secrets that are recognized by their form: tokens of vendors, private keys, and credentials in URLs and commands.

The forms of vendors come from bc-detect-secrets, the maintained fork of detect-secrets that checkov uses. Its entropy
rules are not used, because digests and base64 match them; the rules for basic auth, JWT, IBM, Cloudant and SoftLayer
are not used, because they need quadratic time for a long line.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Final

from lib.secret_values import WORD, is_secret_value


@dataclass(frozen=True, order=True)
class Secret:
    """
    A part of a text that looks like a secret.

    Args:
        start: index of the value's first character.
        end: index after the value's last character.
        name: variable or field with this value; for a token without an assignment, the kind of token.
    """

    start: int
    end: int
    name: str


_PLUGINS: Final = {
    "aws": "AWSKeyDetector", "azure_storage_key": "AzureStorageKeyDetector", "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector", "mailchimp": "MailchimpDetector", "npm": "NpmDetector",
    "sendgrid": "SendGridDetector", "slack": "SlackDetector", "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector", "twilio": "TwilioKeyDetector",
}  # fmt: skip
# Forms that the library lacks. Sources: the vendors' documentation of their tokens.
_TOKENS: Final = {
    "AI provider key": r"(?:sk-(?:[a-z]{2,8}-)(?=[\w-]{0,200}\d)[\w-]{8,}|sk-[A-Za-z0-9]{20,}"
    r"|(?:nvapi|xai|pplx)-[\w-]{20,}|(?:gsk|r8|up)_[A-Za-z0-9]{20,})",
    "Discord webhook": r"discord(?:app)?\.com/api/webhooks/\d{5,25}/[\w-]{20,}",
    "Docker Hub token": r"dckr_(?:pat|oat)_[\w-]{20,}",
    "GitHub token": r"(?:gh[opsru]_[A-Za-z0-9]{20,}|github_pat_\w{20,})",
    "GitLab token": r"gl(?:pat|dt|ft|rt|soat|cbt|ptt)-[\w-]{20,}",
    "Google API key": r"AIza[\w-]{35}",
    "Google OAuth token": r"(?:ya29\.[\w.-]{8,}|GOCSPX-[\w-]{20,}|1//0[\w-]{20,})",
    "Hugging Face token": r"hf_[A-Za-z0-9]{16,}",
    "JSON Web Token": r"eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?",
    "PyPI token": r"pypi-AgE[\w-]{10,}",
    "Slack token": r"(?:xox[abeoprs]-[\w-]{10,}|xapp-\d-[\w-]{10,})",
    "Stripe key": r"(?:(?:sk|rk)_(?:live|test)|whsec)_[A-Za-z0-9]{10,}",
    "Telegram token": r"\d{8,10}:AA[\w-]{33}",
    "Vault token": r"hv[sbr]\.[\w-]{20,}",
    "age key": r"AGE-SECRET-KEY-1[0-9A-Z]{20,}",
    "token in a URL": r"(?<=://)(?=[A-Za-z_-]{0,128}\d)[\w-]{20,128}(?=@)",
    "cloud provider token": r"(?:do[op]_v1_[a-f0-9]{20,}|dapi[a-f0-9]{32}|shp(?:at|ss|ca)_[a-fA-F0-9]{20,})",
}
_OWN: Final = {name: re.compile(rf"(?<![\w-]){form}", re.ASCII) for name, form in _TOKENS.items()}

_PRIVATE_KEY: Final = "private key"
KEY_MARK: Final = re.compile(r"-{4,5} ?(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_ENCODED_KEY: Final = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]*")
_URL: Final = re.compile(
    r"(?<=://)(?P<user>[^\s/:@\"'<>`]{0,128}+):(?!\d{1,5}(?:[/?#,\s\"'\\]|\Z))"
    r"(?P<password>(?:\$\([^()\n]{0,200}\)|[^\s@\"'<>`]){1,256}+(?:@[^\s/@\"'<>`]{1,128}+(?=@)){0,4}+)(?=@)"
)
_SCHEME: Final = re.compile(r"(?i)(?<![\w-])(?:(?P<basic>basic)|bearer)[ \t]{1,4}(?=[\w$<{`\"'])")
_ARGUMENTS: Final = r"(?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|\\\n|\\.|[^\n;|&\\\"']){0,200}?"
# Commands with a secret as the word after an option; curl's secret is the part after the colon.
_COMMANDS: Final = re.compile(
    rf"\b(?:docker|podman|nerdctl|crane|skopeo|oras|helm|buildah)\s{{1,8}}(?:(?:registry|auth)\s{{1,8}})?login\b{_ARGUMENTS}"
    r"\s(?:(?:-p|--password)(?:\s{1,8}|=)|-p(?=[^\s=]))"
    rf"|\b(?:mongo\w{{0,10}}|az\s{{1,4}}login|useradd|usermod)\b{_ARGUMENTS}\s-p\s{{1,8}}"
    rf"|\bldap\w{{3,10}}\b{_ARGUMENTS}\s-w\s{{1,4}}|\bvault\s{{1,4}}login\s{{1,4}}(?=[^\s-])"
    r"|\b(?:requirepass|masterauth)[ \t]{1,8}"
    r"|\bsshpass\s{1,4}-p\s{0,4}|\bredis-cli\b[^\n;|&]{0,200}?\s-a\s{1,4}"
    r"|\b(?:mysql|mysqldump|mariadb|mysqladmin)\b[^\n;|&]{0,200}?\s-p(?=[^\s])"
    r"|\bdocker\s{1,4}login\b[^\n;|&]{0,300}?<<<\s{0,4}"
    rf"|(?P<pair>\b(?:curl|wget|http|https|httpie|ab|hey)\b{_ARGUMENTS}\s(?:-[A-Za-z]{{0,8}}[uU]|--user|--proxy-user)(?:\s{{0,4}}|=))"
)
_PIPED: Final = re.compile(
    r"\b(?:echo|printf)\s{1,4}(?:-n\s{1,4}|(?:\"%s\"|'%s'|%s)\s{1,4})?(?P<value>[^\n|]{1,300}?)\s{0,4}\|\s{0,4}(?:sudo\s{1,4})?"
    r"(?:(?:docker|podman|nerdctl|crane|skopeo|oras|helm|gh|vault)\s{1,4}(?:(?:registry|auth)\s{1,4})?login\b"
    r"|chpasswd\b|passwd\s{1,4}--stdin|(?<=sudo )-S\b|gcloud\s{1,4}secrets\b|(?:docker|podman)\s{1,4}secret\b)"
)
_WRITTEN: Final = re.compile(
    r"\b(?:echo|printf)\s{1,4}(?:-n\s{1,4}|(?:\"%s\"|'%s'|%s)\s{1,4})?(?P<value>[^\n|=<>$`]{1,300}?)\s{0,4}>{1,2}\s{0,4}"
    r"[\w./-]{0,100}(?i:secret|password|passwd|token|credential|api[_-]?key)"
)
_NETRC: Final = re.compile(
    r"\b(?:login\s{1,20}\S{1,100}\s{1,20}(?:account\s{1,20}\S{1,100}\s{1,20})?|machine\s{1,20}\S{1,100}\s{1,20})"
    r"password\s{1,20}(?P<value>\S{1,200})"
)
_SQL: Final = re.compile(r"(?i)\b(?:password|identified\s{1,4}by(?:\s{1,4}password)?)\s{1,4}'(?P<value>[^'\n]{1,200})'")


def load_rules() -> None:
    """Load the library's rules now, such as while an answer of the network is awaited."""
    _library()


@cache
def _library() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the library's rules; the import takes 0.2 s, so only the first checked text pays for it."""
    plugins = [getattr(import_module(f"detect_secrets.plugins.{name}"), kind) for name, kind in _PLUGINS.items()]
    return tuple((plugin.secret_type, pattern) for plugin in plugins for pattern in plugin.denylist)


def tokens(text: str) -> Iterator[Secret]:
    """Yield the secrets of a text that are recognized by their form, in linear time."""
    yield from _private_keys(text)
    for name, pattern in (*_library(), *_OWN.items()):
        for match in pattern.finditer(text):
            group = match.lastindex or 0
            # For GitHub's tokens the library captures only the prefix.
            yield Secret(match.start(group) if group > 1 else match.start(), match.end(), name)
    for match in _ENCODED_KEY.finditer(text):
        if b"PRIVATE KEY" in _decoded(match[0][:80]):
            yield Secret(*match.span(), _PRIVATE_KEY)
    yield from _credentials(text)


def _private_keys(text: str) -> Iterator[Secret]:
    """Yield each private key; without an END, all text after BEGIN, and without a BEGIN, all text before END."""
    begin, last_end = None, 0
    for mark in KEY_MARK.finditer(text):
        if mark[1] == "BEGIN":
            begin = mark.start() if begin is None else begin
            continue
        yield Secret(last_end if begin is None else begin, mark.end(), _PRIVATE_KEY)
        begin, last_end = None, mark.end()
    if begin is not None:
        yield Secret(begin, len(text), _PRIVATE_KEY)


def _credentials(text: str) -> Iterator[Secret]:
    """Yield the credentials in URLs, headers and commands."""
    for match in _URL.finditer(text):
        if is_secret_value("password", match["password"]):
            yield Secret(match.start("user"), match.end("password"), "password in a URL")
    for match in _SCHEME.finditer(text):
        yield from _authorization(text, match)
    for match in _COMMANDS.finditer(text):
        word = WORD.match(text, match.end())
        value = word[0].strip("\"'") if word else ""
        if word and is_secret_value("password", value.partition(":")[2] if match["pair"] else value):
            yield Secret(*word.span(), "password of a command")
    for pattern in (_PIPED, _WRITTEN, _NETRC, _SQL):
        for match in pattern.finditer(text):
            # Text that is written to a file may be an ordinary word.
            if is_secret_value("password", match["value"], is_prose=pattern is _WRITTEN):
                yield Secret(*match.span("value"), "password of a command")


def _authorization(text: str, scheme: re.Match[str]) -> Iterator[Secret]:
    """Yield the credential after `Basic` or `Bearer`."""
    word = WORD.match(text, scheme.end())
    if word is None:
        return
    if scheme["basic"]:
        if b":" in _decoded(word[0].strip("\"'")):
            yield Secret(*word.span(), "basic authorization")
    elif is_secret_value("", word[0], is_prose=True):
        yield Secret(*word.span(), "bearer token")


def _decoded(text: str) -> bytes:
    """Return the decoded base64 of a text; empty if the text is not base64 of printable characters."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return b""
    return data if data.decode("ascii", "replace").replace("\n", " ").isprintable() and data.isascii() else b""
