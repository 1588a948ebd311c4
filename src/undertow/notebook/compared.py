"""What ``compare`` returns: an audit that shows itself, and what one does with it next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from undertow.errors import UndertowError, UserError
from undertow.notebook.figures import Figure
from undertow.notebook.gated import Gated, gated
from undertow.notebook.messages import for_python, in_python
from undertow.report.charts import chart
from undertow.report.glance import glance
from undertow.report.text import summary_text
from undertow.report.write import AUDIT_FILES, refuse_taken, write_report

if TYPE_CHECKING:
    import polars as pl

    from undertow.audit.gate.policy import Policy
    from undertow.audit.result import Audit
    from undertow.audit.verdicts import Verdict
    from undertow.notebook.gated import Given
    from undertow.report.provenance import Provenance


class Compared:
    """An audit for a notebook. Any ``Audit`` can be shown so: ``Compared(audit)``.

    ``read_as`` has a line on each side, what it was taken for.
    """

    def __init__(
        self,
        audit: Audit,
        *,
        read_as: tuple[str, ...] = (),
        provenance: Provenance | None = None,
        given: Given | None = None,
    ) -> None:
        self.audit = audit
        self.read_as = tuple(in_python(said) for said in read_as)
        self._provenance = provenance
        self._given = given
        self._page: Path | None = None

    @property
    def headline(self) -> str:
        """The finding in a sentence or two, after what must be known before it."""
        return self.audit.headline

    @property
    def verdict(self) -> Verdict:
        """``worse``, ``mixed``, ``better``, ``within tolerance``, ``too small to tell`` …"""
        return self.audit.verdict

    @property
    def findings(self) -> pl.DataFrame:
        """A row for each variant, measure and slice."""
        return self.audit.findings

    @property
    def exemplars(self) -> pl.DataFrame:
        """The examples whose answer changed."""
        return self.audit.exemplars

    def plot(
        self, kind: Literal["forest", "floor", "flow"] = "forest", variant: str | None = None
    ) -> Figure:
        """``forest``: the effect on each slice with its interval, over the band of chance.
        ``floor``: how many answers changed, against what chance alone changes. ``flow``: from
        which class to which answers went. Of several variants ``variant`` names one."""
        return Figure(chart(self.audit, kind, variant))

    def gate(self, policy: str | Path | Policy) -> Gated:
        """Decides a policy, a TOML file or a ``Policy``, on the same sides, which are read again
        with the columns that its rules name. Sides that cannot be compared as the policy wants it
        are a verdict, not an error."""
        if self._given is None:
            raise UserError(
                "gate: this audit was not made by undertow.compare, so its sides are not known; "
                "call undertow.compare(old, new).gate('gate.toml')"
            )
        return gated(self._given, policy)

    def report(self, folder: str | Path = "audit", *, force: bool = False) -> Path:
        """Writes the whole report into a folder and returns the path of its page. One that holds a
        report is replaced with ``force`` alone."""
        try:
            if not force:
                refuse_taken(Path(folder), AUDIT_FILES)
            self._page = write_report(self.audit, Path(folder), provenance=self._provenance)
        except UndertowError as error:
            raise for_python(error) from None
        return self._page

    def __repr__(self) -> str:
        return f"{summary_text(self.audit, spoken=in_python)}{self._way_on()}"

    def _repr_html_(self) -> str:
        return glance(self.audit, self._way_on(), self.read_as, in_python)

    def _way_on(self) -> str:
        if self._page is not None:
            return f"The whole report, with the examples: {self._page}"
        return "The whole report, with the examples: .report('audit') writes it to a folder"
