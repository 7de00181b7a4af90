"""Registration of the verbs that read or change a group, a registry or the local environment."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol, TypeVar, get_type_hints

from dagger import function

from ci.errors import exit_codes
from ci.options import Options, checked

Verb = Callable[..., Awaitable[str]]
Function = TypeVar("Function", bound=Callable[..., Awaitable[Any]])


class HasCredentials(Protocol):
    """An object of the module: `.env` passes the credential file to its constructor."""

    credentials: Any


def uncached(method: Function) -> Function:
    """
    Register a function whose body runs in every call. Dagger's types lack `cache`.

    A directory or a container that is made from the folder that a function works in needs it, too: the engine keeps the
    result of a cached function for later sessions, and the folder ends with its own (v0.19.10, tried: `call tools` on a
    restarted engine failed with "lstat /scratch: no such file or directory").
    """
    return function(cache="never")(method)  # type: ignore[call-overload,no-any-return]


def verb(*names: str) -> Callable[[Verb], Verb]:
    """
    Register a method that takes options and arguments of its own.

    On the command line, the verb has the arguments of its own and, in place of `options`, each named option.

    Args:
        names: names of the fields of Options that the verb takes
    """

    def register(method: Verb) -> Verb:
        @functools.wraps(method)
        async def run(self: HasCredentials, **values: Any) -> str:
            with exit_codes():
                shared = {"credentials": None, **{name: values.pop(name) for name in names if name in values}}
                options = checked(Options(**shared))
                # The local environment takes a file from the flag alone: the variable of .env is set for other work.
                is_local = "env" in names and options.is_local
                if options.credentials is None and not is_local:
                    options = replace(options, credentials=self.credentials)
                return await method(self, options=options, **values)

        own = inspect.signature(method).parameters.values()
        fields = inspect.signature(Options).parameters
        named = [parameter for parameter in own if parameter.name not in ("self", "options")]
        keywords = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in named]
        self_parameter = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        signature = inspect.Signature([self_parameter, *keywords, *(fields[name] for name in names)])
        run.__signature__ = signature  # type: ignore[attr-defined]
        hints = get_type_hints(method, include_extras=True), get_type_hints(Options, include_extras=True)
        own_hints = {name: hint for name, hint in hints[0].items() if name != "options"}
        run.__annotations__ = {**own_hints, **{name: hints[1][name] for name in names}}
        return uncached(run)

    return register


def alias(name: str, registered: Verb) -> Verb:
    """Register a verb under a second name: the arguments, the help text and the body are those of `registered`."""

    @functools.wraps(registered)
    async def run(*args: Any, **values: Any) -> str:
        return await registered(*args, **values)

    run.__name__ = name
    return uncached(run)
