"""Which of the required permissions the account has on a project."""

from collections.abc import Callable, Sequence
from typing import Final

import httpx

from deploy.compute_engine.answers import answer_error
from deploy.documents import validation
from deploy.retry import Time, TransientError, call_with_retries

_BUDGET_S: Final = 15.0  # for the read and its retries; without an answer a deploy warns, and continues
_ATTEMPT_S: Final = 10.0


def read_granted_permissions(
    client: httpx.Client,
    url: str,
    project: str,
    permissions: Sequence[str],
    headers: Callable[[], dict[str, str]],
    time: Time,
) -> set[str]:
    """
    Ask Cloud Resource Manager which of some permissions the account has on a project.

    Compute Engine's own API has no such method for groups.

    Args:
        client: transport of the requests.
        url: scheme and host of Cloud Resource Manager.
        project: name of the project.
        permissions: permissions to ask for.
        headers: returns the headers of a request, with its token.
        time: clock of the retries.

    Raises:
        CloudError: the API does not answer.
        NotAllowedError: the API is disabled, or the account may not call it.
    """
    where = f"testIamPermissions of '{project}'"

    def attempt() -> set[str]:
        try:
            answer = client.post(
                f"{url.rstrip('/')}/v1/projects/{project}:testIamPermissions",
                json={"permissions": list(permissions)},
                headers=headers(),
                timeout=_ATTEMPT_S,
            )
            if not answer.is_success:
                raise answer_error(answer, where)
            return validation.granted_permissions(answer.json())
        except ValueError as error:
            reason = validation.reason(error)
            raise TransientError(f"{where}: unexpected answer: {reason}") from error
        except httpx.RequestError as error:
            raise TransientError(f"{where}: {error}") from error

    return call_with_retries(attempt, time, _BUDGET_S)
