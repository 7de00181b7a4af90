"""Secrets that a person passes: a wrong secret is named before any work, and no secret is printed."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ci import accessory_runner, deploy_runner, publish
from ci.credentials import refuse_unreadable
from ci.errors import NotAllowedError
from ci.steps.accessory import Update
from tests.unit.ci.doubles import REPOSITORY, options, query_error

TRACE = " [traceparent:100c635810356b7ffa8e8dd5bffa010a-250787f59b8f33dd]"
FIX = (
    "Fix: name a file that exists, by --credentials file:PATH, or by the variable GOOGLE_APPLICATION_CREDENTIALS, "
    "which .env passes"
)


class Secret:
    """A secret as the engine gives it: its address, and its value or the engine's own words."""

    def __init__(self, uri: str, value: str = "", error: str = "") -> None:
        self._uri, self._value, self._error = uri, value, error

    async def uri(self) -> str:
        return self._uri

    async def plaintext(self) -> str:
        if self._error:
            raise query_error(self._error + TRACE)
        return self._value


def refused(secret: Any, flag: str = "--credentials") -> str:
    with pytest.raises(NotAllowedError) as error:
        asyncio.run(refuse_unreadable(flag, secret))
    assert error.value.exit_code == 4
    assert "traceparent" not in str(error.value)
    return str(error.value)


# What Dagger 0.19.10 answers, each tried with `./daggerw call status --env dev --credentials …`.
@pytest.mark.parametrize(
    ("uri", "error", "text"),
    [
        (
            "file:///nope.json", 'failed to read secret file "/nope.json": open /nope.json: no such file or directory',
            "file '/nope.json' cannot be read: no such file or directory.",
        ),
        (
            "file:///tmp", 'failed to read secret file "/tmp": read /tmp: is a directory',
            "file '/tmp' cannot be read: is a directory.",
        ),
        (
            "file://", 'failed to read secret file "": open : no such file or directory',
            "got 'file:' without a path: the variable behind it is empty.",
        ),
        (
            "env://$GOOGLE_APPLICATION_CREDENTIALS", 'secret env var not found: "$GO..."',
            "got '$GOOGLE_APPLICATION_CREDENTIALS' itself: the shell did not put the variable's value there.",
        ),
        (
            "env:///tmp/x.json", 'secret env var not found: "/tm..."',
            "got '/tmp/x.json', and a path begins with 'file:'.",
        ),
        ("env://NOPE", 'secret env var not found: "NOP..."', 'secret env var not found: "NOP...".'),
        ("cmd://false", 'failed to run secret command "false": exit status 1', "exit status 1."),
    ],
)  # fmt: skip
def test_secret_that_cannot_be_read_is_named_with_the_reason(uri: str, error: str, text: str) -> None:
    """The error names the argument, the reason and the fix."""
    message = refused(Secret(uri, error=error))
    assert message.startswith("--credentials: ")
    assert message.endswith(f"{text} {FIX}")


@pytest.mark.parametrize("value", ["", " \n"])
def test_empty_secret_is_named(value: str) -> None:
    """A file of white space is as empty as a file without a byte."""
    assert refused(Secret("file:///tmp/x.json", value)) == f"--credentials: file '/tmp/x.json' is empty. {FIX}"
    assert refused(Secret("env://TOKEN", value), "--registry-token") == (
        "--registry-token: the secret is empty. Fix: pass a file that exists, --registry-token file:PATH, "
        "or a variable that is set, --registry-token env:NAME"
    )


@pytest.mark.parametrize("uri", ["env://TOKEN", "file:///dev/null"])
def test_empty_text_is_no_token(uri: str) -> None:
    """GitHub sets a variable to it where its secret is absent; the engine gives it the URI of another empty secret."""
    readable: Any = Secret("file:///tmp/x.json", "{}")
    for value, is_given in (("", False), ("word", True)):
        token: Any = Secret(uri, value)
        given = options("dev", credentials=readable, prometheus_token=token, source=REPOSITORY)
        assert asyncio.run(deploy_runner.checked(given)).prometheus_token is (token if is_given else None)
    blank: Any = Secret("file:///x", " \n")
    with pytest.raises(NotAllowedError, match="--prometheus-token: file '/x' is empty"):
        asyncio.run(deploy_runner.checked(replace(given, prometheus_token=blank)))


def test_secret_that_was_typed_instead_of_its_place_is_not_printed() -> None:
    """Dagger reads what has no scheme as the name of a variable, and prints three letters of it."""
    for typed in ('{"type": "service_account", "private_key": "word"}', "ya29word"):
        message = refused(Secret(f"env://{typed}", error=f'secret env var not found: "{typed[:3]}..."'))
        assert "word" not in message


@pytest.mark.parametrize("typed", ['{"private_key": "word"}', "word\nword"])
def test_key_in_place_of_its_path_is_not_printed(typed: str) -> None:
    """The text of the error never holds a part of the key."""
    for secret in (
        Secret(f"file://{typed}", error=f'failed to read secret file "{typed}": no'),
        Secret(f"file://{typed}"),
    ):
        assert "word" not in refused(secret)


def test_readable_secret_and_none_pass() -> None:
    """An argument that was left out is refused elsewhere, where it is needed."""
    readable: Any = Secret("file:///tmp/x.json", "{}")
    asyncio.run(refuse_unreadable("--credentials", readable))
    asyncio.run(refuse_unreadable("--credentials", None))


UNSET: Any = Secret("file:///dev/null")
UNREADABLE: Any = Secret("file:///nope.json", error="failed to read secret file")


def test_empty_file_that_stands_for_an_unset_variable_counts_as_no_credentials() -> None:
    """.env passes /dev/null where GOOGLE_APPLICATION_CREDENTIALS is not set."""
    works = (
        deploy_runner.checked(options("prod", credentials=UNSET, source=REPOSITORY)),
        deploy_runner.run(options("prod", credentials=UNSET, source=REPOSITORY), ["status"]),
        publish.destination(options("prod", credentials=UNSET, source=REPOSITORY)),
        accessory_runner.run(options(source=REPOSITORY), Update("vllm", "prod", UNSET)),
    )
    for work in works:
        with pytest.raises(NotAllowedError, match="--credentials: 'prod' needs a Google credential file"):
            asyncio.run(work)


@pytest.mark.parametrize("credentials", [UNSET, UNREADABLE, None])
def test_local_environment_ignores_credentials(credentials: Any) -> None:
    """The local environment ignores the credential file of the variable, which .env passes to every call."""
    assert asyncio.run(deploy_runner.checked(options("local", credentials=credentials, source=REPOSITORY))) == options(
        source=REPOSITORY
    )
    where = asyncio.run(publish.destination(options("local", credentials=credentials, source=REPOSITORY)))
    assert (where.is_embedded, where.logins) == (True, {})


def test_credentials_that_a_push_does_not_use_are_not_read() -> None:
    """A token goes before credentials; a registry other than the embedded one is sent them, from `local` too."""
    token: Any = Secret("env://TOKEN", "word")
    where = asyncio.run(
        publish.destination(options("prod", credentials=UNREADABLE, registry_token=token, source=REPOSITORY))
    )
    assert where.logins == {"registry-token": token}
    elsewhere = options(
        credentials=UNREADABLE, repository="asia-northeast3-docker.pkg.dev/p/r/ai-server", source=REPOSITORY
    )
    with pytest.raises(NotAllowedError, match="--credentials: failed to read secret file"):
        asyncio.run(publish.destination(elsewhere))
    readable: Any = Secret("file:///tmp/x.json", "{}")
    logged_in = replace(elsewhere, credentials=readable)
    where = asyncio.run(publish.destination(logged_in))
    assert where.logins == {"credentials": readable}
    anonymous = replace(elsewhere, credentials=UNSET)
    where = asyncio.run(publish.destination(anonymous))
    assert where.logins == {}


def test_every_verb_reads_its_secrets_before_any_work() -> None:
    """A wrong path is refused before the first gate, and not after the last."""
    missing: Any = Secret(
        "file:///nope.json", error='failed to read secret file "/nope.json": open /nope.json: no such file or directory'
    )
    readable: Any = Secret("file:///tmp/x.json", "{}")
    works = (
        deploy_runner.run(options("dev", credentials=missing, source=REPOSITORY), ["status"]),
        deploy_runner.checked(options("dev", credentials=missing, source=REPOSITORY)),
        deploy_runner.checked(options("dev", credentials=readable, registry_credentials=missing, source=REPOSITORY)),
        deploy_runner.checked(options("dev", credentials=readable, prometheus_token=missing, source=REPOSITORY)),
        publish.destination(options("dev", credentials=missing, source=REPOSITORY)),
        publish.destination(options("dev", registry_token=missing, source=REPOSITORY)),
        publish.destination(options("dev", registry_credentials=missing, source=REPOSITORY)),
        accessory_runner.run(options(source=REPOSITORY), Update("vllm", "dev", missing)),
    )
    for work in works:
        with pytest.raises(NotAllowedError, match=r"file '/nope\.json' cannot be read: no such file or directory"):
            asyncio.run(work)
