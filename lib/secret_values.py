"""The decision whether a value is a secret, by its name and form. Pure."""

import re
from typing import Final

# One word of a shell with quotes and substitutions.
# The pattern needs linear time: its parts are possessive or bounded.
WORD: Final = re.compile(
    r"(?:\$\((?:[^()\n]|\([^()\n]{0,512}+\)){0,512}+\)|\$\{\{[^}\n]{0,512}+\}\}|\$\{[^}\n]{0,512}+\}"
    r"|\{\{[^}\n]{0,512}+\}\}|`[^`\n]*+`"
    r"|<[\w -]{1,40}+>|\"(?:[^\"\\\n]|\\.)*+\"|'[^'\n]*+'|\\.|[^\s\"'`\\;&|<>()]){1,1024}+"
)
_MAX_LENGTH: Final = 1000
_MIN_KEY_LENGTH: Final = 12
_LINE_END: Final = re.compile(r"(?:\\[nrt])+\Z")

# A part of a name in snake_case, kebab-case or camelCase, or a word of another script.
_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\da-zA-Z_]+")
_STRONG: Final = (
    "password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "secretkey", "accesskey", "privatekey",
    "credential", "creds", "passcode", "비밀번호",
)  # fmt: skip
_PASSWORDS: Final = ("password", "passwd", "passphrase", "pwd", "secret", "비밀번호")
_NO_PASSWORDS: Final = (
    "pass",
    "bypass",
    "compass",
    "encompass",
    "multipass",
    "surpass",
    "onepass",
    "allpass",
    "subpass",
)
# Words before `key` in the name of a secret.
_KEYS: Final = frozenset(
    ("access", "account", "admin", "api", "auth", "client", "cipher", "deploy", "encryption", "hmac", "license",
     "master", "private", "secret", "service", "shared", "signing", "storage", "subscription", "webhook")
)  # fmt: skip
_WEAK: Final = frozenset(
    ("api", "auth", "authorization", "cookie", "credentials", "key", "keys", "pass", "pw", "sig", "signature", "jwt")
)
# Last words of names that describe a secret, such as TOKEN_URL, and do not hold the secret.
_ABOUT: Final = frozenset(
    ("age", "alg", "algorithm", "at", "audience", "bytes", "class", "column", "count", "days", "dir", "enabled",
     "endpoint", "env", "expiration", "expires", "expiry", "field", "file", "files", "fingerprint", "format", "header",
     "helper", "host", "hosts", "hours", "id", "ids", "index", "issuer", "len", "length", "limit", "limits", "location",
     "manager", "minutes", "mode", "mount", "name", "names", "path", "paths", "policy", "prefix", "project",
     "provider", "ref", "reference", "required", "rotation", "scope", "scopes", "seconds", "size", "state", "status",
     "stdin", "store", "suffix", "ttl", "type", "types", "uri", "url", "urls", "usage", "var", "variable", "version",
     "versions")
)  # fmt: skip
# First words of such names: public keys, keys of tables and caches, special tokens of language models.
_ABOUT_FIRST: Final = frozenset(
    ("public", "pub", "primary", "foreign", "sort", "partition", "cache", "group", "routing", "idempotency", "max",
     "min", "num", "recv", "eos", "bos", "pad", "unk", "cls", "sep", "mask", "stop", "special")
)  # fmt: skip

_REFERENCE: Final = re.compile(
    r"\$\((?:[^()]|\([^()]*+\))*+\)|\$\{\{.*?\}\}|\$\{\w+:?[-=+?](?P<default>[^{}]*)\}|\$\{[^{}]*\}|\$[A-Za-z_]\w*"
    r"|\$[0-9@*#?]|`[^`]*`|\{\{.*?\}\}|\{[A-Za-z_][\w.]*\}|<[\w -]{1,40}>|%[A-Za-z_]+%|%[sdr]\b|@@\w+@@"
)
_HARMLESS: Final = re.compile(
    r"(?ix) true|false|yes|no|on|off|null|none|nil|undefined|enabled|disabled|required|optional|default|empty|missing"
    r"|invalid|expired|incorrect|inherit|read|write|admin|string|str|text|bytes|number|int(?:eger)?|bool(?:ean)?|object"
    r"|include|same-origin|v?\d+(?:\.\d+)+|v\d{1,2}(?:(?:alpha|beta|rc|p)\d{0,2}){0,2}"
    r"|x{3,}|\*{3,}|\.{3}|…|-+|\?+|change[-_ ]?me|replace[-_ ]?me|todo|tbd|fixme|placeholder|redacted|masked|hidden"
    r"|(?:your|example)[-_ ].*|\[[\w -]*\]|%[sdr]|__\w+__|/\{.*|[|>][\d+-]{1,2}"
    # a reference to a secret store, an address, a file, a digest, a public key
    r"|[a-z][a-z0-9+.-]*://.*|(?:file|env|vault|ssm|op|ref\+\w+|secretref|arn|projects|azurekeyvault)[:/].*"
    r"|(?:secrets?|kv|vault)/[\w./#:@-]+|@microsoft\.keyvault.*"
    r"|(?:~|\.{1,2}|/(?:run|var|etc|opt|srv|home|root|tmp|usr|secrets|mnt|data|app|proc|dev|workspace|src))/[\w./-]+"
    r"|sha(?:1|256|384|512)[:-].*|[\w-]*:?(?:ssh-|ecdsa-|sk-ssh-)[\w@.-]+\ .*|-----BEGIN\ (?:CERTIFICATE|PUBLIC).*"
    # an expression of a program or of Terraform
    r"|(?:var|local|data|module|each|self|random_\w+|google_\w+|os|process|config|settings|args)\.[\w.\[\]]+"
)
# A substitution that only prints a literal is not a reference.
_ECHO: Final = re.compile(r"(?:\$\(|`)\s*(?:echo|printf)\s+(?:-n\s+|[\"']?%s[\"']?\s+)?(?P<text>[^$`|)]*+)")
_HOST: Final = re.compile(r"(?i)[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d+)?(?:/.*)?")
_PLAIN: Final = re.compile(r"(?:(?:[A-Z]?[a-z]+|[A-Z]+)(?:[-_. /](?=.)|\b))+[:.,!?…]?")
_EXPRESSION: Final = re.compile(r"[A-Za-z_][\w.]*[(\[]")
_MAX_WORD_LENGTH: Final = 15
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_AUTH_SCHEME: Final = re.compile(r"(?i)(?:bearer|basic|token|digest|apikey)\s+")


def is_secret_name(name: str) -> bool:
    """Return whether a variable or field of this name can hold a secret."""
    return _strength(name) > 0


def is_secret_value(name: str, value: str, *, is_prose: bool = False) -> bool:
    """
    Return whether a value is a secret, instead of a reference, address, placeholder or ordinary word.

    Args:
        name: name of the variable or field, which can hold a secret.
        value: value as in the text, with quotes.
        is_prose: whether the value is in a sentence, where text after a colon is rarely a secret.
    """
    # Between single quotes a shell makes no substitutions.
    is_quoted = len(value) > 2 and value[0] == value[-1] == "'"
    value = value[: 4 * _MAX_LENGTH]
    text = value.strip().strip("\"'\\").strip()
    text = text.rstrip("`:") if text.count("`") == 1 else text
    if not is_quoted or text.startswith(("$(", "${")):
        text = _REFERENCE.sub(_literal, text)
    text = _LINE_END.sub("", _AUTH_SCHEME.sub("", text).strip()).strip("\"'\\")
    if not re.search(r"\w", text):
        return False
    if len(text) > _MAX_LENGTH:
        return True
    parts = _parts(name)
    if _HARMLESS.fullmatch(text) or _is_number(parts, text) or text.lower() == name.lower():
        return False
    # The value of `key` may be the name of an entry, as in `secretKeyRef`.
    if (_VARIABLE.fullmatch(text) and _strength(text)) or (name in ("key", "keys") and len(text) < _MIN_KEY_LENGTH):
        return False
    if parts[-1:] == ["api"] and _HOST.fullmatch(text) and "." in text:
        return False
    is_weak = is_prose or _strength(name) < 2
    is_word = _PLAIN.fullmatch(text) and max(map(len, re.split(r"[-_. /]", text))) <= _MAX_WORD_LENGTH
    return not (is_weak and (is_word or _EXPRESSION.match(text)))


def _literal(reference: re.Match[str]) -> str:
    """Return the literal text in a reference: the default of a variable, or the text that echo prints."""
    echo = None if "$" in reference[0][1:] else _ECHO.match(reference[0])
    return echo["text"] if echo else reference["default"] or ""


def _parts(name: str) -> list[str]:
    return [part.lower() for part in _PART.findall(name)]


def _strength(name: str) -> int:
    """Return 2 for a name of secrets, 1 for a name whose values are often ordinary words, 0 for other names."""
    parts = _parts(name)
    if not parts or (name.startswith("private_key") and parts[-1] == "id"):
        return 2 * bool(parts)
    if parts[-1] in _ABOUT or (parts[0] in _ABOUT_FIRST and parts[-1] != "cookie") or "public" in parts:
        return 0
    if any(part.endswith(_STRONG) or part.removesuffix("s").endswith(_STRONG) for part in (*parts, "".join(parts))):
        # The value after a bare `secret:` or `credentials:` is often a name.
        return 1 if name in ("secret", "secrets", "credential", "credentials") else 2
    is_key = parts[-1] in ("key", "keys") or (len(parts) > 2 and "key" in parts)
    if is_key and (name.isupper() or _KEYS & set(parts)):
        return 2
    is_glued = parts[-1].endswith("pass") and parts[-1] not in _NO_PASSWORDS
    if is_glued or (parts[-1] in ("api", "pass", "pw") and len(parts) > 1):
        return 2
    return 1 if parts[-1] in _WEAK or is_key else 0


def _is_number(parts: list[str], text: str) -> bool:
    """Return whether a value is a number that is not secret, such as a size or a short code."""
    if not re.fullmatch(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?", text):
        return False
    if any(part.endswith(_PASSWORDS) for part in parts) or (len(parts) > 1 and parts[-1] in ("pass", "pw")):
        return False
    return len(text) < 6 or any(part.endswith("s") for part in parts)
