"""Undertow shows who pays when a model changes: example by example, slice by slice, and whether it
is chance."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from undertow.notebook.compare import compare as compare
    from undertow.recording import Recorder as Recorder
    from undertow.varying.vary import vary as vary

__version__ = "0.1.0"

_WHERE = {
    "compare": "undertow.notebook",
    "Recorder": "undertow.recording",
    "vary": "undertow.varying",
}
"""Imported when it is used, so that ``import undertow`` stays light."""


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return ["__version__", *_WHERE]
