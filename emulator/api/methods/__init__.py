"""The methods of Compute v1 that are served, one module for each kind of resource."""

from importlib import import_module
from pkgutil import iter_modules


def load_handlers() -> None:
    """Import every module here, which registers its handlers."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
