"""Secrets that a person passes: read before any work, so that a wrong path does not fail in a later container."""

import re
from typing import Final

import dagger

from ci.errors import ORIGIN, NotAllowedError

VARIABLE: Final = "GOOGLE_APPLICATION_CREDENTIALS"
_UNSET_VARIABLE: Final = "file:///dev/null"
_FILE: Final = re.compile(r'failed to read secret file "(?P<path>.*)": \w+ .*: (?P<reason>[^:]+)')
_UNSET: Final = re.compile(r"\$\{?\w+\}?")


async def given_credentials(secret: dagger.Secret | None) -> dagger.Secret | None:
    """Return a credential file; None for the empty file that .env passes where its variable is not set."""
    return None if secret is None or await secret.uri() == _UNSET_VARIABLE else secret


async def refuse_unreadable(flag: str, secret: dagger.Secret | None) -> None:
    """
    Read a secret once, without keeping its value.

    Args:
        flag: name of the argument, such as `--credentials`
        secret: the secret; None where the argument was left out

    Raises:
        NotAllowedError: the secret cannot be read, or is empty
    """
    if secret is not None and not (await _value(flag, secret)).strip():
        raise NotAllowedError(f"{flag}: {_source(await secret.uri())} is empty. {_fix(flag)}")


async def given_token(flag: str, secret: dagger.Secret | None) -> dagger.Secret | None:
    """
    Return a token; None for an empty text, which GitHub puts into a variable where a secret is absent.

    Source: docs.github.com, "Using secrets in GitHub Actions", read 2026-11-27. The URI does not show that a token is a
    variable: the engine gives two empty secrets one URI, here that of the file of .env (v0.19.10, tried).

    Args:
        flag: name of the argument, such as `--prometheus-token`
        secret: the token; None where the argument was left out

    Raises:
        NotAllowedError: the token cannot be read, or is white space alone
    """
    if secret is None or not await _value(flag, secret):
        return None
    await refuse_unreadable(flag, secret)
    return secret


async def _value(flag: str, secret: dagger.Secret) -> str:
    try:
        return await secret.plaintext()
    except dagger.QueryError as error:
        raise NotAllowedError(f"{flag}: {_reason(await secret.uri(), str(error))} {_fix(flag)}") from error


def refuse_missing(env: str, credentials: dagger.Secret | None) -> None:
    """
    Refuse a call for a real environment that has nothing to log in with.

    Raises:
        NotAllowedError: no credential file was passed
    """
    if credentials is None:
        raise NotAllowedError(
            f"--credentials: '{env}' needs a Google credential file. Fix: set {VARIABLE} to its path, as "
            "google-github-actions/auth does, or pass --credentials file:PATH; your own, after "
            "'gcloud auth application-default login', is "
            "file:$HOME/.config/gcloud/application_default_credentials.json"
        )


def _reason(uri: str, error: str) -> str:
    """Return why a secret cannot be read; the engine reads a value without `file:` as the name of a variable."""
    if not _is_path(uri):
        return "got a text that is no path, such as the key itself."
    error = ORIGIN.sub("", error)
    name = uri.removeprefix("env://") if uri.startswith("env://") else ""
    if _UNSET.fullmatch(name):
        return f"got '{name}' itself: the shell did not put the variable's value there."
    if name.startswith(("/", "./", "~")):
        return f"got '{name}', and a path begins with 'file:'."
    read = _FILE.fullmatch(error)
    if read is None:
        return f"{error}."
    if not read["path"]:
        return "got 'file:' without a path: the variable behind it is empty."
    return f"file '{read['path']}' cannot be read: {read['reason']}."


def _source(uri: str) -> str:
    """Return where a secret is from; of a variable not even its name, because a secret may have been typed there."""
    return f"file '{uri.removeprefix('file://')}'" if uri.startswith("file://") and _is_path(uri) else "the secret"


def _is_path(uri: str) -> bool:
    """Return whether a URI may be shown: a key that was put in place of its path has braces or line breaks."""
    return not {"{", "\n"} & set(uri.removeprefix("env://${"))


def _fix(flag: str) -> str:
    if flag == "--credentials":
        return f"Fix: name a file that exists, by {flag} file:PATH, or by the variable {VARIABLE}, which .env passes"
    return f"Fix: pass a file that exists, {flag} file:PATH, or a variable that is set, {flag} env:NAME"
