"""
Conditions in Google's Common Expression Language (CEL), evaluated by cel-python: of logins, and of grants in IAM.

A claim that a token lacks is an error, and an error admits no token, unless the other side of `&&` or `||` decides.
Source: cel-spec, "Logical Operators" and "Field Selection".
"""

from collections.abc import Mapping
from typing import Any, Final

import celpy
from celpy import celtypes
from celpy.evaluation import operator_in


def is_admitted(condition: str, claims: Mapping[str, str]) -> bool:
    """
    Return whether a condition admits a token with these claims; an error or a result that is no boolean does not.

    Args:
        condition: expression that reads the claims as `assertion.NAME`.
        claims: claims of the token by name.
    """
    return _holds(condition, "assertion", claims)


def is_granted(condition: str, name: str, kind: str) -> bool:
    """
    Return whether the condition of a grant holds for a resource; an error or a result that is no boolean does not.

    Args:
        condition: expression that reads `resource.name`, `resource.type` and `resource.service`.
        name: relative name of the resource, `projects/…`; empty where IAM has no attributes of the kind.
        kind: type of the resource, such as `compute.googleapis.com/Instance`; empty as above.
    """
    return _holds(condition, "resource", {"name": name, "type": kind, "service": kind.partition("/")[0]})


def _holds(condition: str, variable: str, values: Mapping[str, str]) -> bool:
    environment = celpy.Environment()
    try:
        program = environment.program(environment.compile(condition), functions=_FUNCTIONS)
        result = program.evaluate({variable: celpy.json_to_cel(dict(values))})
    except (celpy.CELEvalError, celpy.CELParseError):
        return False
    return isinstance(result, celtypes.BoolType) and bool(result)


def _is_in(item: Any, container: Any) -> Any:
    """Evaluate `in` for lists and maps, the only overloads of CEL; cel-python 0.5.0 accepts texts too."""
    if not isinstance(container, celtypes.ListType | celtypes.MapType):
        return celpy.CELEvalError(f"found no matching overload for 'in' with {type(container).__name__}")
    return operator_in(item, container)


_FUNCTIONS: Final = {"_in_": _is_in}
