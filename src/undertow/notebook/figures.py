"""Charts as a notebook shows them and as a person saves them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from undertow.errors import UserError


@dataclass(frozen=True)
class Figure:
    """One chart as SVG: shows itself in a notebook, is its markup as ``str``, and saves itself."""

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg

    def __str__(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"Figure of {len(self.svg):,} characters of SVG; .save('figure.svg') writes it"

    def save(self, path: str | Path) -> Path:
        """Writes the SVG. Raises ``UserError`` where it cannot be written."""
        place = Path(path)
        if place.suffix.lower() != ".svg":
            raise UserError(f"{place}: a figure is saved as SVG; end its name in .svg")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(self.svg, encoding="utf-8")
        except OSError as problem:
            raise UserError(
                f"{place}: the figure cannot be written ({problem.strerror}); give another path"
            ) from problem
        return place
