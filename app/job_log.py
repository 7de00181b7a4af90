"""The log lines of a job: its start and its end, with the id of its case."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sized
from typing import Any, TypeVar

from app.errors import AppError

Result = TypeVar("Result", bound=Sized)
_log = logging.getLogger(__name__)


async def logged(
    product: str, case_id: str | int, count: int, work: Callable[[], Coroutine[Any, Any, Result]]
) -> Result:
    """
    Run a job and log its start and its end.

    Args:
        product: name of the product.
        case_id: id of the request's case; `sync` for a request without one.
        count: number of the request's keywords or files.
        work: function that runs the job.
    """
    case = {"case_id": str(case_id)}  # personal data are replaced in texts alone
    _log.info("%s started", product, extra={**case, "count": count})
    try:
        result = await work()
    except asyncio.CancelledError:
        _log.warning("%s cancelled", product, extra=case)
        raise
    except AppError as error:
        _log.warning("%s failed: %s", product, error.code, extra=case)
        raise
    except Exception:
        _log.error("%s failed because of a bug", product, extra=case)
        raise
    _log.info("%s done", product, extra={**case, "length": len(result)})
    return result
