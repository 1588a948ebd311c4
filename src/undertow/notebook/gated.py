"""What ``compare(old, new).gate(policy)`` returns: a decision that shows itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from undertow.audit.gate.policy import policy_given
from undertow.audit.gate.result import Decision
from undertow.errors import UndertowError
from undertow.files import Request, gate_sides
from undertow.notebook.messages import for_python, in_python
from undertow.records.frames import Frames
from undertow.report.glance import gate_glance
from undertow.report.provenance import Sources
from undertow.report.text import gate_text
from undertow.report.write import GATE_FILES, refuse_taken, write_report

if TYPE_CHECKING:
    from undertow.audit.gate.policy import Policy
    from undertow.audit.gate.result import GateResult, GateVerdict
    from undertow.report.provenance import Provenance

COLUMNS = {
    field.name: {"float": pl.Float64, "int": pl.Int64}.get(str(field.type), pl.String)
    for field in fields(Decision)
}
"""Of ``Gated.decisions``."""


@dataclass(frozen=True)
class Given:
    """Two sides and how they are compared; ``called`` is what messages call frames."""

    request: Request
    called: Sequence[str]


class Gated:
    """A gate's decision for a notebook; true where every required rule passed."""

    def __init__(
        self, result: GateResult, *, read_as: Sequence[str], provenance: Provenance | None
    ) -> None:
        self.result = result
        self.read_as = tuple(in_python(said) for said in read_as)
        self._provenance = provenance
        self._page: Path | None = None

    @property
    def verdict(self) -> GateVerdict:
        """``pass``, ``fail``, ``cannot tell`` or ``not comparable``."""
        return self.result.verdict

    @property
    def reason(self) -> str:
        """How many checks end in what, and the one that matters most."""
        return self.result.reason

    @property
    def decisions(self) -> pl.DataFrame:
        """A row for each rule and slice of each variant."""
        return pl.DataFrame([asdict(d) for d in self.result.decisions], schema=COLUMNS)

    def report(self, folder: str | Path = "gate", *, force: bool = False) -> Path:
        """Writes the whole report and ``junit.xml`` into a folder and returns the path of its page.
        One that holds a report is replaced with ``force`` alone."""
        result = self.result
        try:
            if not force:
                refuse_taken(Path(folder), GATE_FILES)
            self._page = write_report(result.audit, Path(folder), result, self._provenance)
        except UndertowError as error:
            raise for_python(error) from None
        return self._page

    def __bool__(self) -> bool:
        return bool(self.result)

    def __repr__(self) -> str:
        return f"{gate_text(self.result, in_python)}{self._way_on()}"

    def _repr_html_(self) -> str:
        return gate_glance(self.result, self._way_on(), self.read_as, in_python)

    def _way_on(self) -> str:
        if self._page is not None:
            return f"The whole report, with the examples: {self._page}"
        return "The whole report, with the examples: .report('gate') writes it to a folder"


def gated(given: Given, policy: str | Path | Policy) -> Gated:
    """The policy decided on what was given."""
    sources = Sources()
    try:
        result, read_as = gate_sides(given.request, policy_given(policy), sources)
    except UndertowError as error:
        raise for_python(error, given.called) from None
    return Gated(result, read_as=read_as, provenance=provenance_of(given.request, sources))


def provenance_of(request: Request, sources: Sources) -> Provenance | None:
    """Where the sides come from; ``None`` where all were in memory, which have no files whose
    digests could be compared."""
    sides = request.reference, *request.against
    in_memory = tuple(side.name for side in sides if isinstance(side, Frames))
    return (
        None if len(in_memory) == len(sides) else replace(sources.provenance(), in_memory=in_memory)
    )
