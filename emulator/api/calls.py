"""A request to a method of the API, as its handler reads it; and the table of handlers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from emulator.api.errors import already_exists, invalid, invalid_parameter, not_found, required
from emulator.api.schema.check import Method
from emulator.environment.environment import Environment
from emulator.environment.links import ID, NAME, canonical
from emulator.environment.operations import Operation, OperationWait
from emulator.environment.view import Document, View


@dataclass
class Call:
    """
    One request to a method.

    Args:
        environment: environment that the request changes
        view: documents and groups that the request reads; older than the environment while a fault makes reads lag
        method: method of Compute v1
        params: variables of the path
        query: typed values of the query
        body: checked body; None where the method has none
        operation_fields: fields of `Operation` that a fault gives to the operation of this request
        unreachable: scopes that an aggregated list does not reach
        is_granted: returns whether the caller has a permission on a resource, `projects/…`
        notes: unknown and read-only fields, for the request log
    """

    environment: Environment
    view: View
    method: Method
    params: Mapping[str, str]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    operation_fields: Mapping[str, Any] = field(default_factory=dict)
    unreachable: frozenset[str] = frozenset()
    is_granted: Callable[[str, str], bool] = lambda _permission, _resource: True
    notes: list[str] = field(default_factory=list)

    @property
    def project(self) -> str:
        """`projects/P`."""
        return f"projects/{self.params['project']}"

    @property
    def scope(self) -> str:
        """`projects/P/zones/Z`, `projects/P/regions/R` or `projects/P/global`."""
        for kind in ("zone", "region"):
            if kind in self.params:
                return f"{self.project}/{kind}s/{self.params[kind]}"
        return f"{self.project}/global"

    @property
    def collection(self) -> str:
        """Path of the collection, without the name of a resource."""
        last = [segment for segment in self.method.path if not segment.startswith("{")][-1]
        names = [self.method.path[index] for index in (3, 4) if len(self.method.path) > index]
        return f"{self.scope}/{next((name for name in names if not name.startswith('{')), last)}"

    @property
    def path(self) -> str:
        """Path of the resource that the request names, with its name in place of a numeric id."""
        return self.view.path(f"{self.collection}/{list(self.params.values())[-1]}")

    @property
    def request_id(self) -> str:
        """`requestId`, or empty."""
        return str(self.query.get("requestId", ""))

    def document(self) -> Document:
        """
        Return the resource that the request names.

        Raises:
            ApiError: 404, if there is no such resource
        """
        return self.document_at(self.path)

    def document_at(self, path: str) -> Document:
        """
        Return the resource at a path.

        Raises:
            ApiError: 404, if there is no such resource
        """
        document = self.view.get(path)
        if document is None:
            raise not_found(path)
        return document

    def link(self, reference: str) -> str:
        """Return the canonical path of a reference in a body, by name."""
        return self.view.path(canonical(reference, self.project))

    def new_path(self) -> str:
        """
        Return the path of the resource that the request creates.

        Raises:
            ApiError: 400, if the name is missing or malformed; 409, if it is taken
        """
        name = (self.body or {}).get("name")
        if not name:
            raise required("resource.name")
        if not NAME.fullmatch(name):
            raise invalid("resource.name", name, f"Must be a match of regex '{NAME.pattern}'.")
        path = f"{self.collection}/{name}"
        if self.environment.view.get(path) is not None:
            raise already_exists(path)
        return path

    def start(self, target: str, target_id: str, type_: str = "", **more: Any) -> Operation:
        """
        Begin the operation that answers this request.

        Args:
            target: path of the resource
            target_id: numeric id of the resource
            type_: operation type; empty: the method's own
            more: other fields of `Operation`
        """
        fields = {"request_id": self.request_id, **more, **self.operation_fields}
        type_ = type_ or _operation_type(self.method.name)
        return self.environment.start(self.scope, type_, target, target_id, **fields)


Handler = Callable[[Call], Document | Operation | OperationWait]
HANDLERS: Final[dict[str, Handler]] = {}


def serves(*names: str) -> Callable[[Handler], Handler]:
    """Register a handler for methods of Compute v1."""

    def register(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return register


def zonal_and_regional(method: str) -> tuple[str, str]:
    """Return a method and the method of the same verb for a region, such as `regionAutoscalers.get`."""
    return method, f"region{method[0].upper()}{method[1:]}"


def shown(document: Document) -> Document:
    """Return a document without the emulator's own members, whose names begin with `_`."""
    return {key: value for key, value in document.items() if not key.startswith("_")}


def check_request_id(text: str) -> None:
    """
    Check a `requestId`.

    Raises:
        ApiError: 400, if the text is no UUID or is zero. Source: google-cloud-compute, "a valid UUID with the exception
            that zero UUID is not supported".
    """
    try:
        if UUID(text).int:
            return
    except ValueError:
        pass
    raise invalid("requestId", text, "Must be a valid UUID that is not zero.")


def check_params(params: Mapping[str, str]) -> None:
    """
    Check the variables of a path.

    Raises:
        ApiError: 400, if a value is neither a name nor an id
    """
    for name, value in params.items():
        if name == "project":
            continue
        if not (NAME.fullmatch(value) or ID.fullmatch(value) or name == "operation"):
            raise invalid_parameter(name, value, f"Must be a match of regex '{NAME.pattern}' or '{ID.pattern}'.")


def _operation_type(method: str) -> str:
    """
    Return an operation type: the bare verb or the whole method, by the collection and the verb.

    Source: HTTP logs of k8s-config-connector (computeinstancegroupmanager, 2026-06), read on 2026-11-27. Clients branch
    on the end of the type: gcloud reads the target again unless the end is `delete`. The type of a regional method is
    that of the method for zones or for the project: `compute.instanceGroupManagers.delete` in a region.
    """
    collection, _, verb = method.partition(".")
    if collection.startswith("region") and collection != "regions":
        collection = f"{collection[6].lower()}{collection[7:]}"
    is_bare = verb in ("patch", "delete") if collection != "instanceGroupManagers" else verb == "patch"
    return verb if is_bare or collection == "healthChecks" else f"compute.{collection}.{verb}"
