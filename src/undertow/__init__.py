"""Undertow shows who pays when a model changes: example by example, slice by slice, and whether it
is chance."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from undertow.notebook import compare as compare

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """``compare`` is imported when it is used, so that ``import undertow`` stays light."""
    if name != "compare":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from undertow.notebook import compare

    return compare


def __dir__() -> list[str]:
    return ["__version__", "compare"]
