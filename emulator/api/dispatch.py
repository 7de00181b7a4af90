"""From a request to the result of its method: login, token, permission, checks, handler."""

from collections.abc import Callable, Sequence
from typing import Final

from emulator.api.access import Access
from emulator.api.calls import HANDLERS, Call, Handler, check_params, check_request_id
from emulator.api.errors import not_implemented
from emulator.api.fault_injection import operation_fields, undoes_write
from emulator.api.faults import Fault
from emulator.api.google_services import GoogleServices
from emulator.api.messages import Request, decoded
from emulator.api.request_log import RequestEntry
from emulator.api.routing import Route
from emulator.api.schema.check import check_body, check_query
from emulator.api.service_methods import SERVICE_METHODS
from emulator.environment.environment import Environment
from emulator.environment.links import PROJECT
from emulator.environment.operations import Operation, OperationWait, render
from emulator.environment.view import Document, View

_NO_PROJECT: Final = "000000000000"  # number of the project, for the methods that name none


class Dispatch:
    """
    Serves the methods of Compute v1 and the methods of other services that a login or `doctor` calls.

    Args:
        environment: environment that the methods read and write
        access: tokens and permissions
    """

    def __init__(self, environment: Environment, access: Access) -> None:
        self._environment = environment
        self._access = access
        self._services = GoogleServices(environment, access)
        tokens = access.tokens
        self._login: Final[dict[str, Callable[[Request, str], Document]]] = {
            "github.oidc": lambda request, authorization: tokens.oidc(request.query, authorization),
            "sts.token": lambda request, _: tokens.exchange(request.body),
            "iamcredentials.generateAccessToken": lambda request, authorization: tokens.impersonate(
                request.body, authorization
            ),
        }

    def result(
        self,
        request: Request,
        route: Route | None,
        faults: Sequence[Fault],
        view: View,
        entry: RequestEntry,
        *,
        is_trusted: bool,
    ) -> Document | OperationWait:
        """
        Return the JSON of an answer, or the operation that the answer waits for.

        Args:
            request: request
            route: method of the request's path; None if no method has this path
            faults: faults of the call
            view: documents and groups that the request reads
            entry: request log entry, which gets the operation and notes
            is_trusted: whether the request comes from the emulator itself and needs no token

        Raises:
            ApiError: the request is refused
        """
        if route is None:
            entry.is_unknown = True
            raise not_implemented(request.verb, request.path, "")
        name, authorization = route.method.name, request.headers.get("authorization", "")
        self._access.check_api(name, route.params.get("project", _NO_PROJECT))
        if name in self._login:
            return self._login[name](request, authorization)
        if not (self._access.is_open or is_trusted):
            self._access.tokens.check(authorization)
        if name in SERVICE_METHODS:
            return self._services.result(name, request, route.params)
        body = decoded(request.body)
        handler = HANDLERS.get(name)
        if handler is None or not PROJECT.fullmatch(route.params["project"]):
            entry.is_unknown = True
            raise not_implemented(request.verb, request.path, name)
        self._access.check_permission(name, request.path.removeprefix("/compute/v1").strip("/"))
        call = self._call(request, route, body, faults, view)
        result = self._perform_write(call, handler, faults) if route.method.changes else handler(call)
        entry.notes = call.notes
        if isinstance(result, Operation):
            entry.operation = result.path
            return render(result, self._environment.now_s)
        return result

    def _call(self, request: Request, route: Route, body: object, faults: Sequence[Fault], view: View) -> Call:
        """Return a checked request."""
        check_params(route.params)
        method = route.method
        call = Call(self._environment, view, method, route.params, check_query(method, request.query))
        if call.request_id:
            check_request_id(call.request_id)
        if method.body:
            checked = check_body(method.body, body if body is not None else {})
            call.body, call.notes = checked.body, checked.notes
        call.unreachable = frozenset(fault.unreachable for fault in faults if fault.unreachable)
        call.is_granted = self._access.is_granted
        return call

    def _perform_write(
        self, call: Call, handler: Handler, faults: Sequence[Fault]
    ) -> Document | Operation | OperationWait:
        """Return the result of a write; a repeated requestId returns its first operation again."""
        earlier = self._earlier_operation(call)
        if earlier is not None:
            return earlier
        environment = self._environment
        call.operation_fields = operation_fields(faults, environment.now_s)
        undo = environment.store.mark() if undoes_write(faults) else None
        result = handler(call)
        if undo is not None and isinstance(result, Operation):
            undo()
            environment.clear_derived()
            environment.put_operation(result)
        if isinstance(result, Operation) and call.request_id:
            environment.store.put(_request_path(call), {"operation": result.path})
        return result

    def _earlier_operation(self, call: Call) -> Operation | None:
        if not call.request_id:
            return None
        document = self._environment.view.get(_request_path(call))
        return self._environment.operation(document["operation"]) if document else None


def _request_path(call: Call) -> str:
    return f"{call.project}/requests/{call.request_id}"
