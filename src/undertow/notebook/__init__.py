"""Undertow in a notebook: ``undertow.compare(old, new)`` takes what is at hand and shows itself."""

from undertow.notebook.compare import compare as compare
from undertow.notebook.compared import Compared as Compared
from undertow.notebook.figures import Figure as Figure
from undertow.notebook.gated import Gated as Gated

__all__ = ["Compared", "Figure", "Gated", "compare"]
