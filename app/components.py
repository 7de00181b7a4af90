"""
The objects that routes use.

`create_app` puts them into `app.state`; a route gets them by a parameter `server: Server`.
"""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, FastAPI, Request

from app.checklists.service import ChecklistService
from app.clients.backend import Backend
from app.easycontracts.service import EasyContractService
from app.jobs import Jobs
from app.readiness import Readiness
from app.settings import Settings


@dataclass(frozen=True)
class Components:
    """The objects of a server that its routes use."""

    settings: Settings
    readiness: Readiness
    jobs: Jobs
    backend: Backend
    checklists: ChecklistService
    easy_contracts: EasyContractService


def keep_components(app: FastAPI, components: Components) -> None:
    """Put the components into the state of an application."""
    app.state.components = components


async def components_of(request: Request) -> Components:
    """Return the components of the application that serves a request; a coroutine needs no thread."""
    return cast("Components", request.app.state.components)


Server = Annotated[Components, Depends(components_of)]
