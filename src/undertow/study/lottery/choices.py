"""What could be shipped: a network in an engine, with its seconds and whose audit says who pays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from undertow.lab.lottery.cells import CSR, CSR_LINEAR, Cell
from undertow.lab.lottery.variants import REFERENCE
from undertow.lab.measurements.roofline import realised_fraction
from undertow.lab.measurements.speedups import SpeedUp, speed_up
from undertow.study.measurement import Found
from undertow.study.results import Results

LEVEL = 0.05
SPARSE, AS_LINEAR = "sparse format", "sparse format, torch's linear"
"""Kinds of what is stored without its zeros: by a product with the matrix on its left, and by
torch's own linear layer."""
SPARSELY = SPARSE, AS_LINEAR


@dataclass(frozen=True)
class Choice:
    """``engine`` is what people call it, ``kind`` the kind of compression, which leaves this share
    of the multiplications; ``population`` is the one whose answers it gives."""

    name: str
    kind: str
    engine: str
    cell: Cell
    population: str
    left: float = 1.0


@dataclass(frozen=True)
class Paid:
    """Of one population beside the reference: the class that loses most, in shares of right
    answers, with its limits and verdict, and exemplars beside what chance alone gives."""

    value: str
    effect: float
    low: float
    high: float
    verdict: str
    exemplars: str


NOTHING = Paid("", 0.0, 0.0, 0.0, "", "")
"""Of the reference itself."""


@dataclass(frozen=True)
class Kind:
    """A kind of network: how its populations are called, by per cent of multiplications left, and
    whether what is gone are zeros in full-size layers."""

    name: str
    form: str
    zeros: bool = False

    def of(self, left: float) -> str:
        """Its population's name."""
        return self.form.format(100 * left)


def in_engines(
    kinds: Iterable[Kind], shares: Sequence[float], engines: Mapping[str, str]
) -> Iterator[Choice]:
    """Each network in each engine (a variant's name by what people call it)."""
    for kind in kinds:
        for left in shares if "{" in kind.form else (1.0,):
            name = kind.of(left)
            for called, engine in engines.items():
                cell = Cell(name, engine, left if kind.zeros else 1.0)
                yield Choice(name, kind.name, called, cell, name, left)


def in_sparse_format(kind: Kind, shares: Iterable[float], engine: str) -> Iterator[Choice]:
    """The same networks, their zeros left out, by either product."""
    for left in shares:
        name = kind.of(left)
        for called, how, variant in (
            ("CSR", SPARSE, CSR),
            ("CSR as linear", AS_LINEAR, CSR_LINEAR),
        ):
            cell = Cell(name, variant, left)
            yield Choice(f"{name}, {called}", how, engine, cell, name, left)


@dataclass(frozen=True)
class Choices:
    """All of them, as claims, tables and panels read them. ``KeyError`` for what was not
    measured."""

    results: Results
    every: Sequence[Choice]
    reference: str
    measurement: str = "engines"

    @property
    def found(self) -> Found:
        """What was measured in engines."""
        return self.results.measurement(self.measurement)

    def of(self, name: str, engine: str) -> Choice:
        for choice in self.every:
            if (choice.name, choice.engine) == (name, engine):
                return choice
        raise KeyError(f"this scale has no {name!r} in {engine!r}")

    def by_left(self, kind: str, engine: str) -> dict[float, Choice]:
        """Those of one kind in one engine, by the share of multiplications left."""
        return {c.left: c for c in self.every if (c.kind, c.engine) == (kind, engine)}

    def in_each(self, name: str, over: str, engines: Iterable[str]) -> dict[str, SpeedUp]:
        """How many times as fast one network is as another, by engine."""
        return {e: self.ratio(self.of(name, e).cell, self.of(over, e).cell) for e in engines}

    def ran(self, cell: Cell) -> Mapping[str, object]:
        """What was found of a cell."""
        for row in self.found["cells"]:
            if (row["network"], row["engine"]) == (cell.network, cell.engine):
                found: Mapping[str, object] = row
                return found
        raise KeyError(f"{cell.network!r} was not asked in {cell.engine!r}")

    def seconds(self, cell: Cell) -> list[float]:
        """Of each process."""
        row = self.ran(cell)
        found = row["seconds"]
        if not found:
            raise KeyError(f"{cell.network!r} in {cell.engine}: {row['status']} ({row['note']})")
        assert isinstance(found, list)
        return found

    def ratio(self, cell: Cell, over: Cell) -> SpeedUp:
        """How many times as fast ``cell`` is as ``over``, process by process."""
        return speed_up(self.seconds(over), self.seconds(cell), LEVEL)

    def speed(self, choice: Choice) -> SpeedUp:
        """How many times as fast it is as the reference eager."""
        return self.ratio(choice.cell, Cell(self.reference, REFERENCE))

    def predicted(self, choice: Choice, way: str = "roofline") -> float:
        """The same as ``flops``, ``bytes`` or the ``roofline`` have it."""
        found = self.ran(choice.cell)["predicted"]
        assert isinstance(found, dict)
        return float(found[way])

    def realised(self, choice: Choice) -> tuple[float, float, float]:
        """The share of the roofline's gain that came, with limits; NaN where it promises none."""
        found, promised = self.speed(choice), self.predicted(choice)
        one, two, three = (
            realised_fraction(promised, s) for s in (found.ratio, found.low, found.high)
        )
        return one, two, three

    def paid(self, choice: Choice) -> Paid:
        """Who pays for it."""
        if choice.population == self.reference:
            return NOTHING
        lowest = self.results.lowest(choice.population, "accuracy", "class")
        count = self.results.count(choice.population)
        floor = f"{count.observed} ({count.floor_low:.0f} to {count.floor_high:.0f})"
        return Paid(
            lowest["value"], lowest["effect"], lowest["low"], lowest["high"], lowest["verdict"],
            floor,
        )  # fmt: skip

    def able(self, engine: str) -> list[Choice]:
        """Those of one engine that ran."""
        return [
            choice
            for choice in self.every
            if choice.engine == engine and self.ran(choice.cell)["seconds"]
        ]

    def front(self, engine: str) -> list[Choice]:
        """Of one engine those that no other beats in speed and in what the class that loses most
        pays, both as measured; the fastest first."""
        points = [(self.speed(c).ratio, self.paid(c).effect, c) for c in self.able(engine)]
        kept = [
            (speed, choice)
            for speed, effect, choice in points
            if not any(
                s >= speed and e >= effect and (s, e) != (speed, effect) for s, e, _ in points
            )
        ]
        return [choice for _, choice in sorted(kept, key=lambda pair: -pair[0])]
