"""
Conditions of a workload identity provider in Google's Common Expression Language (CEL), evaluated by cel-python.

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
    environment = celpy.Environment()
    try:
        program = environment.program(environment.compile(condition), functions=_FUNCTIONS)
        result = program.evaluate({"assertion": celpy.json_to_cel(dict(claims))})
    except (celpy.CELEvalError, celpy.CELParseError):
        return False
    return isinstance(result, celtypes.BoolType) and bool(result)


def _is_in(item: Any, container: Any) -> Any:
    """Evaluate `in` for lists and maps, the only overloads of CEL; cel-python 0.5.0 accepts texts too."""
    if not isinstance(container, celtypes.ListType | celtypes.MapType):
        return celpy.CELEvalError(f"found no matching overload for 'in' with {type(container).__name__}")
    return operator_in(item, container)


_FUNCTIONS: Final = {"_in_": _is_in}
